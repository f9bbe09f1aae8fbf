#!/usr/bin/env python3
"""The processes of a running service are confined, and none shows a secret to who looks at it from outside: each has from
Landlock what this kernel gives, asked of the kernel here, and every thread of each has seccomp's filter and no_new_privs;
neither its arguments nor its environment, as /proc shows them, hold any of the
folder's secrets, as bytes, in hexadecimal or in base64."""

import base64
import ctypes
import re
from pathlib import Path

import harness

CONFINED = {"openpost-ledger", "openpost-bsky", "openpost-idp", "openpost-schedu", "openpost-gw"}  # the kernel keeps 15 characters
PARTS = ("ledger", "adapter", "identity", "scheduler", "gateway")  # as their journals call them
SYS_LANDLOCK_CREATE_RULESET = 444  # on every architecture
LANDLOCK_CREATE_RULESET_VERSION = 1


def landlock_abi():
    """0: the kernel has none, or it is switched off."""
    return max(0, ctypes.CDLL(None).syscall(SYS_LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION))


def written(secret):
    """The ways in which a secret may be written."""
    return secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret)


class Confinement(harness.Case):
    def test_each_process_says_that_it_has_all_that_the_kernel_gives(self):
        abi = landlock_abi()
        ports = "yes" if abi >= 4 else "no"
        print(f"Landlock's version here is {abi}: rules for files, ports: {ports}")
        service = self.world.serve()
        said = dict(re.findall(r" process=(\w+) what=confined (.*)", service.process.output()))
        self.assertEqual(said, dict.fromkeys(PARTS, f"landlock_abi={abi} files=yes ports={ports} calls=yes"))
        service.stop()

    def test_every_thread_is_filtered_and_no_secret_is_shown(self):
        service = self.world.serve()
        secrets = {path.name: path.read_bytes() for path in service.data.path.iterdir()
                   if path.suffix in (".key", ".secret", ".seed")}
        self.assertEqual(set(secrets), {"log.seed", "master.key", "wire.secret", "adapter-bluesky.key", "identity.key"})
        for name in secrets:
            self.assertEqual((service.data.path / name).stat().st_mode & 0o777, 0o600, name)
        processes = harness.children(service.process.child.pid)
        self.assertEqual(set(processes) & CONFINED, CONFINED)
        processes["openpost-serve"] = service.process.child.pid
        for name, pid in processes.items():
            shown = b"".join(Path(f"/proc/{pid}/{file}").read_bytes() for file in ("environ", "cmdline"))
            self.assertIn(b"PATH=", shown)
            for secret, value in secrets.items():
                for form in written(value):
                    self.assertNotIn(form, shown, f"{name} shows {secret}")
            for task in Path(f"/proc/{pid}/task").iterdir():
                status = (task / "status").read_text()
                self.assertIn("NoNewPrivs:\t1\n", status, name)
                self.assertIn(f"Seccomp:\t{2 if name in CONFINED else 0}\n", status, f"{name}, thread {task.name}")
        service.stop()


if __name__ == "__main__":
    harness.main()
