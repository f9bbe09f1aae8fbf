#!/usr/bin/env python3
"""tests/check/readmes.py [ROOT]: what a README names must be there: the files of its tables and links, the scripts in tools/, and the
commands of openpost. Prints each that is not as file:line: what; exit 1 when there is any."""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "../..").resolve()
FILE = re.compile(r"[A-Za-z0-9_./-]*[A-Za-z0-9_-]\.(?:c|h|def|py|sh|md|json|js|cjs|txt|pc)")
PATH = re.compile(r"(?<![\w./-])(?:core|projections|gateway|adapters|tools|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_](?![\w*<-]|/[\w*<]|\.[\w*])")

# All files of ours; not asked of git, for a machine that has only the sources need not have it.
NOT_OURS = {"build", ".git", "node_modules"}
FILES = []
for where, inner, names in os.walk(ROOT):
    inner[:] = sorted(set(inner) - NOT_OURS)
    FILES += [pathlib.Path(where) / name for name in names]


def commands():
    """The commands that tools/openpost.c lists."""
    return set(re.findall(r'\{"([a-z]+)",', (ROOT / "tools/openpost.c").read_text()))


def is_there(folder, name):
    places = [ROOT / name, folder / name]
    if "/" not in name:  # a file that a page tells of by its name alone
        return any(place.exists() for place in places) or any(path.name == name for path in FILES)
    return any(place.exists() for place in places)


def judge(page):
    folder = page.parent
    known = commands()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for target in re.findall(r"\]\(([^)#:]+)\)", line):
            if not (folder / target).exists():
                yield number, f"a link to {target}, which is not there"
        for text in re.findall(r"`([^`]+)`", line) + ([line] if line.startswith("    ") else []):
            for name in PATH.findall(text):
                if not is_there(folder, name):
                    yield number, f"{name} is not there"
            if FILE.fullmatch(text) and not text.startswith(("_", "/")) and not is_there(folder, text):
                yield number, f"{text} is not there"
            for command in re.findall(r"(?:^|[/\s])openpost ([a-z]+)\b", text):
                if command not in known:
                    yield number, f"openpost has no command {command}"


pages = [path for path in FILES if path.name == "README.md"]
found = [f"{page.relative_to(ROOT)}:{line}: {what}" for page in pages for line, what in judge(page)]
print("\n".join(found + [f"readmes: {len(pages)} pages, {len(found)} faults"]))
sys.exit(1 if found or not pages or not commands() else 0)
