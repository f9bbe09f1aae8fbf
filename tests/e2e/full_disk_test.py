#!/usr/bin/env python3
"""A full disk: what people ask for is refused, what is scheduled is still published from the reserve, nothing is lost."""

import os
import resource
import subprocess
import sys

import harness
from harness import Parts, Serve, later, wait_until

PAGE_OF_TEXT = "x" * 60000


def child_of(serve, name):
    return harness.children(serve.process.child.pid)[name]


def fill_file_system(path):
    """Writes zeros until not one byte more fits."""
    with open(path, "wb", buffering=0) as balloon:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    balloon.write(bytes(size))
            except OSError:
                pass


class FullDisk(harness.Case):
    def mounted(self, mib=400):
        """A small file system of the test's own, gone with it."""
        folder = self.world.folder / f"small{mib}"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=False)
        return folder

    def test_a_disk_that_is_too_small_is_left_empty(self):
        for mib in (40, 100, 158):
            data = self.mounted(mib) / "data"
            refused = harness.run("init", "--data", data)
            self.assertEqual(refused.returncode, 71, refused)
            self.assertIn("160 MiB are needed", refused.stderr)
            self.assertEqual(list(data.iterdir()), [])
            link = self.world.folder / f"link{mib}"
            link.symlink_to(data)
            self.assertEqual(harness.run("init", "--data", link).returncode, 71)
            self.assertEqual(list(data.iterdir()), [])
        self.assertEqual(harness.run("init", "--data", self.mounted(164) / "data").returncode, 0)

    def assert_unsent(self, api, sandbox, post):
        """Else what goes out would be no proof of what a full disk leaves possible."""
        self.assertEqual(api.read_post(post)["status"], "queued")
        self.assertEqual(sandbox.texts(), [])

    def assert_comes_back(self, interrupt):
        """On a disk without one free byte: the ledger ends, starts again, and what is scheduled goes out."""
        sandbox = self.world.sandbox()
        folder = self.mounted()
        data = harness.Data(folder / "data")
        service = Serve(self.world, data, sandbox=False, options=("--allow-loopback", str(sandbox.api.port))).start()
        integration = service.api.connect(service=sandbox.url)
        post = service.api.publish("after the kill", integration, schedule={"at": later(12)})
        fill_file_system(folder / "balloon")
        self.assert_unsent(service.api, sandbox, post)
        interrupt(service)
        self.assertEqual(service.api.wait_post(post, "published", "failed", within_s=60)["status"], "published")
        self.assertEqual(sandbox.texts(), ["after the kill"])
        (folder / "balloon").unlink()
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_on_a_full_disk_a_killed_ledger_comes_back_and_publishes_what_is_scheduled(self):
        self.assert_comes_back(lambda service: os.kill(child_of(service, "openpost-ledger"), 9))

    def test_on_a_full_disk_the_service_starts_again_and_publishes_what_is_scheduled(self):
        def restart(service):
            service.stop()
            service.start()
        self.assert_comes_back(restart)

    def fill(self, api):
        """Writes large drafts until one is refused; returns the acknowledged ids."""
        made = []
        for _ in range(2000):
            answer = api.post("/v1/posts", {"content": {"text": PAGE_OF_TEXT}})
            if answer.status != 201:
                problem = self.assert_problem(answer, 503, "storage_full")
                self.assertIs(problem["retryable"], True)
                self.assertIsNotNone(answer.headers["Retry-After"])
                return made
            made.append(answer.json()["id"])
        self.fail("2000 drafts of 60 KB fit")

    def fill_and_publish(self, api, data, sandbox, integration, post, stop):
        acknowledged = self.fill(api)
        self.assertGreater(len(acknowledged), 3)
        self.assert_unsent(api, sandbox, post)
        self.assert_problem(api.post("/v1/posts", {"content": {"text": PAGE_OF_TEXT}}), 503, "storage_full")
        self.assertEqual(api.wait_post(post, "published", "failed", within_s=60)["status"], "published")
        self.assertEqual(sandbox.texts(), ["from the reserve"])
        for post_id in acknowledged:
            self.assertEqual(api.get("/v1/posts/" + post_id).status, 200)
        stop()
        self.assertGreater(self.assert_verified_and_replayed(data), len(acknowledged))
        print(f"{len(acknowledged)} drafts of 60 KB were acknowledged before the disk was full")

    def test_a_small_map_refuses_new_posts_and_publishes_from_the_reserve(self):
        sandbox = self.world.sandbox()
        parts = Parts(self.world, self.world.data(), [sandbox.api.port], log_map_mib=8, service=sandbox.url).start()
        integration = parts.api.connect()
        post = parts.api.publish("from the reserve", integration, schedule={"at": later(12)})
        self.fill_and_publish(parts.api, parts.data, sandbox, integration, post, parts.stop)

    def test_a_file_size_limit_refuses_new_posts_and_publishes_from_the_reserve(self):
        data = self.world.data()
        self.world.serve(data, name="before").stop()  # vault and views are sparse files of their full size from now on
        log = data.path / "log" / "data.mdb"
        limit = log.stat().st_size + (1 << 20)
        service = Serve(self.world, data,
                        limits=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))).start()
        integration = service.api.connect()
        post = service.api.publish("from the reserve", integration, schedule={"at": later(15)})
        self.fill_and_publish(service.api, data, service.sandbox, integration, post, service.stop)
        self.assertNotIn("child_ended", service.process.output(), "a full disk ended a process")
        wider = self.world.serve(data, name="wider")
        self.assertEqual(wider.api.post("/v1/posts", {"content": {"text": PAGE_OF_TEXT}}).status, 201)


def have_mounts_of_our_own():
    """Goes on in a name space where this program may mount: as root in one of mounts, else in one of users as well."""
    if "OPENPOST_OWN_MOUNTS" not in os.environ:
        os.environ["OPENPOST_OWN_MOUNTS"] = "1"
        # In a chroot the root is no mount point, whose propagation could be changed: what is mounted here is also unmounted.
        flags = ["-m", "--propagation", "unchanged"] if os.geteuid() == 0 else ["-rm"]
        os.execvp("unshare", ["unshare", *flags, sys.executable, "-B", *sys.argv])


if __name__ == "__main__":
    have_mounts_of_our_own()
    harness.main()
