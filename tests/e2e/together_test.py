#!/usr/bin/env python3
"""What schedules posts, together: series, queues, templates and approvals each keep their promise where another one comes in. Time
passes by a wall clock that is ahead (later.c), between a stop and a start."""

import datetime
import json
import time

import harness
from approvals_test import approve, set_policy
from frames import Rpc, derive, mint, tag_key
from harness import far, later, run, seconds_of, wait_until
from queue_test import DAYS
from seeds_scheduling_test import NewYork
from workspace_end_test import clock_ahead

ANY, NEXT = {"If-Match": "*"}, {"schedule": {"next_slot": True}}
CREATE_SERIES, CHANGE_SERIES = 180, 181


class Together(NewYork):
    """No case leaves a policy or a series behind that another would meet, and each has accounts of its own."""

    def policy(self, policy):
        set_policy(self, self.api, policy)
        self.addCleanup(set_policy, self, self.api, "none")

    def done(self, method, path, body=None, **headers):
        answer = self.api.request(method, path, body, headers)
        self.assertLess(answer.status, 300, (method, path, answer))
        return answer.json() if answer.body else None

    def slots(self, account, *times):
        slots = [{"weekday": day, "time": at} for day in DAYS for at in times]
        return self.done("PATCH", f"/v1/integrations/{account['id']}/queue", {"slots": slots, "timezone": "UTC"}, **ANY)

    def series(self, account, minutes=120, count=5, **more):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        rule = {"frequency": "daily", "time": at.strftime("%H:%M"), "timezone": "UTC", "start": at.strftime("%Y-%m-%d"), "count": count}
        made = self.done("POST", "/v1/series", {"rule": rule, "content": {"text": "every day"},
                                                "targets": [{"integration_id": account["id"]}], **more})
        self.addCleanup(self.api.post, f"/v1/series/{made['id']}/end")
        return made

    def posts(self, series, *statuses):
        query = "".join(f"&status={one}" for one in statuses)
        page = self.done("GET", "/v1/posts?limit=200&order=publish_at" + query)
        return [post for post in page["data"] if post["series_id"] == series["id"]]

    def wait_posts(self, series, count, *statuses):
        wait_until(lambda: len(self.posts(series, *statuses)) == count, 60, f"{count} posts are {statuses}")
        return self.posts(series, *statuses)

    # Series and approvals.

    def test_each_post_of_a_series_waits_for_its_approval_and_an_edit_of_the_series_makes_it_void(self):
        self.policy("any_approver")
        series = self.series(self.api.connect("approved-series.test"), count=3)
        posts = self.wait_posts(series, 3, "scheduled")
        self.assertEqual({post["approval"]["status"] for post in posts}, {"wanted"})
        given = approve(self.api, posts[0]).json()["approval"]
        self.assertEqual(given["status"], "given")
        self.assertEqual([self.api.read_post(post)["approval"]["status"] for post in posts], ["given", "wanted", "wanted"])
        self.done("PATCH", f"/v1/series/{series['id']}", {"content": {"text": "another text"}}, **ANY)
        void = wait_until(lambda: (one := self.api.read_post(posts[0]))["content"]["text"] == "another text" and one, 30, "it follows")
        self.assertEqual((void["approval"]["status"], void["approval"]["by"]), ("void", None))
        self.assert_problem(approve(self.api, posts[0], given["content_sha256"]), 409, "approval_stale")
        self.assertEqual(approve(self.api, posts[0]).json()["approval"]["status"], "given")
        self.done("POST", f"/v1/series/{series['id']}/pause")
        self.wait_posts(series, 3, "cancelled")

    def test_an_approval_is_no_touch_by_hand(self):
        """Who approves one changes nothing of it: it goes on following its series."""
        self.policy("any_approver")
        series = self.series(self.api.connect("untouched.test"), count=2)
        posts = self.wait_posts(series, 2, "scheduled")
        self.assertEqual(approve(self.api, posts[1]).status, 200)
        self.done("PATCH", f"/v1/series/{series['id']}", {"labels": ["follows"]}, **ANY)
        wait_until(lambda: all(self.api.read_post(post)["labels"] == ["follows"] for post in posts), 30, "both follow")

    # Series and queues.

    def test_posts_of_a_series_fill_the_slots_that_they_fall_on_and_a_pause_frees_them(self):
        account = self.api.connect("slots-of-series.test")
        series = self.series(account, count=3)
        posts = self.wait_posts(series, 3, "scheduled")
        self.slots(account, series["rule"]["time"])
        held = self.done("GET", f"/v1/integrations/{account['id']}/queue/preview?n=4")["data"]
        self.assertEqual([[one["post_id"] for one in occurrence["holders"]] for occurrence in held], [[post["id"]] for post in posts] + [[]])
        self.assertEqual(self.api.publish("behind the series", account, **NEXT)["publish_at"], held[3]["at"])
        self.done("POST", f"/v1/series/{series['id']}/pause")
        self.wait_posts(series, 3, "cancelled")
        self.assertEqual(self.api.publish("in its place", account, **NEXT)["publish_at"], held[0]["at"])

    # Queues and approvals.

    def test_a_post_that_changes_places_in_its_queue_is_approved_again(self):
        self.policy("any_approver")
        account = self.api.connect("places.test")
        self.slots(account, "06:00", "18:00")
        one, two = (self.api.publish(text, account, **NEXT) for text in ("first", "second"))
        self.assertEqual([approve(self.api, post).status for post in (one, two)], [200, 200])
        body = {"post_id": two["id"], "target_id": two["targets"][0]["id"]}
        self.done("POST", f"/v1/posts/{one['id']}/targets/{one['targets'][0]['id']}/swap", body)
        now = [self.api.read_post(post) for post in (one, two)]
        self.assertEqual([post["publish_at"] for post in now], [two["publish_at"], one["publish_at"]])
        self.assertEqual([post["approval"]["status"] for post in now], ["void", "void"], "the bytes name their instants")
        self.assertEqual([approve(self.api, post).status for post in now], [200, 200])

    # Templates and queues.

    def test_cancelling_the_target_that_led_frees_its_slot_and_the_others_go_on(self):
        leader, other = self.api.connect("leader.test"), self.api.connect("led.test")
        queue = self.slots(leader, "06:00", "18:00")
        template = self.done("POST", "/v1/templates", {"name": "led", "content": {"text": "x"}, "default_queue": queue["id"],
                                                       "targets": [{"integration_id": one["id"]} for one in (leader, other)]})
        path = f"/v1/templates/{template['id']}/instantiate"
        first, second = (self.done("POST", path, NEXT) for _ in range(2))
        self.done("POST", f"/v1/posts/{first['id']}/targets/{first['targets'][0]['id']}/cancel")
        self.assertEqual([one["publish_at"] for one in self.api.read_post(first)["targets"]][1], first["publish_at"], "it stays")
        self.assertEqual(self.api.publish("in the place", leader, **NEXT)["publish_at"], first["publish_at"])
        self.assertGreater(second["publish_at"], first["publish_at"])
        self.assert_problem(self.api.post(f"/v1/posts/{first['id']}/schedule", {"next_slot": True}), 409, "queue_empty")  # its own is

    # Over RPC.

    def test_another_programs_series_is_held_to_what_its_channels_take_and_shown_as_over_http(self):
        account, rpc = self.api.connect("rpc-series.test"), Rpc(self.service.rpc_port, tag_key(self.key))
        self.addCleanup(rpc.close)
        series = mint("ser")
        fields = {"series_id": series, "timezone": "UTC", "frequency": "weekly", "every": 1, "time": "09:30", "start": far(),
                  "parts": [{"text": "again"}],
                  "targets": [{"target_id": derive("tgt", 9, series, account["id"]), "integration_id": account["id"], "channel": "bluesky"}]}
        bad = {**fields, "link": "ftp://x"}
        self.assertEqual(rpc.command(CREATE_SERIES, bad)[0], "content_violation")
        self.assertEqual(rpc.command(CREATE_SERIES, fields)[0], "")
        shown, path = rpc.query("preview_series", {"series_id": series, "limit": 3}), f"/v1/series/{series}/preview?limit=3"
        self.assertEqual((shown[0], json.loads(shown[1])), ("", self.done("GET", path)))
        day = datetime.date.fromisoformat(fields["start"])
        self.assertEqual([one["local"] for one in json.loads(shown[1])["data"]], [f"{day + n * datetime.timedelta(days=7)}T09:30" for n in range(3)])
        self.assertEqual(rpc.command(CHANGE_SERIES, bad, 1)[0], "content_violation")
        self.assertEqual(rpc.command(CHANGE_SERIES, bad, 2)[0], "version_mismatch")
        self.done("POST", f"/v1/series/{series}/end")
        self.assertEqual(rpc.command(CHANGE_SERIES, bad, 2)[0], "series_ended")

    def test_z_what_was_written_is_in_the_log_and_can_be_made_again(self):
        self.service.stop()
        self.assert_verified_and_replayed(self.data)


