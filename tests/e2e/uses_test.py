#!/usr/bin/env python3
"""When a key was last used: the log tells each hour of it once, by HTTP and over RPC, and nothing of keys that open nothing."""

import os
import pathlib
import subprocess
import time

import harness
from harness import Api

EXAMPLE = pathlib.Path(os.environ.get("OPENPOST_EXAMPLE", pathlib.Path(harness.EXECUTABLE).parent / "openpost-example"))


class Uses(harness.Case):
    def uses(self, service):
        """(key, hour) of each use that the log tells of, with the workspace that it is told in."""
        events = [event for event in service.data.events() if event["type"] == "credentials_used"]
        return [(use["credential_id"], use["used_at"], event["workspace_id"]) for event in events for use in event["data"]["uses"]]

    def key_id(self, service, name):
        listed = harness.run("key", "list", "--data", service.data.path).stdout
        return next(word for line in listed.splitlines() if name in line for word in line.split() if word.startswith("key_"))

    def test_a_key_that_is_used_all_the_time_is_told_of_once_an_hour(self):
        service = self.world.serve()
        before = time.time()
        viewer = Api(service.port, service.data.another_key("reader", "viewer"))
        Api(service.port, "op_reader_" + "a" * 43).get("/v1/posts")
        for _ in range(20):
            self.assertEqual(viewer.get("/v1/posts").status, 200)
        harness.wait_until(lambda: self.uses(service), 10, "told")
        for _ in range(20):
            self.assertEqual(viewer.get("/v1/posts").status, 200)
        told = self.uses(service)
        self.assertIn(told[0][1], [time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(at)) for at in (before, time.time())])
        self.assertIn([told[0][0], told[0][2]], [[self.key_id(service, "reader"), None]])
        self.assertEqual(len(told), len(set(told)))

    def test_a_key_that_only_a_program_uses_is_told_of_too(self):
        port = harness.free_port()
        service = self.world.serve(self.world.data(), options=("--rpc", f"127.0.0.1:{port}"))
        key = service.data.another_key("program", "editor")
        subprocess.run([str(EXAMPLE), f"tcp://127.0.0.1:{port}", key], stdout=subprocess.DEVNULL, timeout=60, check=False)
        own = self.key_id(service, "program")
        harness.wait_until(lambda: own in [use[0] for use in self.uses(service)], 10, "told")


if __name__ == "__main__":
    harness.main()
