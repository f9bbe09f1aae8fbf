/* decider_story.h: stories of the deciders as text: given steps, when one more, then events or a refusal. A step is a
 * command in a few words (tell_command lists them) or "at S": the clock stands at S seconds. Steps are separated by
 * commas, events by semicolons.
 *
 * Checked for free at every step: a refusal has no events and changes nothing; the same command again yields nothing
 * new; the command, and each event, encoded, decoded and encoded again gives the same bytes; the decoded event folds to
 * the same state; so does the stored row; and at the end of a story, folding from scratch. */
#ifndef OPENPOST_TESTS_DECIDER_STORY_H
#define OPENPOST_TESTS_DECIDER_STORY_H

#include "core/message/codec.h"
#include "core/message/post_content.h"
#include "tests/unit/decider_people.h"
#include "tests/unit/decider_queues.h"

struct story {
    const char *name;
    const char *given;
    const char *when;
    const char *then; /* events, "refused <code>", or "nothing" */
};

#define STORY_ACCOUNTS \
    "abcdegn" /* g: Google Business; n: not connected at the start; z, not among them, is nobody's \
               */
#define STORY_ACCOUNT_COUNT 7
#define STORY_FACTS_MAX 400
#define STORY_BYTES_MAX ((size_t)1 << 20)

/* An event as it was stored. */
struct story_fact {
    struct aggregate *state;
    struct id workspace_id;
    int64_t time_ms;
    size_t at;
    size_t len;
};

struct world {
    const char *story; /* being told */
    int64_t now_ms;
    struct aggregate system, workspace, other_workspace, empty, member, key, post, accounts[STORY_ACCOUNT_COUNT];
    struct aggregate user, session, provider, marks, series, template;
    struct aggregate queues[STORY_ACCOUNT_COUNT];
    struct aggregate second; /* post, where a step says post=2 */
    struct usage usage;
    struct decide_room room;
    struct story_fact facts[STORY_FACTS_MAX];
    uint32_t fact_count;
    struct buf bytes;          /* encoded facts */
    uint8_t scratch[2][65536]; /* a message encoded, and again */
    struct arena arena;        /* what the present step needs */
    bool *reached;             /* by refusal; may be NULL */
    bool *happened;            /* by event code; may be NULL */
    uint64_t commands;
};

static inline void *story_room(struct world *world, size_t size)
{
    void *room = arena_alloc(&world->arena, size);
    ck_assert_ptr_nonnull(room);
    return room;
}

/* Targets: a letter, "#2" for another id on the same account, "~b" for the same id on account b, "@S" for an own
 * instant. */
static inline struct id target_id_of(const char *word)
{
    return story_id(ID_TARGET, word[1] == '#' ? atoi(word + 2) : 1, word[0]);
}

static inline uint32_t tell_specs(struct world *world, const struct step *step, struct target_spec **ret_specs)
{
    struct target_spec *specs = (struct target_spec *)story_room(world, TARGETS_MAX * sizeof *specs);
    uint32_t count = 0;
    for (int i = 1; i < step->count; i++) {
        const char *word = step->words[i];
        if (is_target(word)) {
            const char *own = strchr(word, '@');
            specs[count].target_id = target_id_of(word);
            specs[count].integration_id = story_id(ID_INTEGRATION, 1, word[1] == '~' ? word[2] : word[0]);
            specs[count].channel = word[0] == 'g'           ? CHANNEL_GOOGLE_BUSINESS
                                   : has_word(step, "as_x") ? CHANNEL_TWITTER
                                                            : CHANNEL_BLUESKY;
            specs[count].at_ms = own != NULL ? seconds(own + 1) : 0;
            count++;
        }
    }
    *ret_specs = specs;
    return count;
}

static inline uint32_t tell_parts(struct world *world, const struct step *step, struct content_part **ret_parts)
{
    *ret_parts = (struct content_part *)story_room(world, sizeof **ret_parts);
    const char *text = option(step, "text");
    (*ret_parts)->text = has_word(step, "blank") ? SPAN(" \n") : text != NULL ? span_text(text) : SPAN("hello");
    return has_word(step, "empty") ? 0 : 1;
}

