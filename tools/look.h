/* look.h: what whoever has the data folder asks about a workspace's posts, accounts, queues, series, templates and
 * notifications: the questions of projections/views.h, with the eyes of an owner, now or as it was. Used by post.c and
 * tenant.c.
 *
 * Answers are printed for people, a thing a line in columns, or member by member; with --json as HTTP shows them. */
#ifndef OPENPOST_TOOLS_LOOK_H
#define OPENPOST_TOOLS_LOOK_H

#include "core/message/json_node.h"
#include "projections/row.h"
#include "tools/errand.h"
#include "tools/past.h"

struct look {
    struct errand errand;  /* first: see errand.h */
    const char *workspace; /* as typed: a slug or an id; NULL: the only one */
    const char *at;        /* as typed; NULL: now */
    bool changes;          /* it does something: the folder may be written, and is not, to look into a backup */
    struct moment moment;
    struct past past;
    int64_t now_ms; /* of the moment that is looked at */
    struct zones *zones;
    uint64_t most; /* things, of a list */
    bool renders;  /* whatever is shown of a post is all of it: how it would look on its channels, too */
};

/* look_do does what run does with the views of now, or of the moment: errand.h's errand_do. A form that changes
 * something is not for a moment: the caller sees to that. Into a folder without views, a backup, it looks through views
 * that are thrown away: nothing is written there. */
int look_do(struct look *look, errand_run *run);

/* A column of a list: a member's path in the thing's JSON, and where it begins. Of several values all are shown, of
 * objects all members but an id. */
struct look_column {
    const char *path;
    size_t at;
};

struct look_list {
    const char *question;
    const struct look_column *columns;
    size_t column_count;
    bool hex_cursor; /* next_cursor is bytes as hex, not text */
    bool whole;      /* there are no pages: limit is how many there are to be */
    bool cuts;       /* the last column is a post's text, a thread's first part's; at a terminal but its beginning */
    /* Prints a thing of its own; NULL: by columns. */
    int (*print)(struct look *look, const struct json_node *thing);
};

/* look_show asks a question and prints what it is answered, member by member. look_print_list asks page after page and
 * prints up to look->most things; look_print_thing one by columns. args are taken as they are. Each returns the exit
 * code; 1: there is no such thing. */
int look_show(struct look *look, const char *question, const struct query_args *args);
int look_print_list(struct look *look, const struct look_list *list, const struct query_args *args);
int look_print_thing(const struct look *look, const struct look_list *list, const struct json_node *thing);
/* look_ask asks one, and reads the answer into the errand's arena. */
enum err look_ask(struct look *look, const char *question, const struct query_args *args,
                  const struct json_node **ret_answer) MUST_USE;
/* look_failed complains of an error of a question. */
int look_failed(struct look *look, enum err err);

#endif
