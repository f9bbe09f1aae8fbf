/* choice.c: the words of choice.h. */
#include "core/message/choice.h"

#define TABLE(name_, LIST_)                                   \
    static const char *const name_##_list[] = {"", LIST_(X)}; \
    const struct choice_table name_##_words = {#name_, name_##_list, sizeof name_##_list / sizeof *name_##_list}
#define X(name_, word_) word_,

TABLE(channel, CHANNEL_TABLE);
TABLE(role, ROLE_TABLE);
TABLE(post_listed, POST_LISTED_TABLE);
TABLE(post_status, POST_STATUS_TABLE);
TABLE(target_status, TARGET_STATUS_TABLE);
TABLE(integration_status, INTEGRATION_STATUS_TABLE);
TABLE(outcome, OUTCOME_TABLE);
TABLE(resolution, RESOLUTION_TABLE);
TABLE(permission, PERMISSION_TABLE);
TABLE(scope, SCOPE_TABLE);
TABLE(sign_in_method, SIGN_IN_METHOD_TABLE);
TABLE(end_reason, END_REASON_TABLE);
TABLE(notification_kind, NOTIFICATION_KIND_TABLE);
TABLE(frequency, FREQUENCY_TABLE);
TABLE(weekday, WEEKDAY_TABLE);
TABLE(month_week, MONTH_WEEK_TABLE);
TABLE(series_status, SERIES_STATUS_TABLE);
TABLE(approval_policy, APPROVAL_POLICY_TABLE);
TABLE(approval, APPROVAL_TABLE);

const char *choice_word(const struct choice_table *table, uint32_t value)
{
    return value < table->count ? table->words[value] : "";
}

uint32_t choice_value(const struct choice_table *table, struct span word)
{
    for (uint32_t value = 1; value < table->count; value++) {
        if (span_equal(word, span_text(table->words[value]))) {
            return value;
        }
    }
    return 0;
}