/* "left=x": {{x}} was left blank when the post was made from its template. */
static inline uint32_t tell_blanks(struct world *world, const struct step *step, struct placeholder_ref **ret_blanks)
{
    const char *left = option(step, "left");
    *ret_blanks = (struct placeholder_ref *)story_room(world, sizeof **ret_blanks);
    (*ret_blanks)->name = word_or_none(left);
    return left != NULL ? 1 : 0;
}

/* "queue_of=a": account a's queue is the default. */
static inline struct id tell_leader(const struct step *step)
{
    const char *leader = option(step, "queue_of");
    return leader == NULL ? (struct id){0} : story_id(ID_INTEGRATION, 1, leader[0]);
}

/* "bytes=one@3600": what was rendered has a name, so that its hash tells one rendering from another. */
static inline struct hash payload_hash(const struct step *step, const char *target, int part)
{
    struct hash hash = story_hash(target[0], part);
    const char *name = option(step, "bytes");
    for (size_t i = 0; name != NULL && name[i] != '\0'; i++) {
        uint8_t *byte = &hash.bytes[i % 7]; /* the eighth is the part */
        *byte = (uint8_t)(*byte * 31u + (uint8_t)name[i]);
    }
    return hash;
}

/* "a:3" three parts, "a:2c" a part and a comment, "a:!" refused, "a:2x" two of which the last has other bytes, "a" one
 * part. */
static inline void tell_locked(struct world *world, const struct step *step, const char *word,
                               struct locked_target *ret_locked)
{
    const char *shape = strchr(word, ':');
    ret_locked->target_id = target_id_of(word);
    if (shape != NULL && shape[1] == '!') {
        ret_locked->code = SPAN("render_refused");
        return;
    }
    ret_locked->parts_count = shape != NULL ? (uint32_t)atoi(shape + 1) : 1;
    ret_locked->parts = (struct locked_part *)story_room(world, LOCKED_PARTS_MAX * sizeof *ret_locked->parts);
    const char *comment = shape != NULL ? strchr(shape, 'c') : NULL;
    for (uint32_t i = 0; i < ret_locked->parts_count; i++) {
        struct locked_part *part = &ret_locked->parts[i];
        part->key = SPAN("3kabc");
        part->created_ms = STORY_EPOCH_MS + i;
        part->payload = SPAN("{}");
        const bool other = shape != NULL && strchr(shape, 'x') != NULL && i + 1 == ret_locked->parts_count;
        part->payload_hash = payload_hash(step, other ? "?" : word, (int)i);
        part->comment = comment != NULL && i == (comment[1] == '0' ? 0 : ret_locked->parts_count - 1);
    }
}

static inline void tell_lock(struct world *world, const struct step *step, struct lock_post_command *ret_lock)
{
    ret_lock->targets = (struct locked_target *)story_room(world, TARGETS_MAX * sizeof *ret_lock->targets);
    for (int i = 1; i < step->count; i++) {
        if (is_target(step->words[i])) {
            tell_locked(world, step, step->words[i], &ret_lock->targets[ret_lock->targets_count++]);
        }
    }
}

static inline const struct post_target *story_target(const struct world *world, const char *word)
{
    const struct id id = target_id_of(word);
    return post_target(&world->post.post, &id);
}

/* Attempts are numbered within their target; unless told, a start is the next and an outcome is that of the last. */
static inline struct id tell_attempt(const struct world *world, const struct step *step, int ahead)
{
    const struct post_target *target = story_target(world, step->words[1]);
    const int last = target != NULL ? (int)target->attempt_count : 0;
    return story_id(ID_ATTEMPT, number(option(step, "id"), last + ahead), step->words[1][0]);
}

static inline void tell_outcome(struct world *world, const struct step *step, struct record_outcome_command *ret_report)
{
    ret_report->attempt_id = tell_attempt(world, step, 0);
    ret_report->outcome = choice_value(&outcome_words, span_text(step->words[2]));
    ret_report->by_read = has_word(step, "read");
    ret_report->keyless = has_word(step, "keyless");
    ret_report->until_ms = seconds(option(step, "until"));
    ret_report->jitter_permille = (uint64_t)number(option(step, "jitter"), 200);
    ret_report->published_ms = seconds(option(step, "published"));
    ret_report->code = word_or_none(option(step, "code"));
}

/* "approve a b": what stands there is what was rendered and looked at; "stale": something else was looked at;
 * "shown": what the post shows as approved; "rendered=N": of that version. "remind". */
