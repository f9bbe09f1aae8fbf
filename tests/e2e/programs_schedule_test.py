#!/usr/bin/env python3
"""What a program does through libopenpost with what schedules and makes posts: queues, series, templates, approvals, and what it asks
about them. What is done is read over HTTP; what is refused is refused there by the same code, and of the same value."""

import datetime
import json
import pathlib
import subprocess

import harness
from harness import later, wait_until
from programs_test import INVALID, OK, REFUSED, Calls

RHYTHM = pathlib.Path(harness.EXECUTABLE).parent / "openpost-rhythm"
NOBODY = {kind: f"{kind}_01ka0000000000000000000000" for kind in ("post", "tgt", "ser", "tpl", "int")}
ANY = {"If-Match": "*"}


def day(ahead):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=ahead)).strftime("%Y-%m-%d")


class Scheduling(Calls):
    def setUp(self):
        self.account = self.integration["id"]
        self.call("queue", self.account, "", "", "")

    def make(self, *arguments):
        """What it made: its id."""
        self.assertEqual(self.call(*arguments)[:3], (OK, "-", 1), arguments)
        return self.said()

    def said(self):
        return self.fault[2]

    def post(self, text, **more):
        answer = self.api.post("/v1/posts", {"content": {"text": text}, "targets": [{"integration_id": self.account}], **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def queue(self):
        return self.api.get(f"/v1/integrations/{self.account}/queue").json()

    # Queues

    def test_an_accounts_queue_is_changed_paused_and_resumed(self):
        self.assertEqual(self.call("queue", self.account, "Asia/Kathmandu", "sunday", "23:59")[:2], (OK, "-"))
        queue = self.queue()
        self.assertEqual((queue["timezone"], [(slot["weekday"], slot["time"]) for slot in queue["slots"]]),
                         ("Asia/Kathmandu", [("sunday", "23:59")]))
        self.assertEqual(self.call("pause-queue", self.account)[0], OK)
        self.assertTrue(self.queue()["paused"])
        self.assertEqual(self.call("resume-queue", self.account)[0], OK)
        self.assertEqual(self.call("queue", self.account, "", "", "")[0], OK)
        self.assertEqual((self.queue()["timezone"], self.queue()["slots"], self.queue()["paused"]), (None, [], False))

    def test_a_queue_that_cannot_be_so_is_refused(self):
        path = f"/v1/integrations/{self.account}/queue"
        self.assert_at_fault_as_over_http(self.call("queue", self.account, "Mars/Olympus", "monday", "09:00"),
                                          self.api.request("PATCH", path, {"timezone": "Mars/Olympus"}, ANY))
        for weekday, time in (("someday", "09:00"), ("monday", "24:00"), ("monday", "23:60")):
            self.assertEqual(self.call("queue", self.account, "", weekday, time)[0], INVALID, (weekday, time))
        self.assertEqual(self.call("pause-queue", NOBODY["post"])[0], INVALID)
        self.assertEqual(self.call("pause-queue", NOBODY["int"])[:2], (REFUSED, "not_found"))

    def test_a_post_takes_the_next_slot_and_two_change_places(self):
        self.call("queue", self.account, "", "monday", "09:00")
        first, second = self.post("first of two"), self.post("second of two")
        for post in (first, second):
            self.assertEqual(self.call("next-slot", post["id"])[:2], (OK, "-"))
        first, second = self.api.read_post(first), self.api.read_post(second)
        self.assertLess(first["publish_at"], second["publish_at"])
        self.assertEqual(self.call("swap", first["id"], first["targets"][0]["id"], second["id"], second["targets"][0]["id"])[:2],
                         (OK, "-"))
        self.assertEqual([self.api.read_post(post)["publish_at"] for post in (first, second)],
                         [second["publish_at"], first["publish_at"]])
        self.assertEqual(self.call("swap", first["id"], first["targets"][0]["id"], NOBODY["post"], NOBODY["tgt"])[0], REFUSED)
        self.assertEqual(self.call("swap", first["id"], "tgt_x", second["id"], "tgt_y")[0], INVALID)
        self.call("queue", self.account, "", "", "")
        third = self.post("no slot for it")
        self.assert_refused_as_over_http(self.call("next-slot", third["id"]),
                                         self.api.post(f"/v1/posts/{third['id']}/schedule", {"next_slot": True}))

    # Series

    def series(self, series):
        return self.api.get(f"/v1/series/{series}").json()

    def test_a_series_is_written_once_changed_paused_resumed_and_ended(self):
        series = self.make("series", self.account, day(2), "friday", "a good weekend", "weekend")
        self.assertEqual(self.make("series", self.account, day(2), "friday", "a good weekend", "weekend"), series, "the same key")
        self.assertEqual(self.call("series", self.account, day(2), "friday", "another", "weekend")[:2],
                         (REFUSED, "idempotency_key_reused"))
        shown = self.series(series)
        rule = shown["rule"]
        self.assertEqual((rule["frequency"], rule["weekdays"], rule["time"], rule["timezone"], rule["start"], rule["interval"]),
                         ("weekly", ["friday"], "17:00", "Europe/Berlin", day(2), 1))
        self.assertEqual((shown["content"]["text"], shown["targets"][0]["integration_id"]), ("a good weekend", self.account))
        wait_until(lambda: [post for post in self.api.get("/v1/posts?limit=200").json()["data"] if post["series_id"] == series], 30,
                   "posts of the series")
        self.assertEqual(self.call("rewrite", series, 1, self.account, day(3), "now and then")[:3], (OK, "-", 2))
        rule = self.series(series)["rule"]
        self.assertEqual((rule["frequency"], rule["weekdays"], rule["month_week"], rule["count"], rule["interval"]),
                         ("monthly", ["monday"], "last", 7, 2))
        self.assertEqual(self.call("rewrite", series, 1, self.account, day(3), "stale")[:2], (REFUSED, "version_mismatch"))
        for call, status in (("pause-series", "paused"), ("resume-series", "active"), ("keep-series", "ended")):
            self.assertEqual(self.call(call, series)[0], OK)
            self.assertEqual(self.series(series)["status"], status)
        self.assert_refused_as_over_http(self.call("resume-series", series), self.api.post(f"/v1/series/{series}/resume"))
        other = self.make("series", self.account, day(2), "monday", "the other way to end", "")
        self.assertEqual(self.call("end-series", other)[0], OK)

    def test_a_series_that_cannot_be_so_is_refused(self):
        body = {"rule": {"frequency": "weekly", "weekdays": ["friday"], "time": "17:00", "timezone": "Europe/Berlin", "start": day(2)},
                "content": {"text": "x"}, "targets": [{"integration_id": self.account}]}
        for wrong, said in (({"start": "2026-02-30"}, ("2026-02-30", "friday", "x")),):
            self.assert_at_fault_as_over_http(self.call("series", self.account, *said, ""),
                                              self.api.post("/v1/series", {**body, "rule": {**body["rule"], **wrong}}))
        self.assert_refused_as_over_http(self.call("series", self.account, day(2), "friday", " ", ""),
                                         self.api.post("/v1/series", {**body, "content": {"text": " "}}))
        endless = "x" * 60000  # more than a thread of parts holds
        self.assert_refused_as_over_http(self.call("series", self.account, day(2), "friday", endless, ""),
                                         self.api.post("/v1/series", {**body, "content": {"text": endless}}))
        self.assertEqual(self.call("series", self.account, day(2), "someday", "x", "")[0], INVALID)
        self.assertEqual(self.call("rewrite", NOBODY["ser"], 0, self.account, day(2), "x")[0], INVALID)
        self.assertEqual(self.call("pause-series", NOBODY["ser"])[:2], (REFUSED, "not_found"))

    # Templates

    def test_a_post_is_written_from_a_template_into_the_next_slot(self):
        self.call("queue", self.account, "", "monday", "09:00")
        template = self.make("template", "Release", "It is out: {{what}}", self.account)
        post = self.make_post("fill", template, self.account, "queues", "release queues")
        self.assertEqual(self.make_post("fill", template, self.account, "queues", "release queues"), post, "the same key")
        shown = self.api.get(f"/v1/posts/{post}").json()
        self.assertEqual((shown["content"]["text"], shown["status"], shown["template_id"]), ("It is out: queues", "scheduled", template))
        status, code, _, _ = self.call("fill", template, self.account, "", "")
        self.assertEqual((status, code, self.fault[0]), (REFUSED, "placeholder_missing", "/values"))
        self.assertEqual(self.call("reword", template, 1, "Out at last: {{what}}")[:3], (OK, "-", 2))
        now = self.api.get(f"/v1/templates/{template}").json()
        self.assertEqual((now["name"], now["content"]["text"], now["placeholders"][0]["default"], now["targets"]),
                         ("Reworded", "Out at last: {{what}}", "nothing", []))
        self.assertEqual(self.call("reword", template, 1, "stale")[:2], (REFUSED, "version_mismatch"))
        self.assertEqual(self.call("reword", template, 2, "{{nobody}}")[:2], (REFUSED, "placeholder_invalid"))
        self.assertEqual(self.call("delete-template", template)[0], OK)
        self.assertEqual(self.api.get(f"/v1/templates/{template}").status, 404)
        self.assertEqual(self.call("fill", template, self.account, "late", "")[:2], (REFUSED, "reference_not_found"))
        self.assertEqual(self.call("fill", NOBODY["post"], self.account, "late", "")[0], INVALID)

    def make_post(self, *arguments):
        self.assertEqual(self.call(*arguments)[:2], (OK, "-"))
        return self.said()

    # Approvals

    def test_exactly_what_was_looked_at_is_approved(self):
        self.assertEqual(self.api.request("PATCH", "/v1/workspace", {"approval_policy": "any_approver"}, ANY).status, 200)
        self.addCleanup(self.api.request, "PATCH", "/v1/workspace", {"approval_policy": "none"}, ANY)
        post = self.post("look first", schedule={"at": later(7200)})
        seen = post["approval"]["content_sha256"]
        for wrong in ("", seen[:-1], seen.upper() if seen.upper() != seen else "A" * 64, "g" * 64):
            self.assertEqual(self.call("approve", post["id"], wrong)[0], INVALID, wrong)
        self.assert_refused_as_over_http(self.call("approve", post["id"], "0" * 64),
                                         self.api.post(f"/v1/posts/{post['id']}/approve", {"content_sha256": "0" * 64}))
        self.assertEqual(self.call("approve", post["id"], seen)[:2], (OK, "-"))
        self.assertEqual(self.api.read_post(post)["approval"]["status"], "given")

    # Questions

    def asked(self, *arguments):
        self.assertEqual(self.call("ask", *arguments)[:2], (OK, "-"))
        return self.said()

    def test_any_question_is_answered_as_over_http(self):
        self.call("queue", self.account, "", "monday", "09:00")
        series = self.make("series", self.account, day(2), "friday", "asked about", "")
        template = self.make("template", "Asked", "About {{what}}", self.account)
        self.post("a needle in a haystack")
        wait_until(lambda: self.api.get(f"/v1/series/{series}/preview?limit=1").json()["data"][0]["post_id"], 30, "its first post")
        for question, path in ((("preview_series", "series_id", series), f"/v1/series/{series}/preview"),
                               (("get_series", "series_id", series), f"/v1/series/{series}"),
                               (("get_template", "template_id", template), f"/v1/templates/{template}"),
                               (("list_templates",), "/v1/templates"),
                               (("get_queue", "integration_id", self.account), f"/v1/integrations/{self.account}/queue"),
                               (("list_posts", "q", "needle hay"), "/v1/posts?q=needle+hay"),
                               (("list_posts", "q", '"in a haystack"'), "/v1/posts?q=%22in+a+haystack%22"),
                               (("list_posts", "q", "nowhere"), "/v1/posts?q=nowhere")):
            said, shown = self.asked(*question), self.api.get(path).json()
            self.assertEqual(json.loads(said), shown, question)
        self.assertEqual(self.call("ask", "get_series", "series_id", NOBODY["ser"])[:2], (REFUSED, "not_found"))
        self.assertEqual(self.call("ask", "get_series")[:2], (REFUSED, "parameter_invalid"))
        self.assertEqual(self.call("ask", "fly")[:2], (REFUSED, "query_unknown"))

    # The example that is installed

    def test_the_example_fills_a_queue_from_a_template_repeats_searches_and_approves(self):
        self.assertEqual(self.api.request("PATCH", "/v1/workspace", {"approval_policy": "any_approver"}, ANY).status, 200)
        self.addCleanup(self.api.request, "PATCH", "/v1/workspace", {"approval_policy": "none"}, ANY)
        done = subprocess.run([str(RHYTHM), self.address, self.service.data.key, self.account, "bluesky"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if not line.startswith("{"))
        post = self.api.get(f"/v1/posts/{said['scheduled']}").json()
        self.assertEqual((post["content"]["text"], post["status"]), ("OpenPost is out: queues and series", "scheduled"))
        self.assertEqual((post["approval"]["status"], post["approval"]["content_sha256"]), ("given", said["approved"]))
        self.assertIn(post["id"], done.stdout.splitlines()[-2], "the search finds it")
        self.assertEqual(self.series(said["series"])["status"], "active")
        self.assertEqual(self.api.get(f"/v1/templates/{said['template']}").json()["name"], "Release")


if __name__ == "__main__":
    harness.main()
