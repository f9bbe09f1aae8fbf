#!/usr/bin/env python3
"""tests/check/planted.py layers|words|readmes: plants one violation at a time into an empty tree and expects tools/check-layers,
tools/check-words or readmes.py to find it, at its place, and to find nothing in a tree without."""
import importlib.machinery
import importlib.util
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKS = {"layers": "../../tools/check-layers", "words": "../../tools/check-words", "readmes": "readmes.py"}
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
    (GOOD, "core/store/store_lmdb.c", "#include <lmdb.h>"),
    (FOUND, "core/store/store_memory.c", "#include <lmdb.h>"),
    (FOUND, "gateway/a.c", "#include <unknown_library.h>"),
    (FOUND, "gateway/a.c", "#include <check.h>"),
    (GOOD, "tests/unit/a_test.c", '#include <check.h>\n#include "core/log/log.h"\n#include "gateway/gateway.h"'),
]
HEADERS = """core/base/span.h core/base/journal.h core/base/clock.h core/log/log.h core/decider/post.h core/ledger/data.h
core/ledger/projection.h gateway/gateway.h projections/posts.h""".split()

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
    (FOUND, "gateway/a.c", "assert(x);"),
    (GOOD, "gateway/a.c", "#define ASSERT(x) static_assert(x)"),
    (FOUND, "gateway/a.h", "typedef struct thing thing;"),
    (FOUND, "gateway/a.h", "typedef struct {"),
    (GOOD, "gateway/a.h", "typedef struct name_ self;\ntypedef enum err (*step)(void);\ntypedef struct x *(*make)(void);"),
    (FOUND, "gateway/a.c", "#if 0"),
    (FOUND, "gateway/README.md", "FIX" "ME: later"),
    (FOUND, "tools/script", "# a st" "ub"),
    (FOUND, "gateway/a.c", "/* not imple" "mented yet */"),
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


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)
    return full


def main(kind):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("tool", os.path.join(HERE, CHECKS[kind]))
    tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("tool", loader))
    loader.exec_module(tool)
    failed = 0
    cases = {"layers": LAYERS, "words": WORDS, "readmes": READMES}[kind]
    with tempfile.TemporaryDirectory() as root:
        for path in HEADERS:
            write(root, path, "")
        for found, path, text in cases:
            planted = write(root, path, text)
            violations = tool.violations(root)[1]
            os.remove(planted)
            if found != bool(violations) or any(not one.startswith(path + ":") for one in violations):
                failed += 1
                print(f"{path}: {text[:60]!r}: {violations or 'nothing found'}")
    print(f"{kind}: {len(cases)} trees, {failed} judged wrongly")
    return 1 if failed else 0


sys.exit(main(sys.argv[1]))
