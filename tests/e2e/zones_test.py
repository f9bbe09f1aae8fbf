#!/usr/bin/env python3
"""Time zones come from the system's tzdata: without it nothing starts, and says why; another release of it moves no instant that is in
the log, neither of a post that a person has scheduled nor of one that a series has made."""

import datetime
import os
import shutil
import subprocess

import harness
from harness import ROOT, later, wait_until

SYSTEMS = "/usr/share/zoneinfo"
DAY_S = 86400


def other_zones(folder):
    """What makes a process find its zone data in another folder: a function from that to its environment."""
    library = folder / "zoneinfo.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", library, ROOT / "tests/e2e/zoneinfo.c", "-ldl"], check=True,
                   timeout=60)
    asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    return lambda path: {"LD_PRELOAD": str(library), "OPENPOST_ZONEINFO": str(path), "ASAN_OPTIONS": asan}


class Zones(harness.Case):
    def setUp(self):
        super().setUp()
        self.data = self.world.data()
        self.zones = other_zones(self.data.path.parent)

    def begin(self, folder=None):
        service = harness.Serve(self.world, self.data, name="serve-other" if folder else "serve")
        service.start(self.zones(folder) if folder else None)
        self.api = service.api
        return service

    def test_without_zone_data_nothing_starts_and_the_package_is_named(self):
        empty = self.data.path.parent / "empty"
        empty.mkdir()
        for folder in (empty, "/nonexistent"):
            service = harness.Serve(self.world, self.data, name="serve-none")
            service.process.start(self.zones(folder), wait=False)
            self.assertNotIn(service.process.wait_end(60), (0, None))
            self.assertIn("openpost ledger: no time zones can be read in /usr/share/zoneinfo: install or repair the package tzdata",
                          service.process.output())
        service = self.begin()  # nothing was harmed
        self.assertEqual(self.api.get("/readyz").status, 200)
        service.stop()

    def test_another_release_moves_no_instant_that_is_in_the_log(self):
        folder = self.data.path.parent / "release"
        shutil.copytree(SYSTEMS, folder, symlinks=False, ignore=shutil.ignore_patterns("posix", "right"))
        shutil.copyfile(folder / "Asia/Tokyo", folder / "Europe/Berlin")
        service = self.begin()
        account = self.api.connect("alice.test")
        by_hand = self.api.publish("by hand", account, schedule={"at": later(20 * DAY_S)}, timezone="Europe/Berlin")
        start = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)).strftime("%Y-%m-%d")
        series = self.api.post("/v1/series", {"rule": {"frequency": "weekly", "time": "12:00", "timezone": "Europe/Berlin", "start": start},
                                              "content": {"text": "weekly"}, "targets": [{"integration_id": account["id"]}]}).json()

        def posts():
            return {post["id"]: post for post in self.api.get("/v1/posts?limit=200").json()["data"]}

        wait_until(lambda: len(posts()) == 10, 30, "nine weeks of it, and the one by hand")
        before = posts()
        ahead = self.api.get(f"/v1/series/{series['id']}/preview?limit=12").json()["data"]
        self.assertEqual(ahead[0]["publish_at_local"][10:19], "T12:00:00")
        service.stop()
        service = self.begin(folder)
        after = posts()
        self.assertEqual({one: post["publish_at"] for one, post in after.items()}, {one: post["publish_at"] for one, post in before.items()})
        self.assertEqual({post["publish_at_local"][-6:] for post in after.values()}, {"+09:00"}, "they are shown as the clocks go now")
        self.assertEqual(after[by_hand["id"]]["status"], "scheduled")
        then = self.api.get(f"/v1/series/{series['id']}/preview?limit=12").json()["data"]
        self.assertEqual(then[11]["publish_at_local"][10:], "T12:00:00+09:00", "what is still to be made is made by the wall clock")
        self.assertNotEqual(then[11]["publish_at"], ahead[11]["publish_at"])
        self.assertEqual([event["type"] for event in self.data.events()].count("post_scheduled"), 10, "nothing was scheduled again")
        service.stop()
        self.assert_verified_and_replayed(self.data)


if __name__ == "__main__":
    harness.main()
