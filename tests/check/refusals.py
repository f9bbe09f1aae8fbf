#!/usr/bin/env python3
"""tests/check/refusals.py [ROOT]: whatever error.def says can be told, a test expects: "code" or REFUSED_code stands in it, or the word in a story. Of the layer
DECIDER stories_decider_test.c asks for more: that a story is refused so. Prints each that none expects as file:line: what; exit 1
when there is any."""
import pathlib
import re
import sys

DECLARED = "core/message/error.def"
KINDS = ("contract", "e2e", "real", "sim", "trace", "unit")
NO_PROOF = ("message_test.c",)  # its table holds codes against statuses, and provokes none


def violations(root):
    """(how many codes, [file:line: what])"""
    root = pathlib.Path(root)
    declared = [(number, found[1]) for number, line in enumerate((root / DECLARED).read_text().splitlines(), 1)
                if (found := re.match(r"REFUSAL\((\w+),(?!.*\bDECIDER,)", line))]
    expected = set()
    for path in (path for kind in KINDS for path in (root / "tests" / kind).rglob("*")):
        if path.suffix in (".c", ".h", ".py") and path.name not in NO_PROOF and "node_modules" not in path.parts:
            words = r"\b([a-z_]+)\b" if path.name.endswith("_stories.h") else r'\bREFUSED_([a-z_]+)|\b([a-z_]+)\\?"'
            expected.update(word for found in re.finditer(words, path.read_text()) for word in found.groups())
    return len(declared), [f"{DECLARED}:{line}: no test expects {code}" for line, code in declared if code not in expected]


def main():
    count, found = violations(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "../..")
    print("\n".join(found + [f"refusals: {count} codes, {len(found)} that no test expects"]))
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
