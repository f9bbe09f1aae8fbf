/* provider.c: openpost provider: the identity providers through which people sign in: added, listed, removed, beside a
 * running service or without one. Our secret at one is read from a file or from stdin: it is in no argument, for those
 * are everybody's to see; it goes into the vault and is shown to nobody again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/guard.h"
#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/process.h"
#include "core/message/codec.h"
#include "core/wire/identity.h"
#include "projections/access.h"
#include "tools/operator.h"
#include "tools/tools.h"

static const char usage[] =
    "usage: openpost provider add --data DIR --name NAME --issuer URL --client-id ID\n"
    "                             [--secret-file FILE | --public] [--links-by-address] [--json]\n"
    "       openpost provider list --data DIR [--json]\n"
    "       openpost provider remove PROVIDER_ID --data DIR\n"
    " e.g.: openpost provider add --data /var/lib/openpost --name Acme --issuer https://id.acme.example \\\n"
    "                             --client-id openpost <secret.txt\n\n"
    "OpenID Connect providers through which people sign in; a service may run on the folder. add prints the\n"
    "provider's id. Register openpost there as a web application with the code flow and PKCE (S256). URL is the "
    "issuer\n"
    "exactly as the provider writes it in its tokens, to the last slash; URL/.well-known/openid-configuration must\n"
    "answer. add reads the client's secret, one line, from FILE or stdin (at a terminal it asks); with --public there\n"
    "is none, and PKCE alone protects the code. With --links-by-address an address that the provider says it has\n"
    "verified signs in as the person who has it here: only for a provider that you trust with that. What changes is\n"
    "removed and added again; there is one at most of an issuer and a client id. list's columns: id, name, client,\n"
    "whether a secret is kept, whether addresses link, issuer.\n"
    "Exit codes: 0 done; 1 refused; 2 the folder cannot be read; 64 wrong usage; 69 the running service does not\n"
    "answer; 71 the system refused something needed.";

#define LINE_MAX_BYTES (PERSON_CLIENT_SECRET_MAX + 3) /* a line break of two bytes and a NUL */
#define PROVIDERS_MAX 1000

struct errand {
    struct data_folder data;
    const char *path;
    const char *name;
    const char *issuer;
    const char *client_id;
    const char *secret_file;
    bool is_public;
    bool links;
    bool json;
    struct id provider_id;
    char secret[LINE_MAX_BYTES];
    struct operator_hand hand;
    struct arena arena;
};

static int refused(const char *what)
{
    (void)fprintf(stderr, "openpost provider: %s\n", what);
    return EXIT_ALTERED;
}

static int failed(const struct errand *errand, enum err err)
{
    return operator_failed("provider", &errand->hand, err);
}

static struct id mint(enum id_kind kind)
{
    uint8_t randomness[10];
    random_fill(randomness, sizeof randomness);
    return id_make(kind, clock_wall_ms(), randomness);
}

/* --- what is done: each returns an exit code --- */

static int decide(struct errand *errand, struct command *command)
{
    struct answer answer;
    const enum err err = operator_command(&errand->hand, command, &answer);
    if (err != OK) {
        return failed(errand, err);
    }
    return answer.refusal == ACCEPTED ? EXIT_GOOD : refused(refusal_desc((enum refusal)answer.refusal)->title);
}

static enum err keep(struct errand *errand, const struct id *secret_id)
{
    uint8_t bytes[PERSON_CLIENT_SECRET_MAX + 64];
    struct buf plain = buf_of(bytes, sizeof bytes);
    const struct person_record record = {.kind = PERSON_CLIENT_SECRET,
                                         .client_secret = {.secret = span_text(errand->secret)}};
    enum err err = person_record_put(&plain, &record);
    err = err == OK ? operator_keep(&errand->hand, secret_id, &errand->provider_id, buf_span(&plain)) : err;
    explicit_bzero(bytes, sizeof bytes);
    return err;
}

static enum err read_all(struct errand *errand, struct provider_row **ret_rows, uint32_t *ret_count)
{
    OWNED(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(errand->hand.views, false, &txn));
    return access_providers(txn, PROVIDERS_MAX, &errand->arena, ret_rows, ret_count);
}

