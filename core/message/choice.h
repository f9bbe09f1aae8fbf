/* choice.h: the closed sets of words that fields, rows and answers use. Value 0 is "absent". On disk and in JSON a
 * choice is its word, so values may be reordered but words never change. */
#ifndef OPENPOST_MESSAGE_CHOICE_H
#define OPENPOST_MESSAGE_CHOICE_H

#include "core/base/span.h"

/* clang-format off */
#define CHANNEL_TABLE(X) \
    X(TWITTER, "x") X(INSTAGRAM, "instagram") X(LINKEDIN, "linkedin") X(TIKTOK, "tiktok") \
    X(YOUTUBE, "youtube") X(THREADS, "threads") X(FACEBOOK, "facebook") X(BLUESKY, "bluesky") \
    X(GOOGLE_BUSINESS, "google_business")
/* clang-format on */

/* clang-format off */
#define ROLE_TABLE(X) \
    X(VIEWER, "viewer") X(AUDITOR, "auditor") X(EDITOR, "editor") X(ADMIN, "admin") X(OWNER, "owner")
/* clang-format on */

/* clang-format off */
#define POST_LISTED_TABLE(X) \
    X(DRAFT, "draft") X(SCHEDULED, "scheduled") X(QUEUED, "queued") X(PUBLISHING, "publishing") \
    X(PUBLISHED, "published") X(PARTIALLY_PUBLISHED, "partially_published") X(FAILED, "failed") \
    X(MISSED, "missed") X(CANCELLED, "cancelled")
/* A deleted post is in no list. */
#define POST_STATUS_TABLE(X) POST_LISTED_TABLE(X) X(DELETED, "deleted")
/* clang-format on */

/* clang-format off */
#define TARGET_STATUS_TABLE(X) \
    X(PENDING, "pending") X(PREPARED, "prepared") X(ATTEMPTING, "attempting") X(RETRYING, "retrying") \
    X(UNKNOWN, "unknown") X(PUBLISHED, "published") X(FAILED, "failed") X(CANCELLED, "cancelled") \
    X(MISSED, "missed")
/* clang-format on */

/* clang-format off */
#define INTEGRATION_STATUS_TABLE(X) \
    X(CONNECTING, "connecting") X(CONNECTED, "connected") X(EXPIRING, "expiring") \
    X(DISCONNECTED, "disconnected") X(PAUSED, "paused") X(REFUSED, "refused") X(DELETED, "deleted")
/* clang-format on */

/* accepted: the platform has it. try_again: certainly not accepted, another try is right. deferred: certainly not
 * accepted, not before an instant (429, quota). unauthorized: certainly not accepted, the credentials are no longer
 * good. refused: certainly not accepted and never will be. unknown: sent, no definite answer. absent: a definitive key
 * proved that it is not there. */
/* clang-format off */
#define OUTCOME_TABLE(X) \
    X(ACCEPTED, "accepted") X(TRY_AGAIN, "try_again") X(DEFERRED, "deferred") \
    X(UNAUTHORIZED, "unauthorized") X(REFUSED, "refused") X(UNKNOWN, "unknown") X(ABSENT, "absent")
/* clang-format on */

#define RESOLUTION_TABLE(X) X(PUBLISHED, "published") X(ABSENT, "absent") X(ABANDONED, "abandoned")

/* What a member may be allowed beyond the role. */
#define PERMISSION_TABLE(X) X(APPROVE, "approve")

/* Parts of what a role allows, for keys that shall do less. */
/* clang-format off */
#define SCOPE_TABLE(X) \
    X(POSTS_READ, "posts:read") X(POSTS_WRITE, "posts:write") X(INTEGRATIONS_READ, "integrations:read") \
    X(INTEGRATIONS_WRITE, "integrations:write") X(ANALYTICS_READ, "analytics:read") \
    X(MEMBERS_READ, "members:read") X(MEMBERS_WRITE, "members:write") X(KEYS_READ, "keys:read") \
    X(KEYS_WRITE, "keys:write") X(SETTINGS_READ, "settings:read") X(SETTINGS_WRITE, "settings:write") \
    X(LOG_READ, "log:read") X(BILLING_READ, "billing:read")
/* clang-format on */

/* How a series repeats. A month_week of last is the last such weekday of the month. */
/* clang-format off */
#define FREQUENCY_TABLE(X) X(DAILY, "daily") X(WEEKLY, "weekly") X(MONTHLY, "monthly")
#define WEEKDAY_TABLE(X) \
    X(MONDAY, "monday") X(TUESDAY, "tuesday") X(WEDNESDAY, "wednesday") X(THURSDAY, "thursday") \
    X(FRIDAY, "friday") X(SATURDAY, "saturday") X(SUNDAY, "sunday")
#define MONTH_WEEK_TABLE(X) \
    X(FIRST, "first") X(SECOND, "second") X(THIRD, "third") X(FOURTH, "fourth") X(LAST, "last")
#define SERIES_STATUS_TABLE(X) X(ACTIVE, "active") X(PAUSED, "paused") X(ENDED, "ended")
/* clang-format on */

/* What a workspace's posts need before they lock. What meets a policy meets those that stand before it. */
/* clang-format off */
#define APPROVAL_POLICY_TABLE(X) X(OFF, "none") X(ANY_APPROVER, "any_approver") X(FOUR_EYES, "four_eyes")
/* clang-format on */

