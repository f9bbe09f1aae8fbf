#!/usr/bin/env python3
"""tests/check/planted.py layers|words|readmes|refusals: plants one violation at a time into an empty tree and expects
tools/check-layers, tools/check-words, readmes.py or refusals.py to find it, at its place, and to find nothing in a tree without.
tests/check/planted.py purity|format|unused: likewise with tools/check-purity (into a copy of the sources that it compiles),
tools/check-format and tools/check-unused (of a build of two files), which must name what was planted.
tests/check/planted.py gate: likewise with tools/check-gate, into a copy of the sources, several handlers at a time."""
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CHECKS = {"layers": "../../tools/check-layers", "words": "../../tools/check-words", "readmes": "readmes.py",
          "refusals": "refusals.py"}
GOOD, FOUND = False, True

# (found or good, file, its lines)
LAYERS = [
    (GOOD, "core/decider/a.c", '#include "core/base/span.h"\n#include <stdint.h>\n#include <sys/stat.h>'),
    (FOUND, "core/decider/a.c", '#include "core/log/log.h"'),
    (FOUND, "core/base/a.h", '#include "core/decider/post.h"'),
    (FOUND, "core/ledger/a.c", '  #  include "projections/posts.h"'),
    (FOUND, "core/newcomer/a.c", '#include "core/base/span.h"'),
    (FOUND, "projections/a.c", '#include "gateway/gateway.h"'),
    (GOOD, "projections/a.h", '#include "core/ledger/projection.h"'),
    (FOUND, "projections/a.c", '#include "core/ledger/data.h"'),
    (GOOD, "gateway/main.c", '#include "core/ledger/data.h"'),
    (FOUND, "gateway/route.c", '#include "core/ledger/data.h"'),
    (FOUND, "gateway/route.c", '#include "../core/base/span.h"'),
    (FOUND, "gateway/route.c", '#include "gateway/absent.h"'),
    (FOUND, "core/log/a.c", '#include "core/base/journal.h"'),
    (FOUND, "core/decider/a.c", '#include "core/base/clock.h"'),
    (FOUND, "core/log/a.c", "#include <nng/nng.h>"),
    (GOOD, "gateway/gate/a.c", '#include "core/store/store.h"\n#include "projections/posts.h"\n#include "gateway/gate/gate_state.h"'),
    (FOUND, "gateway/a.c", '#include "core/store/store.h"'),
    (FOUND, "gateway/a.c", '#include "projections/posts.h"'),
    (FOUND, "gateway/a.c", '#include "gateway/gate/gate_state.h"'),
    (FOUND, "gateway/a.c", '#include "core/wire/client.h"'),
    (FOUND, "gateway/gate/a.c", '#include "gateway/gateway.h"'),
    (GOOD, "core/store/store_lmdb.c", "#include <lmdb.h>"),
    (FOUND, "core/store/store_memory.c", "#include <lmdb.h>"),
    (FOUND, "gateway/a.c", "#include <unknown_library.h>"),
    (FOUND, "gateway/a.c", "#include <check.h>"),
    (GOOD, "tests/unit/a_test.c", '#include <check.h>\n#include "core/log/log.h"\n#include "gateway/gateway.h"'),
]
HEADERS = """core/base/span.h core/base/journal.h core/base/clock.h core/log/log.h core/decider/post.h core/ledger/data.h
core/ledger/projection.h core/store/store.h core/wire/client.h gateway/gateway.h gateway/gate/gate_state.h projections/posts.h""".split()