class Instants(harness.Case):
    """What happens when the time comes."""

    def begin(self, offset_s=0):
        service = harness.Serve(self.world, self.data, name=f"serve-{int(offset_s)}").start(self.ahead(offset_s) if offset_s else None)
        self.api = service.api
        return service

    def setUp(self):
        super().setUp()
        self.data = self.world.data()
        self.ahead = clock_ahead(self.data.path.parent)

    def test_a_post_of_a_template_goes_out_by_the_default_queue_as_it_was_approved(self):
        """Two accounts, one instant; the queue is paused when it comes, and what it holds goes out when it is resumed, unless nobody
        approved it."""
        service = self.begin()
        leader, other = self.api.connect("leader.test"), self.api.connect("led.test")
        set_policy(self, self.api, "any_approver")
        first = datetime.datetime.fromtimestamp(time.time() + 600, datetime.timezone.utc).strftime("%H:%M")
        slots = [{"weekday": day, "time": first} for day in DAYS]
        queue = self.api.request("PATCH", f"/v1/integrations/{leader['id']}/queue", {"slots": slots}, ANY).json()
        template = self.api.post("/v1/templates", {"name": "weekly", "content": {"text": "{{what}}"}, "placeholders": [{"name": "what"}],
                                                   "targets": [{"integration_id": one["id"]} for one in (leader, other)],
                                                   "default_queue": queue["id"]}).json()
        sent, never = (self.api.post(f"/v1/templates/{template['id']}/instantiate", {"values": {"what": what}, **NEXT}).json()
                       for what in ("approved", "never approved"))
        self.assertEqual({one["publish_at"] for one in sent["targets"]}, {sent["publish_at"]})
        self.assertEqual(approve(self.api, sent).status, 200)
        self.assertEqual(self.api.post(f"/v1/integrations/{leader['id']}/queue/pause").status, 200)
        service.stop()
        service = self.begin(seconds_of(sent["publish_at"]) - time.time() + 2)
        held = wait_until(lambda: (one := self.api.read_post(sent))["targets"][1]["status"] == "published" and one, 30, "the other is live")
        self.assertEqual((held["targets"][0]["held"], held["approval"]["status"]), ("queue_paused", "given"))
        self.assertEqual(self.api.post(f"/v1/integrations/{leader['id']}/queue/resume").status, 200)
        self.api.wait_post(sent, "published")
        service.stop()
        service = self.begin(seconds_of(never["publish_at"]) - time.time() + 2)
        missed = self.api.wait_post(never, "missed")
        self.assertEqual({one["error"]["code"] for one in missed["targets"]}, {"approval_missing"})
        self.assertEqual(service.sandbox.texts(), ["approved", "approved"])
        service.stop()
        self.assert_verified_and_replayed(self.data)

    def test_while_the_clock_is_suspect_nothing_is_scheduled_and_what_is_cancelled_is(self):
        """An hour behind what the log says: it may be the log that was ahead, and a person says so."""
        service = self.begin(3600)
        account = self.api.connect("alice.test")
        draft = self.api.post("/v1/posts", {"content": {"text": "a draft"}, "targets": [{"integration_id": account["id"]}]}).json()
        queued, scheduled = self.api.publish("held", account, schedule={"at": later(3600 + 60)}), \
            self.api.publish("later", account, schedule={"at": later(3 * 3600)})
        self.api.wait_post(queued, "queued")
        service.stop()
        service = self.begin()
        for path, body in ((f"/v1/posts/{draft['id']}/schedule", {"at": later(7200)}), (f"/v1/posts/{scheduled['id']}/schedule", {"now": True}),
                           ("/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": account["id"]}], "schedule": {"now": True}})):
            answer = self.api.post(path, body)
            self.assert_problem(answer, 503, "clock_suspect")
            self.assertTrue(int(answer.headers["Retry-After"]) > 0)
        self.assertEqual(self.api.read_post(queued)["targets"][0]["held"], "clock_suspect")
        written = self.api.request("PATCH", f"/v1/posts/{draft['id']}", {"content": {"text": "written all the same"}}, ANY)
        self.assertEqual(written.status, 200, written)
        self.assertEqual(self.api.post(f"/v1/posts/{queued['id']}/cancel").json()["status"], "cancelled")
        self.assertEqual(service.sandbox.texts(), [])
        self.assertEqual(run("clock", "accept", "--data", self.data.path).returncode, 0)
        again = self.api.post(f"/v1/posts/{draft['id']}/schedule", {"at": later(7200)})
        self.assertEqual(again.status, 200, again)
        service.stop()
        self.assert_verified_and_replayed(self.data)


if __name__ == "__main__":
    harness.main()