/* The first line of the file, without its end. An exit code. */
static int read_file(struct errand *errand)
{
    FILE *file = fopen(errand->secret_file, "re");
    const bool fits = file != NULL && (fgets(errand->secret, sizeof errand->secret, file) != NULL || ferror(file) == 0);
    if (!fits) {
        (void)fprintf(stderr, "openpost provider: --secret-file %s: %s\n", errand->secret_file, strerror(errno));
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return fits ? EXIT_GOOD : EXIT_ALTERED;
}

/* Our secret at the provider, from where it is said to be. An exit code. */
static int read_secret(struct errand *errand)
{
    if (errand->secret_file != NULL) {
        const int code = read_file(errand);
        if (code != EXIT_GOOD) {
            return code;
        }
    } else if (!hidden_line("the client's secret: ", errand->secret, sizeof errand->secret)) {
        errand->secret[0] = 0;
    }
    errand->secret[strcspn(errand->secret, "\r\n")] = 0;
    const size_t len = strlen(errand->secret);
    return len >= 1 && len <= PERSON_CLIENT_SECRET_MAX
               ? EXIT_GOOD
               : refused("no secret of 1 to 1024 bytes was read (--public: there is none)");
}

/* Whether nothing of that issuer and client id is there: people would see it twice, and what one links the other would
 * not know. An exit code. */
static int check_new(struct errand *errand)
{
    struct provider_row *rows = NULL;
    uint32_t count = 0;
    const enum err err = read_all(errand, &rows, &count);
    if (err != OK) {
        return failed(errand, err);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (span_equal(rows[i].issuer, span_text(errand->issuer)) &&
            span_equal(rows[i].client_id, span_text(errand->client_id))) {
            char text[ID_TEXT_MAX + 1];
            struct buf id = buf_of(text, sizeof text);
            id_write(&id, &rows[i].provider_id);
            (void)fprintf(stderr,
                          "openpost provider: --issuer and --client-id are those of %s: remove it first, to change "
                          "something\n",
                          buf_terminated(&id));
            return EXIT_ALTERED;
        }
    }
    return EXIT_GOOD;
}

static int add(struct errand *errand)
{
    struct command command = {.code = COMMAND_add_provider};
    struct add_provider_command *wish = &command.add_provider;
    char text[ID_TEXT_MAX + 1];
    struct buf id = buf_of(text, sizeof text);
    int code = check_new(errand);
    code = code == EXIT_GOOD && !errand->is_public ? read_secret(errand) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    errand->provider_id = mint(ID_PROVIDER);
    if (!errand->is_public) {
        const struct id secret_id = mint(ID_SECRET);
        const enum err err = keep(errand, &secret_id);
        if (err != OK) {
            return failed(errand, err);
        }
        wish->vault_id = secret_id;
    }
    command.stream = errand->provider_id;
    wish->provider_id = errand->provider_id;
    wish->name = span_text(errand->name);
    wish->issuer = span_text(errand->issuer);
    wish->client_id = span_text(errand->client_id);
    wish->links_by_address = errand->links;
    code = decide(errand, &command);
    if (code != EXIT_GOOD) {
        return code;
    }
    id_write(&id, &errand->provider_id);
    (void)buf_terminated(&id);
    if (errand->json) {
        print_member(true, "id", buf_span(&id));
        (void)printf("}\n");
    } else {
        (void)printf("id: %s\n", text);
    }
    return EXIT_GOOD;
}

static void write_json(const struct provider_row *row, struct buf *out)
{
    buf_text(out, "{\"id\":");
    json_id(out, &row->provider_id);
    buf_text(out, ",\"name\":");
    json_string(out, row->name);
    buf_text(out, ",\"issuer\":");
    json_string(out, row->issuer);
    buf_text(out, ",\"client_id\":");
    json_string(out, row->client_id);
    buf_text(out, id_is_none(&row->vault_id) ? ",\"public\":true" : ",\"public\":false");
    buf_text(out, row->links_by_address ? ",\"links_by_address\":true" : ",\"links_by_address\":false");
    buf_text(out, ",\"created_at\":");
    json_time(out, row->created_ms);
    buf_byte(out, '}');
}

static void write_columns(const struct provider_row *row, struct buf *out)
{
    id_write(out, &row->provider_id);
    to_column(out, 31);
    buf_put(out, row->name);
    to_column(out, 52);
    buf_put(out, row->client_id);
    to_column(out, 73);
    buf_text(out, id_is_none(&row->vault_id) ? "public" : "secret");
    to_column(out, 80);
    buf_text(out, row->links_by_address ? "links" : "-");
    to_column(out, 86);
    buf_put(out, row->issuer);
}

static int list(struct errand *errand)
{
    struct provider_row *rows = NULL;
    uint32_t count = 0;
    char text[8192]; /* a longest row with every byte escaped */
    const enum err err = read_all(errand, &rows, &count);
    if (err != OK) {
        return failed(errand, err);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct buf out = buf_of(text, sizeof text);
        (errand->json ? write_json : write_columns)(&rows[i], &out);
        print_shown(buf_terminated(&out), errand->json);
    }
    return EXIT_GOOD;
}

static int take_away(struct errand *errand)
{
    struct command command = {.code = COMMAND_remove_provider, .stream = errand->provider_id};
    struct provider_row *rows = NULL;
    uint32_t count = 0;
    bool known = false;
    const enum err err = read_all(errand, &rows, &count);
    for (uint32_t i = 0; i < count && err == OK; i++) {
        known = known || id_equal(&rows[i].provider_id, &errand->provider_id);
    }
    if (err != OK) {
        return failed(errand, err);
    }
    command.remove_provider.provider_id = errand->provider_id;
    return known ? decide(errand, &command) : refused("there is no such provider (openpost provider list)");
}

/* --- the command --- */

static int run(struct errand *errand, int (*form)(struct errand *errand))
{
    process_prepare("openpost-provider");
    arena_init(&errand->arena, (size_t)64 << 20);
    const enum err err = operator_open(&errand->data, &errand->hand);
    const int code = err == OK ? form(errand) : failed(errand, err);
    operator_close(&errand->hand);
    arena_done(&errand->arena);
    explicit_bzero(errand->secret, sizeof errand->secret);
    return code;
}

static int wrong(const char *what)
{
    (void)fprintf(stderr, "openpost provider: %s (try --help)\n", what);
    return EXIT_USAGE_WRONG;
}

/* http is for a provider on this machine, in development: the service lets it through where a port was opened. */
static bool is_issuer(struct span text)
{
    struct guard_url url;
    const bool readable = text.len <= IDENTITY_URL_MAX && guard_url_parse(text, &url) == OK &&
                          span_find(text, '?') == text.len && span_find(text, '#') == text.len;
    return readable &&
           (url.https || span_equal(url.host, SPAN("localhost")) || span_equal(url.host, SPAN("127.0.0.1")));
}

static bool is_text(const char *text, size_t max)
{
    const struct span span = span_text(text);
    return span.len >= 1 && span.len <= max && span_is_utf8(span);
}

/* What add needs; NULL: it has it. */
static const char *add_fault(const struct errand *errand)
{
    if (errand->name == NULL || errand->issuer == NULL || errand->client_id == NULL) {
        return "--name, --issuer and --client-id are needed";
    }
    if (!is_text(errand->name, PERSON_NAME_MAX)) {
        return "--name: expected 1 to 200 bytes of UTF-8";
    }
    if (!is_issuer(span_text(errand->issuer))) {
        return "--issuer: expected https://HOST[:PORT][/PATH], without ? and # (http: for this machine alone)";
    }
    if (!is_text(errand->client_id, IDENTITY_CLIENT_ID_MAX)) {
        return "--client-id: expected 1 to 255 bytes";
    }
    return errand->is_public && errand->secret_file != NULL ? "--public: then there is no secret" : NULL;
}

int tool_provider(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct errand *errand);
        size_t words; /* the form's own, and what it names */
    } forms[] = {
        {"add",    add,       1},
        {"list",   list,      1},
        {"remove", take_away, 2},
    };

    struct errand errand = {.path = NULL};
    const struct option_spec options[] = {
        {"--data",             &errand.path,        NULL,              "the data folder"                               },
        {"--name",             &errand.name,        NULL,              "add: its name for people"                      },
        {"--issuer",           &errand.issuer,      NULL,              "add: its issuer, exactly as its tokens have it"},
        {"--client-id",        &errand.client_id,   NULL,              "add: what it calls us"                         },
        {"--secret-file",      &errand.secret_file, NULL,              "add: where our secret there is; default: stdin"},
        {"--public",           NULL,                &errand.is_public, "add: we have no secret there"                  },
        {"--links-by-address", NULL,                &errand.links,     "add: a verified address signs in as who has it"},
        {"--json",             NULL,                &errand.json,      "add, list: one JSON object, or one a line"     },
    };
    const char *rest[2] = {"", NULL};
    size_t count = 0;
    size_t form = 0;
    int code = EXIT_GOOD;
    if (!options_parse(argc, argv, usage, options, sizeof options / sizeof *options, rest, 2, &count, &code)) {
        return code;
    }
    while (form < sizeof forms / sizeof *forms && strcmp(rest[0], forms[form].name) != 0) {
        form++;
    }
    if (form == sizeof forms / sizeof *forms || count != forms[form].words) {
        return wrong("the forms are: add, list, remove PROVIDER_ID");
    }
    if (count == 2 && id_parse(span_text(rest[1]), ID_PROVIDER, &errand.provider_id) != OK) {
        return wrong("a provider's id is needed: idp_…, as add and list print it");
    }
    const char *fault = forms[form].run == add ? add_fault(&errand) : NULL;
    if (fault != NULL) {
        return wrong(fault);
    }
    if (!data_or_complain("provider", errand.path, &errand.data, &code) ||
        !files_or_complain("provider", &errand.data, true, &code)) {
        return code;
    }
    return run(&errand, forms[form].run);
}