static inline bool tell_approval_command(struct world *world, const struct step *step, struct command *command)
{
    if (strcmp(step->words[0], "remind") == 0) {
        command->code = COMMAND_remind_approval;
        return true;
    }
    if (strcmp(step->words[0], "approve") != 0) {
        return false;
    }
    struct lock_post_command form = {.targets_count = 0};
    struct approve_post_command *approve = &command->approve_post;
    tell_lock(world, step, &form);
    command->code = COMMAND_approve_post;
    approve->targets = form.targets;
    approve->targets_count = form.targets_count;
    approve->rendered_sha256 = story_hash('r', 1);
    approve->content_sha256 = story_hash('r', has_word(step, "stale") ? 2 : 1);
    approve->repeats = has_word(step, "shown");
    approve->version = (uint64_t)number(option(step, "rendered"), (int)world->post.head.version);
    return true;
}

/* The commands of a post; false when the word is none of them. */
static inline bool tell_post_command(struct world *world, const struct step *step, struct command *command)
{
    const struct id post_id = story_id(ID_POST, number(option(step, "post"), 1), 'p');
    const char *verb = step->words[0];
    if (strcmp(verb, "create") == 0) {
        command->code = COMMAND_create_post;
        command->create_post.targets_count = tell_specs(world, step, &command->create_post.targets);
        command->create_post.parts_count = tell_parts(world, step, &command->create_post.parts);
        command->create_post.blanks_count = tell_blanks(world, step, &command->create_post.blanks);
        if (has_word(step, "of_template")) {
            command->create_post.template_id = story_id(ID_TEMPLATE, 1, 't');
            command->create_post.template_version = 1;
            command->create_post.default_queue_of = tell_leader(step);
        }
        if (has_word(step, "copy")) {
            command->create_post.duplicate_of = story_id(ID_POST, 2, 'p');
        }
        command->create_post.now = has_word(step, "now");
        command->create_post.next_slot = has_word(step, "next");
        command->create_post.at_ms = seconds(option(step, "at"));
        command->create_post.not_after_ms = seconds(option(step, "not_after"));
    } else if (strcmp(verb, "edit") == 0) {
        command->code = COMMAND_edit_post;
        command->expected_version = (uint64_t)number(option(step, "version"), (int)world->post.head.version);
        command->edit_post.targets_count = tell_specs(world, step, &command->edit_post.targets);
        command->edit_post.parts_count = tell_parts(world, step, &command->edit_post.parts);
        command->edit_post.blanks_count = tell_blanks(world, step, &command->edit_post.blanks);
        command->edit_post.not_after_ms = seconds(option(step, "not_after"));
    } else if (strcmp(verb, "delete") == 0) {
        command->code = COMMAND_delete_post;
    } else if (strcmp(verb, "schedule") == 0) {
        command->code = COMMAND_schedule_post;
        command->schedule_post.now = has_word(step, "now");
        command->schedule_post.next_slot = has_word(step, "next");
        command->schedule_post.at_ms = seconds(option(step, "at"));
    } else if (strcmp(verb, "lock") == 0) {
        command->code = COMMAND_lock_post;
        command->expected_version = (uint64_t)number(option(step, "version"), (int)world->post.head.version);
        tell_lock(world, step, &command->lock_post);
    } else if (strcmp(verb, "prepared") == 0) {
        command->code = COMMAND_record_prepared;
        command->record_prepared.target_id = target_id_of(step->words[1]);
        command->record_prepared.prepared = span_text(step->words[2]);
    } else if (strcmp(verb, "start") == 0) {
        const struct post_target *target = story_target(world, step->words[1]);
        const int part = number(option(step, "part"), target != NULL ? target->next_part : 0);
        command->code = COMMAND_start_attempt;
        command->start_attempt.target_id = target_id_of(step->words[1]);
        command->start_attempt.attempt_id = tell_attempt(world, step, 1);
        command->start_attempt.part = (uint64_t)part;
        command->start_attempt.fence = (uint64_t)number(option(step, "fence"), (int)world->system.installation.epoch);
        command->start_attempt.payload_hash =
            payload_hash(step, has_word(step, "other_bytes") ? "?" : step->words[1], part);
    } else if (strcmp(verb, "outcome") == 0) {
        command->code = COMMAND_record_outcome;
        command->record_outcome.target_id = target_id_of(step->words[1]);
        tell_outcome(world, step, &command->record_outcome);
    } else if (strcmp(verb, "miss") == 0) {
        command->code = COMMAND_miss_targets;
        command->miss_targets.targets = (struct target_ref *)story_room(world, TARGETS_MAX * sizeof(struct target_ref));
        for (int i = 1; i < step->count; i++) {
            command->miss_targets.targets[command->miss_targets.targets_count++].target_id =
                target_id_of(step->words[i]);
        }
    } else if (strcmp(verb, "cancel") == 0) {
        command->code = step->count > 1 && is_target(step->words[1]) ? COMMAND_cancel_target : COMMAND_cancel_post;
        if (command->code == COMMAND_cancel_target) {
            command->cancel_target.target_id = target_id_of(step->words[1]);
        }
    } else if (strcmp(verb, "swap") == 0) { /* "with=2": the second post's */
        command->code = COMMAND_swap_targets;
        command->swap_targets.target_id = target_id_of(step->words[1]);
        command->swap_targets.other_post_id = story_id(ID_POST, number(option(step, "with"), 1), 'p');
        command->swap_targets.other_target_id = target_id_of(step->words[2]);
    } else if (strcmp(verb, "retry") == 0) {
        command->code = COMMAND_retry_post;
        command->retry_post.now = has_word(step, "now");
        command->retry_post.at_ms = seconds(option(step, "at"));
    } else if (strcmp(verb, "resolve") == 0) {
        command->code = COMMAND_resolve_target;
        command->resolve_target.target_id = target_id_of(step->words[1]);
        command->resolve_target.resolution = choice_value(&resolution_words, span_text(step->words[2]));
        command->resolve_target.url = word_or_none(option(step, "url"));
        command->resolve_target.retry = has_word(step, "retry");
    } else if (!tell_approval_command(world, step, command)) {
        return false;
    }
    *(struct id *)command_fields(command) = post_id; /* the first field of all of them */
    return true;
}

