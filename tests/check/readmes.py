#!/usr/bin/env python3
"""tests/check/readmes.py [ROOT]: what a README names must be there: the files of its tables and links, the scripts in tools/, and the
commands of openpost; and a README with a table of files names every source beside it, by its name, a pattern, or its header's.
Prints each that is not as file:line: what; exit 1 when there is any."""
import fnmatch
import os
import pathlib
import re
import sys

FILE = re.compile(r"[A-Za-z0-9_./-]*[A-Za-z0-9_-]\.(?:c|h|def|py|sh|md|json|js|cjs|txt|pc)")
PATH = re.compile(r"(?<![\w./-])(?:core|projections|gateway|adapters|tools|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_](?![\w*<-]|/[\w*<]|\.[\w*])")
SOURCES = (".c", ".h", ".def", ".py")

# All files of ours; not asked of git, for a machine that has only the sources need not have it.
NOT_OURS = {"build", ".git", "node_modules"}


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = []
        for where, inner, names in os.walk(self.root):
            inner[:] = sorted(set(inner) - NOT_OURS)
            self.files += [pathlib.Path(where) / name for name in names]
        self.pages = [path for path in self.files if path.name == "README.md"]
        listing = self.root / "tools/openpost.c"
        self.commands = set(re.findall(r'\{"([a-z]+)",', listing.read_text())) if listing.exists() else set()

    def is_there(self, folder, name):
        places = [self.root / name, folder / name]
        if "/" not in name:  # a file that a page tells of by its name alone
            return any(place.exists() for place in places) or any(path.name == name for path in self.files)
        return any(place.exists() for place in places)

    def absent(self, page):
        """What the page names and is not there."""
        folder, fenced = page.parent, False
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for target in re.findall(r"\]\(([^)#:]+)\)", line):
                if not (folder / target).exists():
                    yield number, f"a link to {target}, which is not there"
            fenced ^= line.startswith("```")
            for text in re.findall(r"`([^`]+)`", line) + ([line] if fenced or line.startswith("    ") else []):
                for name in PATH.findall(text):
                    if not self.is_there(folder, name):
                        yield number, f"{name} is not there"
                if FILE.fullmatch(text) and not text.startswith(("_", "/")) and not self.is_there(folder, text):
                    yield number, f"{text} is not there"
                for command in re.findall(r"(?:^|[/\s])openpost ([a-z]+)\b", text):
                    if command not in self.commands:
                        yield number, f"openpost has no command {command}"

    def unnamed(self, page):
        """Sources beside a page that has a table of files and does not name them."""
        text = page.read_text()
        table = re.search(r"^\| file \|", text, re.MULTILINE)
        words = [word for code in re.findall(r"`([^`]+)`", text) for word in re.split(r"[ ,]+", code)]
        for path in sorted(page.parent.iterdir()) if table else ():
            names = (path.name, path.stem, path.stem + ".c", path.stem + ".h")
            if path.suffix in SOURCES and not any(fnmatch.fnmatch(name, word) for word in words for name in names):
                yield text[:table.start()].count("\n") + 1, f"the table does not name {path.name}"


def violations(root):
    """(how many pages, [file:line: what])"""
    tree = Tree(root)
    return len(tree.pages), [f"{page.relative_to(tree.root)}:{line}: {what}" for page in tree.pages
                             for line, what in (*tree.absent(page), *tree.unnamed(page))]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "../.."
    count, found = violations(root)
    print("\n".join(found + [f"readmes: {count} pages, {len(found)} faults"]))
    return 1 if found or not count or not Tree(root).commands else 0


if __name__ == "__main__":
    sys.exit(main())
