/* errand.c: see errand.h. */
#include "tools/errand.h"

#include <stdio.h>

#include "core/base/clock.h"

#define WORKSPACES_AT_A_TIME 100

int errand_refused(const struct errand *errand, const char *what)
{
    (void)fprintf(stderr, "openpost %s: %s\n", errand->command, what);
    return EXIT_ALTERED;
}

int errand_wrong(const struct errand *errand, const char *what)
{
    (void)fprintf(stderr, "openpost %s: %s (try --help)\n", errand->command, what);
    return EXIT_USAGE_WRONG;
}

int errand_failed(const struct errand *errand, enum err err)
{
    return operator_failed(errand->command, &errand->hand, err);
}

const struct errand_form *errand_form(const struct errand_form *forms, size_t form_count, const char *const *rest,
                                      size_t count)
{
    size_t at = 0;
    while (at < form_count && (rest[0] == NULL || strcmp(rest[0], forms[at].name) != 0)) {
        at++;
    }
    const size_t arguments = count > 0 ? count - 1 : 0;
    return at < form_count && forms[at].arguments == arguments ? &forms[at] : NULL;
}

int errand_do(struct errand *errand, errand_run *run, size_t memory_max)
{
    char name[64];
    int code = EXIT_GOOD;
    if (!data_or_complain(errand->command, errand->path, &errand->data, &code) ||
        !files_or_complain(errand->command, &errand->data, true, &code)) {
        return code;
    }
    (void)snprintf(name, sizeof name, "openpost-%s", errand->command);
    process_prepare(name);
    arena_init(&errand->arena, memory_max);
    enum err err = operator_open(&errand->data, &errand->hand);
    err = err == OK ? store_begin(errand->hand.views, false, &errand->txn) : err;
    code = err == OK ? run(errand) : errand_failed(errand, err);
    store_abort(errand->txn);
    operator_close(&errand->hand);
    arena_done(&errand->arena);
    return code;
}

int errand_decide(struct errand *errand, struct command *command, struct answer *ret_answer)
{
    store_park(errand->txn);
    const enum err err = operator_command(&errand->hand, command, ret_answer);
    if (err != OK) {
        return errand_failed(errand, err);
    }
    return ret_answer->refusal == ACCEPTED
               ? EXIT_GOOD
               : errand_refused(errand, refusal_desc((enum refusal)ret_answer->refusal)->title);
}

/* By its slug or its id; NULL names every one. */
static bool is_named(const char *named, const struct workspace_row *row)
{
    struct id id;
    const struct span name = span_text(named != NULL ? named : "");
    return named == NULL || span_equal(name, row->slug) ||
           (id_parse(name, ID_WORKSPACE, &id) == OK && id_equal(&id, &row->workspace_id));
}

enum err errand_workspaces(struct errand *errand, const char *named, errand_visit *visit, uint32_t *ret_count)
{
    struct id last = {0};
    uint32_t visited = 0;
    uint32_t count = WORKSPACES_AT_A_TIME;
    while (count == WORKSPACES_AT_A_TIME) {
        struct workspace_row *rows = NULL;
        arena_reset(&errand->arena);
        TRY(access_workspaces(errand->txn, id_is_none(&last) ? NULL : &last, WORKSPACES_AT_A_TIME, &errand->arena,
                              &rows, &count));
        for (uint32_t i = 0; i < count; i++) {
            last = rows[i].workspace_id;
            if (is_named(named, &rows[i])) {
                visited++;
                TRY(visit(errand, &rows[i]));
            }
        }
    }
    *ret_count = visited;
    return OK;
}

static enum err take(struct errand *errand, const struct workspace_row *row)
{
    errand->workspace_id = row->workspace_id;
    return OK;
}

int errand_no_workspace(const struct errand *errand, const char *named)
{
    (void)fprintf(stderr, "openpost %s: --workspace %s: there is no such workspace (openpost workspace list)\n",
                  errand->command, named != NULL ? named : "");
    return EXIT_ALTERED;
}

int errand_workspace(struct errand *errand, const char *named)
{
    uint32_t count = 0;
    const enum err err = errand_workspaces(errand, named, take, &count);
    if (err != OK) {
        return errand_failed(errand, err);
    }
    if (count == 0) {
        return errand_no_workspace(errand, named);
    }
    return count == 1 ? EXIT_GOOD
                      : errand_refused(errand, "there is more than one workspace: name one with --workspace WS");
}

struct id errand_mint(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

void errand_print_id(const char *label, const struct id *id)
{
    char text[ID_TEXT_MAX + 1];
    struct buf buf = buf_of(text, sizeof text);
    id_write(&buf, id);
    (void)printf("%s%s", label, buf_terminated(&buf));
}