/* A series: "series a b time=10:00 [over]", "rewrite …" changes it, "still" pauses, "onward" resumes, "finish [keep]"
 * ends it; what the scheduler asks of its post: "make a at=S [of=VERSION]", "follow a [of=VERSION]", "reclaim". */
static inline void tell_rule(const struct step *step, struct create_series_command *ret_series)
{
    ret_series->timezone = SPAN("UTC");
    ret_series->frequency = FREQUENCY_DAILY;
    ret_series->every = 1;
    ret_series->time = option(step, "time") != NULL ? span_text(option(step, "time")) : SPAN("09:30");
    ret_series->start = SPAN("2026-04-20");
}

static inline bool tell_series(struct world *world, const struct step *step, struct command *command)
{
    const struct id series_id = story_id(ID_SERIES, 1, 's');
    const char *verb = step->words[0];
    struct create_series_command wanted = {.series_id = series_id};
    tell_rule(step, &wanted);
    if (strcmp(verb, "series") == 0 || strcmp(verb, "rewrite") == 0) {
        wanted.targets_count = tell_specs(world, step, &wanted.targets);
        wanted.parts_count = tell_parts(world, step, &wanted.parts);
    }
    if (strcmp(verb, "series") == 0) {
        command->code = COMMAND_create_series;
        command->create_series = wanted;
        command->create_series.is_over = has_word(step, "over");
        command->create_series.is_far = has_word(step, "far");
    } else if (strcmp(verb, "rewrite") == 0) {
        command->code = COMMAND_change_series;
        command->expected_version = world->series.head.version;
        command->change_series.series_id = series_id;
        SERIES_RULE_COPY(&command->change_series, &wanted);
        POST_CONTENT_COPY(&command->change_series, &wanted);
        command->change_series.is_over = has_word(step, "over");
        command->change_series.is_far = has_word(step, "far");
    } else if (strcmp(verb, "still") == 0) {
        command->code = COMMAND_pause_series;
        command->pause_series.series_id = series_id;
    } else if (strcmp(verb, "onward") == 0) {
        command->code = COMMAND_resume_series;
        command->resume_series.series_id = series_id;
    } else if (strcmp(verb, "finish") == 0) {
        command->code = COMMAND_end_series;
        command->end_series = (struct end_series_command){.series_id = series_id, .keep = has_word(step, "keep")};
    } else {
        return false;
    }
    return true;
}

