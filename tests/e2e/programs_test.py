#!/usr/bin/env python3
"""Other programs over RPC, as the examples drive it: libopenpost, and a shell with nngcat. Against the confined ledger, which can
open no file any more when it is asked."""

import os
import pathlib
import subprocess

import harness

EXAMPLE = pathlib.Path(os.environ.get("OPENPOST_EXAMPLE", pathlib.Path(harness.EXECUTABLE).parent / "openpost-example"))


class Programs(harness.Case):
    def drive(self, command):
        port = harness.free_port()
        service = self.world.serve(self.world.data(), options=("--rpc", f"127.0.0.1:{port}"))
        done = subprocess.run([str(command), f"tcp://127.0.0.1:{port}", service.data.key], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_the_librarys_example_writes_reads_and_follows(self):
        said = self.drive(EXAMPLE)
        self.assertIn("Written by a program over RPC.", said)
        self.assertIn("post_created", said)
        self.assertIn("followed up to", said)

    def test_a_shell_with_nngcat_writes_and_reads(self):
        said = self.drive(harness.ROOT / "tools/example/rpc.sh")
        self.assertIn("created post_", said)
        self.assertIn("Written with nngcat.", said)


if __name__ == "__main__":
    harness.main()