LINE = "int x;\n"
WORDS = [
    (GOOD, "core/base/a.c", '/* time(NULL), strcpy( and free( are only words here */ const char *s = "rand()";'),
    (GOOD, "core/base/a.c", "int64_t a = clock_time(1) + x->time(2) + x.rand();"),
    (FOUND, "core/base/a.c", "x = time(NULL);"),
    (FOUND, "core/log/a.c", "x = clock_gettime(id, &now);"),
    (GOOD, "core/base/clock.c", "x = clock_gettime(id, &now);"),
    (FOUND, "core/base/a.c", "x = rand ();"),
    (FOUND, "gateway/a.c", "strcpy(a, b);"),
    (FOUND, "tests/unit/a_test.c", "sprintf(a, b);"),
    (FOUND, "gateway/a.c", "n = atoi(text);"),
    (FOUND, "gateway/a.c", "x = malloc(5);"),
    (FOUND, "gateway/a.c", "free(x);"),
    (GOOD, "tests/unit/a_test.c", "free(x);"),
    (GOOD, "core/base/arena.c", "free(x);"),
    (FOUND, "gateway/a.c", "goto done;"),
    (FOUND, "gateway/a.c", "good = memcmp(tag, cursor->bytes + cursor->len, TAG_LEN) == 0;"),
    (FOUND, "core/wire/a.c", "return span_equal(given,\n    span_of(key->tag_key, 32));"),
    (FOUND, "core/ledger/a.c", "same = memcmp(row.data, idempotency->body, 32) == 0;"),
    (FOUND, "gateway/a.c", "x = strcmp(text, user->password) == 0;"),
    (FOUND, "core/decider/a.c", "x = memcmp(member->fingerprint.bytes, wish->fingerprint.bytes, 32);"),
    (GOOD, "gateway/a.c", "good = CRYPTO_memcmp(tag, bytes, 16) == 0 && span_equal_secret(proof, own) && span_equal(tag_of(x), word);"),
    (GOOD, "gateway/a.c", "span_equal(stage, word); memcmp(id->uuid, last, 16); is_good(tag);"),
    (GOOD, "tests/unit/a_test.c", "ck_assert(span_equal(token, SPAN(\"abc\")));"),
    (FOUND, "gateway/a.c", "assert(x);"),
    (GOOD, "gateway/a.c", "#define ASSERT(x) static_assert(x)"),
    (FOUND, "gateway/a.h", "typedef struct thing thing;"),
    (FOUND, "gateway/a.h", "typedef struct {"),
    (GOOD, "gateway/a.h", "typedef struct name_ self;\ntypedef enum err (*step)(void);\ntypedef struct x *(*make)(void);"),
    (FOUND, "gateway/a.c", "#if 0"),
    (FOUND, "gateway/README.md", "FIX" "ME: later"),
    (FOUND, "tools/script", "# a st" "ub"),
    (FOUND, "gateway/a.c", "/* not imple" "mented yet */"),
    (GOOD, "gateway/a.h", "/* " + "x" * 114 + " */\n * " + "x" * 117),
    (FOUND, "gateway/a.h", "/* " + "x" * 115 + " */"),
    (FOUND, "gateway/a.c", "/* two\n   * " + "x" * 117 + " */"),
    (GOOD, "gateway/a.c", LINE * 600),
    (FOUND, "gateway/a.c", LINE * 601),
]

README = "core/log/README.md"
READMES = [
    (GOOD, README, "No table, so `log.h` and what is beside it may go without a name."),
    (GOOD, README, "| file | what |\n|---|---|\n| `log.h` | the log, under [core](../base) |"),
    (GOOD, README, "| file | what |\n|---|---|\n| `l*.h` | the log |"),
    (FOUND, README, "| file | what |\n|---|---|\n| `core/base` | not the log |"),
    (FOUND, README, "It is in `lag.h`."),
    (FOUND, README, "    cc core/log/lag.c"),
    (FOUND, README, "```sh\ncc core/log/lag.c\n```"),
    (FOUND, README, "Links to [nothing](lag.h)."),
    (FOUND, README, "Run `openpost fly`."),
]

# In a tree whose one test expects "is_expected".
ERRORS = "core/message/error.def"
REFUSALS = [
    (GOOD, ERRORS, 'REFUSAL(is_expected, 503, yes, GATEWAY, "A title.")'),
    (GOOD, ERRORS, 'REFUSAL(of_a_rule, 409, no, DECIDER, "The stories see to it.")'),
    (FOUND, ERRORS, 'REFUSAL(expected, 503, yes, GATEWAY, "A title.")'),
]

# What the script must name (None: it finds nothing), and the tree: file: its lines. Of purity: what is appended to a file.
PURITY = [
    (None, {}),
    ("time", {"core/decider/post.c": "#include <time.h>\nlong planted(void);\nlong planted(void) { return time(NULL); }"}),
    ("count", {"core/decider/post.c": "int planted(void);\nint planted(void) { static int count; return ++count; }"}),
    ("malloc", {"core/scheduler/agenda_due.c": "#include <stdlib.h>\nvoid *planted(void);\nvoid *planted(void) { return malloc(1); }"}),
    ("getrandom", {"adapters/bluesky_answer.c":
                   "#include <sys/random.h>\nlong planted(void *at);\nlong planted(void *at) { return getrandom(at, 1, 0); }"}),
]
# What a handler might try. Each is a file of its own, and found: by the linker, or by the compiler, which names the file.
REACHES = {
    "posts_get": ("projections/posts.h", "return posts_get(NULL, NULL, NULL, NULL, NULL);"),
    "store_begin": ("core/store/store.h", "struct store_txn *txn = NULL; return store_begin(NULL, false, &txn);"),
    "client_command": ("core/wire/client.h", "return client_command(NULL, NULL, NULL, 0, NULL, NULL);"),
    "body_seal_put": ("core/wire/body.h", "body_seal_put(NULL, NULL, NULL, (struct span){0}); return OK;"),
    "pass_pause": ("gateway/gate/pass.h", "struct store_txn *pass_pause(struct pass *); return pass_pause(NULL) != NULL ? OK : ERR_IO;"),
}
BREAKS = {
    "made": ("gateway/gate/pass.h", "return sizeof(struct pass) > 0 ? OK : ERR_IO;"),
    "copied": ("gateway/gateway.h", "const struct gate copy = *((struct exchange *)x)->gateway->gate; (void)copy; return OK;"),
    "looked_into": ("gateway/gateway.h", "return ((struct exchange *)x)->pass->txn != NULL ? OK : ERR_IO;"),
    "filled": ("gateway/gateway.h", "struct command *command = order_command(((struct exchange *)x)->order); command->role = 5; return OK;"),
    "sent": ("gateway/gateway.h", "struct command command = {.role = 5}; const struct sending none = {.causation = 0};"
             " return pass_send(((struct exchange *)x)->pass, &command, &none, NULL, NULL);"),
    "asked": ("gateway/gate/ask.h", "const struct log_question other = {.workspace_id = {.kind = ID_WORKSPACE}}; (void)other; return OK;"),
}


