/* tenant.h: what the subcommands have in common that look into a workspace, now or as it was: post (post.c), account,
 * queue, series, template and notification (tenant.c). Each is a struct tenant_tool, run by tenant_run. */
#ifndef OPENPOST_TOOLS_TENANT_H
#define OPENPOST_TOOLS_TENANT_H

#include "tools/look.h"

#define TENANT_OPTIONS_MAX 24

struct tenant_errand {
    struct look look; /* first: see errand.h */
    errand_run *run;
    const char *limit;
    bool keep;
    struct query_args args; /* of the question */
    struct id id;
};

/* One of the subcommands. */
struct tenant_tool {
    const char *usage;
    const struct errand_form *looks;
    size_t look_count;
    const struct errand_form *changes; /* for now alone */
    size_t change_count;
    const char *forms; /* as a complaint names them */
    const char *noun;  /* what an argument is: "a series' id: ser_…" */
    enum id_kind kind;
    size_t id_at; /* of query_args */
    /* Reads the options of its own, for own->run; an exit code. NULL: it has none. */
    int (*read)(struct tenant_errand *own);
};

#define TENANT_FORMS(member_, forms_) .member_##s = (forms_), .member_##_count = sizeof(forms_) / sizeof *(forms_)
#define TENANT_COLUMNS(columns_) .columns = (columns_), .column_count = sizeof(columns_) / sizeof *(columns_)

/* tenant_run reads the command line and does what it says; options: option_count of the tool's own, with room for
 * TENANT_OPTIONS_MAX. Returns the exit code. */
int tenant_run(const struct tenant_tool *tool, struct tenant_errand *own, struct option_spec *options,
               size_t option_count, int argc, char **argv);

/* tenant_show asks a question with own->args and prints the answer, tenant_list pages of it (look.h). */
int tenant_show(struct errand *errand, const char *question);
int tenant_list(struct errand *errand, const struct look_list *list);

/* tenant_wrong_value complains of an option's value and returns the exit code. */
int tenant_wrong_value(const struct tenant_errand *own, const char *option, const char *value, const char *expected);

#endif
