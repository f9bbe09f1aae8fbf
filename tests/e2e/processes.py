"""One process of a test: its output, its readiness, its end; its children; a port for it; and waiting for what is to come."""

import itertools
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

READY_WITHIN_S = 60
POLL_S = 0.05
COMPLAINTS = ("runtime error:", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "level=fatal bug=",
              "what=child_left_its_confinement")


def wait_until(condition, within_s, what):
    """Returns the first true value of condition(), or fails after within_s seconds."""
    end = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {within_s} s: not yet {what}")
        time.sleep(POLL_S)


def children_by_pid(pid):
    """{pid: name}, of all threads'; the kernel cuts names at 15 characters. One that ends between the two questions is none."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                found[int(child)] = pathlib.Path(f"/proc/{child}/comm").read_text().strip()
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def children(pid):
    """{name: pid}, likewise."""
    return {name: child for child, name in children_by_pid(pid).items()}


_ports = itertools.count(random.randrange(6000))


def free_port():
    """A loopback port below those that the kernel gives to outgoing connections, so that a process that was killed
    finds its port free again, and below those that `openpost serve` chooses for itself."""
    for candidate in _ports:
        port = 10000 + candidate % 6000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Process:
    """One process, its output in a file, its readiness on a pipe as `openpost serve` has it."""

    def __init__(self, folder, name, argv, limits=None, cwd=None):
        self.name, self.argv, self.limits, self.cwd = name, [str(arg) for arg in argv], limits, cwd
        self.log_path = pathlib.Path(folder) / f"{name}.txt"
        self.child, self.ready_fd = None, -1

    def start(self, env=None, wait=True):
        assert self.child is None, f"{self.name} runs already"
        self.ready_fd, theirs = os.pipe()
        os.set_blocking(self.ready_fd, False)
        environment = dict(os.environ, OPENPOST_READY_FD=str(theirs), OPENPOST_PARENT="1", **(env or {}))
        with open(self.log_path, "ab") as out:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
                                          pass_fds=[theirs], preexec_fn=self.limits, cwd=self.cwd)
        os.close(theirs)
        if wait:
            self.wait_ready()
        return self

    def is_ready(self):
        try:
            return os.read(self.ready_fd, 1) == b"R"
        except BlockingIOError:
            return False

    def wait_ready(self):
        def ready():
            assert self.alive(), f"{self.name} ended with {self.child.returncode}:\n{self.tail()}"
            return self.is_ready()
        wait_until(ready, READY_WITHIN_S, f"ready: {self.name}")

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def wait_end(self, within_s=20):
        """Waits for its end and returns its exit code (negative: a signal's number)."""
        if self.child is None:
            return None
        try:
            code = self.child.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"after {within_s} s {self.name} still runs:\n{self.tail()}") from None
        os.close(self.ready_fd)
        self.child, self.ready_fd = None, -1
        return code

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait_end()

    def kill9(self):
        self.signal(signal.SIGKILL)
        return self.wait_end()

    def discard(self):
        """For the end of a test, whatever state the process is in."""
        self.signal(signal.SIGTERM)
        try:
            self.wait_end(15)
        except AssertionError:
            self.kill9()

    def output(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines=25):
        return "\n".join(self.output().splitlines()[-lines:])

    def complaints(self):
        """What a sanitizer, or our own assertions, said."""
        lines = self.output().splitlines()
        found = [at for at, line in enumerate(lines) if any(word in line for word in COMPLAINTS)]
        return "\n".join(lines[found[0]:found[0] + 30]) if found else ""