def handlers(tries):
    return {f"gateway/{name}_handler.c": f'#include "{header}"\nenum err planted_{name}(void *x);\n'
            f"enum err planted_{name}(void *x)\n{{\n    (void)x;\n    {body}\n}}\n" for name, (header, body) in tries.items()}


GATE = [
    (None, {}),
    (tuple(f"behind the gate: {name}\n" for name in REACHES), handlers(REACHES)),
    (tuple(f"gateway/{name}_handler.c:" for name in BREAKS), handlers(BREAKS)),
]
FORMAT = [
    (None, {"core/base/a.c": "int x;\n"}),
    ("core/base/a.c", {"core/base/a.c": "int  x;\n"}),
    ("tests/unit/a.h", {"tests/unit/a.h": "struct a {\n  int x;\n};\n"}),
]
USED = "int used(void);\nint used(void) { return 1; }\n"
USER = "int used(void);\nint main(void) { return used(); }\n"
UNUSED = [
    (None, {"core/base/a.c": USED, "tools/b.c": USER}),
    (None, {"core/base/a.c": USED, "tests/unit/b.c": USER}),
    (None, {"core/base/a.c": "static int used(void) { return 1; }\nint main(void) { return used(); }\n"}),
    ("core/base/a.c: used", {"core/base/a.c": USED, "tools/b.c": "int main(void) { return 0; }\n"}),
    ("core/base/a.c: table", {"core/base/a.c": USED + "extern const int table[];\nconst int table[] = {1};\n", "tools/b.c": USER}),
]


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)
    return full


def judged(kind, cases, judge):
    """Exit status: 0 when judge(case), which gives a sentence about what went wrong or None, has none."""
    wrong = [said for said in map(judge, cases) if said]
    print("\n".join(wrong + [f"{kind}: {len(cases)} trees, {len(wrong)} judged wrongly"]))
    return 1 if wrong else 0


def module_finds(kind, cases):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("tool", os.path.join(HERE, CHECKS[kind]))
    tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("tool", loader))
    loader.exec_module(tool)
    with tempfile.TemporaryDirectory() as root:
        for path in HEADERS:
            write(root, path, "")
        write(root, "tests/unit/expecting_test.c", 'const char *code = "is_expected";')

        def judge(case):
            found, path, text = case
            planted = write(root, path, text)
            violations = tool.violations(root)[1]
            os.remove(planted)
            if found != bool(violations) or any(not one.startswith(path + ":") for one in violations):
                return f"{path}: {text[:60]!r}: {violations or 'nothing found'}"
        return judged(kind, cases, judge)


def purity_command(root, files):
    for folder in ("core", "adapters"):
        shutil.copytree(os.path.join(ROOT, folder), os.path.join(root, folder))
    for path, text in files.items():
        with open(os.path.join(root, path), "a", encoding="utf-8") as file:
            file.write(text + "\n")
    return "cc", root


def gate_command(root, files):
    for folder in ("core", "projections", "gateway"):
        shutil.copytree(os.path.join(ROOT, folder), os.path.join(root, folder))
    for path, text in files.items():
        write(root, path, text)
    return "cc", root


def format_command(root, files):
    for folder in ("core", "projections", "gateway", "adapters", "tools", "tests"):
        os.makedirs(os.path.join(root, folder))
    shutil.copy(os.path.join(ROOT, ".clang-format"), root)
    for path, text in files.items():
        write(root, path, text)
    return "--in", root


def unused_command(root, files):
    entries = []
    for path, text in files.items():
        source = write(root, path, text)
        made = os.path.join(root, path.replace(".c", ".o"))
        subprocess.run(["cc", "-c", source, "-o", made], check=True)
        entries.append({"file": source, "command": f"cc -c {source} -o {made}"})
    write(root, "compile_commands.json", json.dumps(entries))
    return (root,)


def script_finds(kind, cases, command):
    def judge(case):
        word, files = case
        with tempfile.TemporaryDirectory() as root:
            script = os.path.join(ROOT, "tools", "check-" + kind)
            done = subprocess.run([script, *command(root, files)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        words = word if isinstance(word, tuple) else (word or "",)
        if (done.returncode == 0) != (word is None) or any(one not in done.stdout for one in words):
            return f"{word} in {files}: exit {done.returncode}\n{done.stdout}"
    return judged(kind, cases, judge)


MODULES = {"layers": LAYERS, "words": WORDS, "readmes": READMES, "refusals": REFUSALS}
SCRIPTS = {"purity": (PURITY, purity_command), "format": (FORMAT, format_command), "unused": (UNUSED, unused_command),
           "gate": (GATE, gate_command)}
asked = sys.argv[1]
sys.exit(module_finds(asked, MODULES[asked]) if asked in MODULES else script_finds(asked, *SCRIPTS[asked]))