/* Where a post's approval stands, as people are told. */
/* clang-format off */
#define APPROVAL_TABLE(X) X(UNNEEDED, "none") X(WANTED, "wanted") X(GIVEN, "given") X(VOID, "void")
/* clang-format on */

#define SIGN_IN_METHOD_TABLE(X) X(PASSWORD, "password") X(OIDC, "oidc")

/* clang-format off */
#define END_REASON_TABLE(X) \
    X(SIGNED_OUT, "signed_out") X(REVOKED, "revoked") X(PASSWORD_CHANGED, "password_changed") X(ERASED, "erased")
/* clang-format on */

/* What a notification tells: the words of the webhooks that tell the same. */
/* clang-format off */
#define NOTIFICATION_KIND_TABLE(X) \
    X(PUBLISHED, "post.published") X(PARTIALLY_PUBLISHED, "post.partially_published") X(FAILED, "post.failed") \
    X(MISSED, "post.missed") X(UNKNOWN, "delivery.unknown") X(CONTRADICTED, "delivery.contradicted") \
    X(DISCONNECTED, "integration.disconnected") X(EXPIRING, "integration.expiring") X(BILLING_DUE, "billing.due") \
    X(APPROVAL_WANTED, "approval.wanted") X(WITHHELD, "post.withheld")
/* clang-format on */

#define X(name_, word_) CHANNEL_##name_,

enum channel_code { CHANNEL_NONE = 0, CHANNEL_TABLE(X) CHANNEL_COUNT };

#undef X
#define X(name_, word_) ROLE_##name_,

enum role { ROLE_NONE = 0, ROLE_TABLE(X) ROLE_COUNT };

#undef X
#define X(name_, word_) POST_##name_,

enum post_status { POST_NONE = 0, POST_STATUS_TABLE(X) POST_STATUS_COUNT };

#undef X
#define X(name_, word_) TARGET_##name_,

enum target_status { TARGET_NONE = 0, TARGET_STATUS_TABLE(X) TARGET_STATUS_COUNT };

#undef X
#define X(name_, word_) INTEGRATION_##name_,

enum integration_status { INTEGRATION_NONE = 0, INTEGRATION_STATUS_TABLE(X) INTEGRATION_STATUS_COUNT };

#undef X
#define X(name_, word_) OUTCOME_##name_,

enum outcome { OUTCOME_NONE = 0, OUTCOME_TABLE(X) OUTCOME_COUNT };

#undef X
#define X(name_, word_) RESOLUTION_##name_,

enum resolution { RESOLUTION_NONE = 0, RESOLUTION_TABLE(X) RESOLUTION_COUNT };

#undef X
#define X(name_, word_) PERMISSION_##name_,

enum permission { PERMISSION_NONE = 0, PERMISSION_TABLE(X) PERMISSION_COUNT };

#undef X
#define X(name_, word_) SCOPE_##name_,

enum key_scope { SCOPE_NONE = 0, SCOPE_TABLE(X) SCOPE_COUNT };

#undef X
#define X(name_, word_) SIGN_IN_##name_,

enum sign_in_method { SIGN_IN_NONE = 0, SIGN_IN_METHOD_TABLE(X) SIGN_IN_METHOD_COUNT };

#undef X
#define X(name_, word_) END_##name_,

enum end_reason { END_NONE = 0, END_REASON_TABLE(X) END_REASON_COUNT };

#undef X
#define X(name_, word_) NOTIFY_##name_,

enum notification_kind { NOTIFY_NONE = 0, NOTIFICATION_KIND_TABLE(X) NOTIFY_COUNT };

#undef X
#define X(name_, word_) FREQUENCY_##name_,

enum frequency { FREQUENCY_NONE = 0, FREQUENCY_TABLE(X) FREQUENCY_COUNT };

#undef X
#define X(name_, word_) DAY_##name_,

enum day_of_week { DAY_NONE = 0, WEEKDAY_TABLE(X) DAY_COUNT };

#undef X
#define X(name_, word_) MONTH_WEEK_##name_,

enum month_week { MONTH_WEEK_NONE = 0, MONTH_WEEK_TABLE(X) MONTH_WEEK_COUNT };

#undef X
#define X(name_, word_) SERIES_##name_,

enum series_status { SERIES_NONE = 0, SERIES_STATUS_TABLE(X) SERIES_STATUS_COUNT };

#undef X

#define X(name_, word_) POLICY_##name_,

enum approval_policy { POLICY_NONE = 0, APPROVAL_POLICY_TABLE(X) POLICY_COUNT };

#undef X
#define X(name_, word_) APPROVAL_##name_,

enum approval { APPROVAL_NONE = 0, APPROVAL_TABLE(X) APPROVAL_COUNT };

#undef X

/* words[value] for 0 < value < count; words[0] is "". */
struct choice_table {
    const char *name;
    const char *const *words;
    uint32_t count;
};

extern const struct choice_table channel_words, role_words, post_listed_words, post_status_words, target_status_words,
    integration_status_words, outcome_words, resolution_words, permission_words, scope_words, sign_in_method_words,
    end_reason_words, notification_kind_words, frequency_words, weekday_words, month_week_words, series_status_words,
    approval_policy_words, approval_words;

/* choice_word returns the word of value ("" for 0 or out of range); choice_value finds the value of a word, 0 when
 * unknown. */
const char *choice_word(const struct choice_table *table, uint32_t value);
uint32_t choice_value(const struct choice_table *table, struct span word);

#endif
