#!/usr/bin/env python3
"""The first hour of the top README, line by line as a reader pastes it: each line ends well and prints what stands behind it."""

import re
import socket

import harness

README = harness.ROOT / "README.md"
MARK = "\x1e"  # ends what one line printed; no line of ours prints it


def lines_of(page, title):
    """(line, [what it prints]) for each command line in the fenced `sh` blocks of a section."""
    section = page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("# "):
                found[-1][1].append(line.removeprefix("# "))
            else:
                found.append((line, []))
    return found


def form_of(expected):
    """What matches the lines; … stands for any text within one."""
    return "".join(re.escape(line).replace("…", ".*") + "\n" for line in expected)


class FirstHour(harness.Case):
    def run_lines(self, commands, port):
        """Runs the lines one after the other in one shell, where nothing is but the built executable, with this port instead of the
        page's; returns [(exit code, printed)] of each. What the shell has started ends with it."""
        folder = self.world.folder
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/openpost").symlink_to(harness.EXECUTABLE)
        script = "".join(f"{command}\nprintf '{MARK}%d{MARK}' $?\n" for command in commands)
        theirs, ours = "127.0.0.1:8181", f"127.0.0.1:{port}"
        (folder / "script").write_text(script.replace(theirs, ours) + "cat journal\n", encoding="utf-8")
        shell = self.world.process("shell", ["bash", folder / "script"], folder=folder)
        shell.start(env={"TMPDIR": str(folder)}, wait=False)
        shell.wait_end(120)
        pieces = shell.output().replace(ours, theirs).split(MARK)
        self.assertEqual(len(pieces), 2 * len(commands) + 1, "the shell stopped early")
        return [(int(code), printed) for printed, code in zip(pieces[::2], pieces[1::2])]

    def test_every_line_of_the_first_hour_does_what_the_page_says(self):
        lines = lines_of(README.read_text(encoding="utf-8"), "The first hour")
        self.assertGreater(len(lines), 20)
        self.assertNotIn("127.0.0.1:8080", "".join(command for command, _ in lines), "tools/run, before these lines, may serve there")
        ended = self.run_lines([command for command, _ in lines], harness.free_port())
        for (command, expected), (code, printed) in zip(lines, ended, strict=True):
            self.assertEqual(code, 0, f"{command}\n{printed}")
            self.assertRegex(printed, f"^{form_of(expected)}$", command)

    def test_where_another_program_has_the_port_the_lines_say_so_and_end(self):
        commands = [command for command, _ in lines_of(README.read_text(encoding="utf-8"), "The first hour")]
        with socket.create_server(("127.0.0.1", 0)) as other:
            ended = self.run_lines(commands[:commands.index("ready") + 1], other.getsockname()[1])
        code, printed = ended[-1]
        self.assertEqual((code, printed), (1, "openpost serve: --listen 127.0.0.1:8181: another program listens there\n"))


if __name__ == "__main__":
    harness.main()