static inline bool tell_instance(struct world *world, const struct step *step, struct command *command)
{
    const struct id series_id = story_id(ID_SERIES, 1, 's');
    const struct id post_id = story_id(ID_POST, 1, 'p');
    const uint64_t of = (uint64_t)number(option(step, "of"), (int)world->series.head.version);
    const char *verb = step->words[0];
    command->role = ROLE_NONE;
    if (strcmp(verb, "make") == 0) {
        command->code = COMMAND_make_instance;
        command->make_instance = (struct make_instance_command){.post_id = post_id,
                                                                .author_id = story_id(ID_KEY, 1, 'k'),
                                                                .series_id = series_id,
                                                                .series_version = of,
                                                                .generation = world->series.series.generation,
                                                                .local = SPAN("2026-04-20T09:30"),
                                                                .at_ms = seconds(option(step, "at"))};
        command->make_instance.targets_count = tell_specs(world, step, &command->make_instance.targets);
        command->make_instance.parts_count = tell_parts(world, step, &command->make_instance.parts);
    } else if (strcmp(verb, "follow") == 0) {
        command->code = COMMAND_edit_instance;
        command->expected_version = (uint64_t)number(option(step, "version"), (int)world->post.head.version);
        command->edit_instance = (struct edit_instance_command){
            .post_id = post_id, .editor_id = story_id(ID_KEY, 1, 'k'), .series_id = series_id, .series_version = of};
        command->edit_instance.targets_count = tell_specs(world, step, &command->edit_instance.targets);
        command->edit_instance.parts_count = tell_parts(world, step, &command->edit_instance.parts);
    } else if (strcmp(verb, "reclaim") == 0) {
        command->code = COMMAND_withdraw_instance;
        command->withdraw_instance = (struct withdraw_instance_command){.post_id = post_id, .series_id = series_id};
    } else {
        command->role = role_of(step, "as", ROLE_OWNER);
        return false;
    }
    return true;
}

static inline bool tell_account_command(const struct step *step, struct command *command)
{
    const struct id integration_id = story_id(ID_INTEGRATION, 1, step->words[1][0]);
    const struct id vault_id = story_id(ID_SECRET, number(option(step, "vault"), 1), step->words[1][0]);
    const struct id from_vault_id = option(step, "from") == NULL
                                        ? (struct id){0}
                                        : story_id(ID_SECRET, number(option(step, "from"), 1), step->words[1][0]);
    const char *account = option(step, "account") != NULL ? option(step, "account") : step->words[1];
    const char *verb = step->words[0];
    if (strcmp(verb, "connect") == 0) {
        command->code = COMMAND_connect_integration;
        command->connect_integration =
            (struct connect_integration_command){.channel = step->words[1][0] == 'g' ? CHANNEL_GOOGLE_BUSINESS
                                                            : has_word(step, "as_x") ? CHANNEL_TWITTER
                                                                                     : CHANNEL_BLUESKY,
                                                 .identifier = SPAN("alice.test"),
                                                 .vault_id = vault_id,
                                                 .fingerprint = SPAN("f")};
    } else if (strcmp(verb, "accept") == 0) {
        command->code = COMMAND_record_connection;
        command->record_connection =
            (struct record_connection_command){.account = span_text(account),
                                               .handle = SPAN("h"),
                                               .vault_id = vault_id,
                                               .fingerprint = SPAN("f"),
                                               .session_expires_ms = seconds(option(step, "session"))};
    } else if (strcmp(verb, "refuse") == 0) {
        command->code = COMMAND_refuse_connection;
        command->refuse_connection =
            (struct refuse_connection_command){.code = SPAN("credentials_refused"), .message = SPAN("no")};
    } else if (strcmp(verb, "tokens") == 0) {
        command->code = COMMAND_record_tokens;
        command->record_tokens = (struct record_tokens_command){.vault_id = vault_id,
                                                                .fingerprint = SPAN("f"),
                                                                .from_vault_id = from_vault_id,
                                                                .session_expires_ms = seconds(option(step, "session"))};
    } else if (strcmp(verb, "warn") == 0) {
        command->code = COMMAND_warn_expiring;
        command->warn_expiring.session_expires_ms = seconds(option(step, "session"));
    } else if (strcmp(verb, "pause") == 0) {
        command->code = COMMAND_pause_integration;
    } else if (strcmp(verb, "resume") == 0) {
        command->code = COMMAND_resume_integration;
    } else if (strcmp(verb, "disconnect") == 0) {
        command->code = COMMAND_disconnect_integration;
        command->disconnect_integration.code = SPAN("credentials_refused");
        command->disconnect_integration.from_vault_id = from_vault_id;
    } else if (strcmp(verb, "remove") == 0) {
        command->code = COMMAND_delete_integration;
    } else {
        return false;
    }
    *(struct id *)command_fields(command) = integration_id; /* the first field of all of them */
    return true;
}

