#!/usr/bin/env python3
"""Workspaces side by side: what one of them does to its own platform or drafts holds up no other."""

import json
import pathlib
import time

import harness
from harness import Api, run, wait_until

ACCOUNTS = 45
POSTS = 40  # 1,800 targets: more than an adapter is given at a time
SLOW_MS = 100_000
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


class Fairness(harness.Case):
    def workspace(self, service, slug):
        """Another one, by its owner's key."""
        made = run("workspace", "create", "--data", service.data.path, "--slug", slug, "--name", slug)
        return Api(service.port, next(line[5:] for line in made.stdout.splitlines() if line.startswith("key: ")))

    def test_a_platform_that_hangs_holds_up_no_other_workspace(self):
        hung, healthy = self.world.sandbox(name="hung"), self.world.sandbox(name="healthy")
        service = self.world.serve(sandbox=False, options=("--allow-loopback", f"{hung.api.port},{healthy.api.port}", "--rate-limit", "0"))
        api, other = service.api, self.workspace(service, "other")
        account = other.connect("other.test", service=healthy.url)
        accounts = [api.connect(f"a{n}.test", service=hung.url)["id"] for n in range(ACCOUNTS)]
        hung.rule("slow", times=0, value_ms=SLOW_MS)
        for n in range(POSTS):
            self.assertEqual(api.post("/v1/posts", {"content": {"text": f"hangs {n}"}, "schedule": {"now": True},
                                                    "targets": [{"integration_id": one} for one in accounts]}).status, 201)
        wait_until(lambda: service.api.figures()["openpost_ledger_targets_in_line"] > ACCOUNTS * (POSTS - 32), 60,
                   "most of them wait for those that are under way")
        for n in range(5):
            began = time.monotonic()
            post = other.wait_post(other.publish(f"goes {n}", account), "published", within_s=20)
            self.assertEqual(post["targets"][0]["attempts"], 1)
            self.assertLess(time.monotonic() - began, 20)
        started = [event for event in service.data.events() if event["type"] == "attempt_started"]
        self.assertLess(len(started), 1100, "what waits has not begun, and has no try the less")
        self.assertEqual(json.loads(api.get("/readyz").body)["status"], "ready")
        self.assertEqual((healthy.live()["posts"], healthy.live()["duplicates"]), (5, 0))

    def test_a_draft_of_fifty_accounts_is_measured_once(self):
        service = self.world.serve(options=("--rate-limit", "0"))
        api = service.api
        gateway = harness.children(service.process.child.pid)["openpost-gw"]

        def processor_s():
            fields = pathlib.Path(f"/proc/{gateway}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / 100

        accounts = [api.connect(f"b{n}.test")["id"] for n in range(50)]
        parts = [{"text": FAMILY * 1000} for _ in range(25)]
        drafts = [api.post("/v1/posts", {"content": {"parts": parts}, "targets": [{"integration_id": one} for one in some]}).json()
                  for some in (accounts[:1], accounts)]
        costs = []
        for draft in drafts:
            before = processor_s()
            for _ in range(20):
                shown = api.read_post(draft)
            costs.append(processor_s() - before)
            self.assertEqual({one["code"] for target in shown["targets"] for one in target["violations"]}, {"too_many_parts"})
        self.assertLess(costs[1], 5 * costs[0] + 0.2, "fifty alike cost little more than one")


if __name__ == "__main__":
    harness.main()
