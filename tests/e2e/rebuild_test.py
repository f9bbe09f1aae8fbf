#!/usr/bin/env python3
"""The read models are made again beside processes that read them: nobody is told that what is there is not."""

import collections
import http.client
import os
import shutil
import signal
import time

import harness
from harness import later, wait_until

POSTS = 3000


class Rebuild(harness.Case):
    def child(self, service, name):
        """The id of serve's child of that name."""
        return next((pid for pid, known in harness.children_by_pid(service.process.child.pid).items() if known.startswith(name)), None)

    def count(self, service, words):
        return sum(1 for line in service.process.output().splitlines() if all(word in line for word in words))

    def ask(self, api, method, path, body=None):
        """Status and code; a connection that failed, while the gateway is started again, is no answer."""
        try:
            answer = api.request(method, path, body)
        except (OSError, http.client.HTTPException):
            return None
        return answer.status, answer.json().get("code") if answer.status >= 400 else None

    def kill_before_it_served(self, service, done):
        """kill -9 of the ledger as soon as it is ready for the (done + 1)th time."""
        wait_until(lambda: self.count(service, ["process=ledger", "what=ready"]) > done, 60, "a ledger that is ready")
        os.kill(self.child(service, "openpost-ledge"), signal.SIGKILL)

    def test_requests_during_a_rebuild_are_told_to_come_again_and_nothing_else(self):
        service = self.world.serve()
        api = service.api
        account = api.connect()
        for number in range(POSTS):
            api.persist("POST", "/v1/posts", {"content": {"text": f"post {number} " + "x" * 200}})
        post = api.publish("later", account, schedule={"at": later(7200)})
        head = api.figures()["openpost_ledger_head"]
        views = service.data.path / "views" / "data.mdb"
        before = os.stat(views).st_ino
        gateway = self.child(service, "openpost-gw")
        served = self.count(service, ["process=ledger", "what=ready"]) - 1
        for turn in range(3):  # three that end at once are one too many: what they read is not trusted
            if turn == 2:
                os.kill(gateway, signal.SIGSTOP)  # it holds the old file, and a request comes in the middle
            self.kill_before_it_served(service, served + turn)

        def is_begun():
            try:
                return os.stat(views).st_ino != before
            except FileNotFoundError:
                return False
        until = time.monotonic() + 30
        while not is_begun() and time.monotonic() < until:
            pass  # the rebuild lasts some tenths of a second
        ledger = self.child(service, "openpost-ledge")
        os.kill(ledger, signal.SIGSTOP)  # in the middle of the rebuild, for as long as it takes to look
        os.kill(gateway, signal.SIGCONT)
        seen = collections.Counter()
        asked = [("GET", "/v1/posts?limit=1", None), ("GET", f"/v1/posts/{post['id']}", None),
                 ("GET", "/v1/events?limit=1", None), ("POST", "/v1/posts", {}), ("GET", "/readyz", None)]

        def look(until):
            while time.monotonic() < until:
                for method, path, body in asked:
                    seen[path, self.ask(api, method, path, body)] += 1
        in_the_middle = self.count(service, ["what=rebuilt"]) == 0
        look(time.monotonic() + 4)
        self.assertTrue(in_the_middle)
        answers = {answer for (_, answer), _ in seen.items()} - {None, (503, "unavailable")}  # /readyz: it is stopping
        self.assertEqual(answers, {(503, "views_rebuilding")}, seen)
        os.kill(ledger, signal.SIGCONT)
        seen.clear()
        wait_until(lambda: look(time.monotonic() + 0.1) or seen["/readyz", (200, None)], 60, "a service that is ready")
        answers = {answer for (_, answer), _ in seen.items()} - {None}
        self.assertTrue(all(status in (200, 201, 503) for status, _ in answers), seen)
        self.assertEqual(api.read_post(post)["id"], post["id"])
        made = api.post("/v1/posts", {"content": {"text": "after"}})
        self.assertEqual(made.status, 201)
        self.assertEqual(api.get(f"/v1/posts/{made.json()['id']}").status, 200)
        service.stop()
        self.assertEqual([event for event in service.data.events(head) if event["type"] == "access_refused"], [])
        self.assert_verified_and_replayed(service.data)

    def recovers(self, service, post):
        wait_until(lambda: self.count(service, ["what=views_gone"]), 30, "the ledger's word for it")
        wait_until(lambda: self.count(service, ["what=rebuilt"]), 60, "a rebuild")
        wait_until(lambda: self.ask(service.api, "GET", "/readyz") == (200, None), 60, "a service that is ready")
        wait_until(lambda: self.ask(service.api, "GET", f"/v1/posts/{post['id']}") == (200, None), 30, "the post")
        made = service.api.persist("POST", "/v1/posts", {"content": {"text": "after"}})
        self.assertEqual(service.api.get(f"/v1/posts/{made.json()['id']}").status, 200)
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_read_models_that_were_taken_away_are_made_again(self):
        service = self.world.serve()
        post = service.api.publish("later", service.api.connect(), schedule={"at": later(7200)})
        shutil.rmtree(service.data.path / "views")
        self.recovers(service, post)

    def test_read_models_that_were_cut_short_are_made_again(self):
        service = self.world.serve()
        post = service.api.publish("later", service.api.connect(), schedule={"at": later(7200)})
        gone = self.count(service, ["what=ready"])
        os.truncate(service.data.path / "views" / "data.mdb", 8192 * 4)
        wait_until(lambda: self.count(service, ["what=ready"]) > gone, 60, "a process that was started again")
        wait_until(lambda: self.ask(service.api, "GET", "/readyz") == (200, None), 60, "a service that is ready")
        wait_until(lambda: self.ask(service.api, "GET", f"/v1/posts/{post['id']}") == (200, None), 30, "the post")
        service.stop()
        self.assert_verified_and_replayed(service.data)


if __name__ == "__main__":
    harness.main()