static inline bool tell_template_command(struct world *world, const struct step *step, struct command *command)
{
    const char *verb = step->words[0];
    if (strcmp(verb, "template") == 0) {
        command->code = COMMAND_create_template;
        command->create_template.name = SPAN("Weekly");
        command->create_template.targets_count = tell_specs(world, step, &command->create_template.targets);
        command->create_template.default_queue_of = tell_leader(step);
    } else if (strcmp(verb, "reword") == 0) {
        command->code = COMMAND_change_template;
        command->expected_version = world->template.head.version;
        command->change_template.name = SPAN("Monthly");
        command->change_template.targets_count = tell_specs(world, step, &command->change_template.targets);
        command->change_template.default_queue_of = tell_leader(step);
    } else if (strcmp(verb, "discard") == 0) {
        command->code = COMMAND_delete_template;
    } else {
        return false;
    }
    *(struct id *)command_fields(command) = story_id(ID_TEMPLATE, 1, 't'); /* the first field of all of them */
    return true;
}

static inline void tell_other_command(const struct step *step, struct command *command)
{
    const char *verb = step->words[0];
    if (strcmp(verb, "ledger") == 0) {
        command->code = COMMAND_start_ledger;
        command->start_ledger = (struct start_ledger_command){.boot = SPAN("boot"), .release = SPAN("1")};
    } else if (strcmp(verb, "suspect") == 0) {
        command->code = COMMAND_suspect_clock;
        command->suspect_clock = (struct suspect_clock_command){.wall_ms = STORY_EPOCH_MS, .apart_ms = 5000};
    } else if (strcmp(verb, "trust") == 0) {
        command->code = COMMAND_trust_clock;
    } else if (strcmp(verb, "suspend") == 0) {
        command->code = COMMAND_suspend_starts;
        command->suspend_starts.reason = SPAN("copied");
    } else if (strcmp(verb, "confirm") == 0) {
        command->code = COMMAND_confirm_starts;
    } else {
        ck_assert_msg(strcmp(verb, "strangers") == 0, "a story says %s", verb);
        command->code = COMMAND_report_strangers;
        command->report_strangers =
            (struct report_strangers_command){.code = SPAN("unauthenticated"), .times = 10000, .since_ms = 1};
    }
}

/* The command of a step, with its envelope. */
static inline struct command tell_command(struct world *world, const struct step *step)
{
    struct command command = {.command_id = story_id(ID_COMMAND, 1, (int)(++world->commands & 0xff)),
                              .workspace_id = story_id(ID_WORKSPACE, number(option(step, "tenant"), 1), 'w'),
                              .actor = 1,
                              .actor_id = story_id(ID_KEY, 1, 'k'),
                              .role = role_of(step, "as", ROLE_OWNER)};
    if (!tell_post_command(world, step, &command) && !tell_series(world, step, &command) &&
        !tell_instance(world, step, &command) && !tell_queue_command(&world->arena, step, &command) &&
        !tell_template_command(world, step, &command) && !tell_account_command(step, &command) &&
        !tell_people_command(&world->arena, step, &command)) {
        tell_other_command(step, &command);
    }
    const enum id_kind kind = command_aggregate(command.code);
    const bool is_of_a_workspace = kind != ID_SYSTEM && kind != ID_USER && kind != ID_SESSION && kind != ID_PROVIDER;
    if (command.code == COMMAND_create_workspace || !is_of_a_workspace) {
        command.workspace_id = (struct id){0};
    }
    if (option(step, "version") != NULL) {
        command.expected_version = (uint64_t)atoi(option(step, "version"));
    }
    if (has_word(step, "by_system")) {
        command.actor_id = (struct id){0};
    }
    if (has_word(step, "by_us")) {
        command.role = ROLE_NONE;
    }
    command.stream = kind == ID_SYSTEM ? story_id(ID_SYSTEM, 1, 1) : command_stream(&command);
    return command;
}

#endif
