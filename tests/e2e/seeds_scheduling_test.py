#!/usr/bin/env python3
"""What the product promises of posts, their life, time and conflicts, sentence by sentence: each case is one of them, in short words,
against the whole service over HTTP. Where a promise is read otherwise than it was first said, the case says so. Queues, templates,
media, analytics, mail and webhooks are promised elsewhere. The README of this folder has the list of all sentences."""

import base64
import concurrent.futures
import datetime
import hashlib
import json
import zoneinfo

import harness
from described import Described
from harness import Api, Parts, later, seconds_of, wait_until
from workspace_end_test import clock_ahead
from workspaces_test import created

LOCK_AHEAD_S = 300
ZONE = "America/New_York"


def offset_of(instant):
    """The end of an RFC 3339 date-time: -04:00."""
    return instant[-6:]


class NewYork(harness.Case):
    """One workspace in New York."""

    @classmethod
    def make_world(cls):
        cls.data = cls.world.data()
        cls.workspace_id, cls.key = created(cls.data, "acme", "--timezone", ZONE)
        cls.service = cls.world.serve(cls.data)
        cls.sandbox = cls.service.sandbox
        cls.api = Api(cls.service.port, cls.key)
        cls.described = Api(cls.service.port).get("/v1/openapi.json").json()
        cls.api.witness = Described(cls.described)


class Scheduling(NewYork):
    """With three accounts."""

    @classmethod
    def make_world(cls):
        super().make_world()
        cls.alice, cls.bob, cls.carol = (cls.api.connect(f"{name}.test") for name in ("alice", "bob", "carol"))

    def draft(self, text="a draft", *integrations, **more):
        made = self.api.post("/v1/posts", {"content": {"text": text}, "targets": [{"integration_id": one["id"]}
                                                                                for one in integrations or (self.alice,)], **more})
        self.assertEqual(made.status, 201, made)
        return made.json()

    def scheduled(self, seconds, *integrations, **more):
        return self.draft(f"in {seconds} s", *integrations, schedule={"at": later(seconds)}, **more)

    def edit(self, post, change, etag="*"):
        return self.api.request("PATCH", f"/v1/posts/{post['id']}", change, {"If-Match": etag})

    def events_of(self, post):
        return [event for event in self.data.events() if event["stream"] == post["id"]]

    # The post, its channels and integrations.

    def test_a_post_is_the_unit_of_publishing(self):
        """It is written, listed, scheduled, told of and cancelled as one, however many accounts it goes to."""
        post = self.draft("one unit", self.alice, self.bob, self.carol)
        path = f"/v1/posts/{post['id']}"
        self.assertEqual([one["id"] for one in self.api.get("/v1/posts?q=one%20unit").json()["data"]], [post["id"]])
        self.assertEqual(self.api.post(path + "/schedule", {"at": later(7200)}).json()["status"], "scheduled")
        self.assertEqual(len([one for one in self.events_of(post) if one["type"] == "post_scheduled"]), 1)
        ended = self.api.post(path + "/cancel").json()
        self.assertEqual((ended["status"], {one["status"] for one in ended["targets"]}), ("cancelled", {"cancelled"}))
        self.assertEqual({one["stream"] for one in self.events_of(post)}, {post["id"]})

    def test_one_post_targets_one_or_more_channels(self):
        post = self.api.wait_post(self.api.publish("to all three", self.alice, self.bob, self.carol), "published")
        self.assertEqual([one["integration_id"] for one in post["targets"]], [one["id"] for one in (self.alice, self.bob, self.carol)])
        self.assertEqual(self.sandbox.texts().count("to all three"), 3)
        twice = self.api.post("/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": self.alice["id"]}] * 2})
        self.assert_problem(twice, 422, "target_duplicate")

    def test_each_channel_gets_its_own_native_rendering(self):
        """A text that is too long for one record becomes a thread there; another account's own words do not."""
        post = self.draft("word " * 100, self.alice)
        changed = self.edit(post, {"targets": [{"integration_id": self.alice["id"]},
                                               {"integration_id": self.bob["id"], "variant": {"text": "bob's own"}}]})
        self.assertEqual(changed.status, 200, changed)
        thread, single = (one["rendering"] for one in changed.json()["targets"])
        self.assertEqual((len(thread["parts"]), len(single["parts"])), (2, 1))
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/schedule", {"now": True}).status, 200)
        self.api.wait_post(post, "published")
        records = [one["record"] for one in self.sandbox.posts()]
        self.assertEqual([one["text"] for one in records].count("bob's own"), 1)
        self.assertEqual(sum(one["text"].startswith("word ") for one in records), 2)
        self.assertTrue(any("reply" in one for one in records if one["text"].startswith("word ")))

    def test_they_share_content_and_metadata_under_one_id(self):
        """Analytics come with the platforms' figures; what was tried is under the post's id, too."""
        post = self.api.publish("shared", self.alice, self.bob, metadata={"campaign": "spring"}, labels=["launch"])
        done = self.api.wait_post(post, "published")
        self.assertEqual((done["id"], done["content"]["text"], done["metadata"], done["labels"]),
                         (post["id"], "shared", {"campaign": "spring"}, ["launch"]))
        self.assertEqual(len({one["platform_post_id"] for one in done["targets"]}), 2)
        deliveries = self.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"]
        self.assertEqual([one["target_id"] for one in deliveries], [one["id"] for one in done["targets"]])

    CHANNELS = {"x", "instagram", "linkedin", "tiktok", "youtube", "threads", "facebook", "bluesky"}

    def test_a_channel_is_a_supported_platform(self):
        """All eight are known by name; this installation publishes to Bluesky, and says so of the others. A ninth is for reviews."""
        known = self.described["components"]["schemas"]["new_integration"]["properties"]["channel"]["enum"]
        self.assertLessEqual(self.CHANNELS, set(known))
        for channel in self.CHANNELS - {"bluesky"}:
            refused = self.api.post("/v1/integrations", {"channel": channel, "identifier": "acme", "app_password": "x"})
            self.assert_problem(refused, 422, "not_yet_available")
        unknown = self.api.post("/v1/integrations", {"channel": "myspace", "identifier": "acme", "app_password": "x"})
        self.assert_problem(unknown, 422, "field_invalid")

    def test_an_integration_is_your_specific_connected_account_on_a_channel(self):
        """One account is one integration: connected twice, it is refused; another's credentials never take its place."""
        account = self.api.connect("acme_inc.test")
        self.assertEqual((account["handle"], account["channel"], account["status"]), ("acme_inc.test", "bluesky", "connected"))
        again = self.api.connect("acme_inc.test")
        self.assertNotEqual(again["status"], "connected")
        self.assertEqual(again["error"]["code"], "account_exists", again)
        self.assertIn(account["id"], again["error"]["message"])
        path, body = f"/v1/integrations/{account['id']}", {"identifier": "somebody-else.test", "app_password": "x"}
        self.assertEqual(self.api.post(path + "/reconnect", body).status, 200)
        wait_until(lambda: (self.api.get(path).json()["error"] or {}).get("code") == "account_mismatch", 20, "refused")
        self.api.wait_post(self.api.publish("as acme_inc", account), "published")
        (record,) = [one for one in self.sandbox.posts() if one["record"]["text"] == "as acme_inc"]
        self.assertIn(account["account"], json.dumps(record))

    def test_one_channel_can_have_many_integrations(self):
        listed = self.api.get("/v1/integrations?limit=200").json()["data"]
        self.assertLessEqual({self.alice["id"], self.bob["id"], self.carol["id"]}, {one["id"] for one in listed})
        self.assertEqual({one["channel"] for one in listed}, {"bluesky"})

    def test_integrations_have_a_stable_id(self):
        """That is what a post references; it outlives new credentials."""
        account = self.api.connect("stable.test")
        self.assertRegex(account["id"], r"^int_[0-7][0-9a-hjkmnp-tv-z]{25}$")
        body = {"identifier": "stable.test", "app_password": "another"}
        self.assertEqual(self.api.post(f"/v1/integrations/{account['id']}/reconnect", body).json()["id"], account["id"])
        wait_until(lambda: self.api.get("/v1/integrations/" + account["id"]).json()["status"] == "connected", 30, "connected again")
        self.api.wait_post(self.api.publish("by the same id", account), "published")

    def test_that_id_is_what_you_reference_in_the_api(self):
        """In targets, filters and paths; a handle or another thing's id names no account."""
        post = self.draft("by reference", self.carol)
        listed = self.api.get(f"/v1/posts?integration_id={self.carol['id']}&limit=200").json()["data"]
        self.assertIn(post["id"], [one["id"] for one in listed])
        self.assertEqual({target["integration_id"] for one in listed for target in one["targets"]} & {self.carol["id"]}, {self.carol["id"]})
        for path in ("", "/queue", "/queue/preview"):
            self.assertEqual(self.api.get(f"/v1/integrations/{self.carol['id']}{path}").status, 200)
        for wrong in ("carol.test", self.carol["account"], post["id"]):
            refused = self.api.post("/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": wrong}]})
            self.assertEqual(self.assert_problem(refused, 422, "reference_not_found")["param"], "/targets/0/integration_id")
        self.assert_problem(self.api.get("/v1/integrations/carol.test"), 404, "not_found")

    def test_the_platforms_token_is_refreshed_for_you(self):
        """And shown to nobody. Here the platform's clock runs ahead, so that it takes the token for expired."""
        account = self.api.connect("refreshed.test")
        self.assertEqual(self.sandbox.api.post("/sandbox/clock", {"ahead_ms": 3 * 3600 * 1000}).status, 200)
        try:
            post = self.api.wait_post(self.api.publish("with a fresh token", account), "published")
        finally:
            self.assertEqual(self.sandbox.api.post("/sandbox/clock", {"ahead_ms": 0}).status, 200)
        self.assertIn("integration_refreshed", [event["type"] for event in self.data.events() if event["stream"] == account["id"]])
        for path in (f"/v1/integrations/{account['id']}", f"/v1/posts/{post['id']}", f"/v1/posts/{post['id']}/deliveries"):
            self.assertNotIn("Jwt", self.api.get(path).body.decode())
            self.assertNotIn("app-password", self.api.get(path).body.decode())

    def test_responses_expose_ids_you_can_reference_safely(self):
        """A post has id, workspace, status, instant, content and author; a target its account and settings; an account its
        channel, status and when its token ends."""
        post = self.scheduled(7200)
        self.assertEqual((post["workspace_id"], post["status"], post["content"]["text"]), (self.workspace_id, "scheduled", "in 7200 s"))
        self.assertTrue(post["author_id"].startswith("key_") and post["publish_at"])
        (target,) = post["targets"]
        self.assertEqual((target["integration_id"], target["platform_settings"]), (self.alice["id"], None))
        account = self.api.get("/v1/integrations/" + self.alice["id"]).json()
        self.assertEqual((account["workspace_id"], account["channel"], account["status"]), (self.workspace_id, "bluesky", "connected"))
        self.assertGreater(seconds_of(account["token_expires_at"]), 0)

    def test_a_post_has_id_workspace_status_publish_at_payload_and_author(self):
        """The payload is its content, and once it is locked the bytes that are sent."""
        post = self.draft("the payload")
        me = next(one["id"] for one in self.api.get("/v1/api-keys?limit=200").json()["data"])
        self.assertEqual((post["workspace_id"], post["status"], post["publish_at"], post["author_id"]), (self.workspace_id, "draft", None, me))
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/schedule", {"now": True}).status, 200)
        done = self.api.wait_post(post, "published")
        self.assertEqual((done["id"], done["content"]), (post["id"], post["content"]))
        (event,) = [one for one in self.events_of(post) if one["type"] == "post_locked"]
        (part,) = event["data"]["targets"][0]["parts"]
        self.assertEqual(json.loads(base64.b64decode(part["payload"]))["text"], "the payload")

    def test_a_post_target_has_its_post_its_social_account_and_platform_settings(self):
        settings = {"langs": ["en", "pt-BR"]}
        post = self.draft("in two languages", targets=[{"integration_id": self.alice["id"], "platform_settings": settings},
                                                       {"integration_id": self.bob["id"]}])
        self.assertEqual([(one["integration_id"], one["platform_settings"]) for one in post["targets"]],
                         [(self.alice["id"], settings), (self.bob["id"], None)])
        self.assertEqual(len({one["id"] for one in post["targets"]}), 2)
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/schedule", {"now": True}).status, 200)
        self.api.wait_post(post, "published")
        sent = [one["record"].get("langs") for one in self.sandbox.posts() if one["record"]["text"] == "in two languages"]
        self.assertCountEqual(sent, [settings["langs"], None])

    # The life of a post.

    def test_posts_start_as_drafts_with_an_optional_scheduled_time(self):
        plain, planned_at = self.draft(), later(7200)
        self.assertEqual((plain["status"], plain["publish_at"]), ("draft", None))
        planned = self.draft("planned", targets=[{"integration_id": self.alice["id"], "at": planned_at}])
        self.assertEqual((planned["status"], planned["targets"][0]["publish_at"]), ("draft", planned_at))
        empty = self.api.post("/v1/posts", {"content": {"text": ""}})
        self.assertEqual((empty.status, empty.json()["status"]), (201, "draft"))

    def test_when_its_publish_time_is_set_a_post_enters_the_scheduling_queue(self):
        post, at = self.draft(), later(7200)
        scheduled = self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": at}).json()
        self.assertEqual((scheduled["status"], scheduled["publish_at"], scheduled["targets"][0]["status"]), ("scheduled", at, "pending"))
        waiting = [one["id"] for one in self.api.get("/v1/posts?status=scheduled&limit=200").json()["data"]]
        self.assertIn(post["id"], waiting)
        self.assert_problem(self.api.post(f"/v1/posts/{self.draft(targets=[])['id']}/schedule", {"at": at}), 422, "target_missing")

    def test_five_minutes_before_publish_the_record_is_locked_and_payloads_are_prepared(self):
        post = self.scheduled(LOCK_AHEAD_S + 3, self.alice, self.bob)
        self.assertEqual((post["status"], post["locked_at"]), ("scheduled", None))
        locked = self.api.wait_post(post, "queued", within_s=20)
        early_s = seconds_of(locked["publish_at"]) - seconds_of(locked["locked_at"])
        self.assertLessEqual(early_s, LOCK_AHEAD_S)
        self.assertGreater(early_s, LOCK_AHEAD_S - 10)
        (event,) = [one for one in self.events_of(post) if one["type"] == "post_locked"]
        payloads = [part for target in event["data"]["targets"] for part in target["parts"]]
        self.assertEqual(len(payloads), 2)
        self.assertEqual([one["status"] for one in locked["targets"]], ["pending", "pending"])

    def test_the_scheduler_sends_the_payloads_to_the_platforms(self):
        self.sandbox.rule("slow", contains="is on its way", value_ms=1500)
        post = self.api.publish("is on its way", self.alice)
        sending = self.api.wait_post(post, "publishing")
        self.assertEqual(sending["targets"][0]["status"], "attempting")
        self.assertEqual(self.api.wait_post(post, "published")["targets"][0]["status"], "published")
        self.assertEqual(self.sandbox.texts().count("is on its way"), 1)

    def test_on_success_published_at_stores_the_actual_timestamp_per_platform(self):
        self.sandbox.rule("slow", contains='"repo":"' + self.bob["account"], value_ms=1500)
        post = self.api.wait_post(self.api.publish("twice", self.alice, self.bob), "published")
        first, second = (seconds_of(one["published_at"]) for one in post["targets"])
        self.assertGreaterEqual(min(first, second), seconds_of(post["publish_at"]) - 1)
        self.assertEqual(post["published_at"], min((one["published_at"] for one in post["targets"]), key=seconds_of))
        for target in self.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"]:
            self.assertEqual([one["outcome"] for one in target["attempts"]], ["accepted"])

    # Conflict avoidance.

    def test_within_five_minutes_of_publishing_the_api_returns_409(self):
        """The code says which conflict it is."""
        post = self.api.wait_post(self.scheduled(LOCK_AHEAD_S - 60), "queued")
        for answer in (self.edit(post, {"content": {"text": "too late"}}), self.edit(post, {"labels": ["late"]}),
                       self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": later(7200)}),
                       self.api.request("DELETE", f"/v1/posts/{post['id']}", headers={"If-Match": "*"})):
            problem = self.assert_problem(answer, 409, "post_not_draft" if answer.json()["code"] == "post_not_draft" else "post_locked")
            if problem["code"] == "post_locked":
                self.assertEqual((problem["locked_at"], problem["publish_at"]), (post["locked_at"], post["publish_at"]))
        self.assertEqual(self.api.read_post(post)["content"]["text"], post["content"]["text"])

    def test_before_that_a_post_is_edited_and_moved(self):
        post = self.scheduled(LOCK_AHEAD_S + 600)
        self.assertEqual(self.edit(post, {"content": {"text": "in time"}}).json()["content"]["text"], "in time")
        at = later(LOCK_AHEAD_S + 1200)
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": at}).json()["publish_at"], at)

    def test_cancelling_a_post_removes_it_from_the_queue_immediately(self):
        """As a webhook it goes out with those; here it is in the workspace's events."""
        open_one, locked = self.scheduled(7200), self.api.wait_post(self.scheduled(60), "queued")
        for post in (open_one, locked):
            answer = self.api.post(f"/v1/posts/{post['id']}/cancel").json()
            self.assertEqual((answer["status"], [one["status"] for one in answer["targets"]]), ("cancelled", ["cancelled"]))
            waiting = self.api.get("/v1/posts?status=scheduled&status=queued&limit=200").json()["data"]
            self.assertNotIn(post["id"], [one["id"] for one in waiting])
            self.assertEqual([one["type"] for one in self.events_of(post)][-2:], ["targets_cancelled", "post_finished"])
            self.assert_problem(self.api.post(f"/v1/posts/{post['id']}/schedule", {"now": True}), 409, "post_finished")

    # Time.

    def test_schedules_use_the_workspaces_timezone_and_a_post_may_have_its_own(self):
        at = "2027-07-01T16:00:00Z"
        usual = self.draft("usual", schedule={"at": at})
        self.assertEqual((usual["publish_at"], usual["publish_at_local"], usual["timezone"]),
                         ("2027-07-01T16:00:00Z", "2027-07-01T12:00:00-04:00", ZONE))
        own = self.draft("own", schedule={"at": at}, timezone="Asia/Kathmandu")
        self.assertEqual((own["publish_at"], own["publish_at_local"], own["timezone"]),
                         (usual["publish_at"], "2027-07-01T21:45:00+05:45", "Asia/Kathmandu"))
        wrong = self.api.post("/v1/posts", {"content": {"text": "x"}, "timezone": "Mars/Olympus"})
        self.assert_problem(wrong, 422, "timezone_unknown")

    def test_timestamps_are_iso_8601_with_explicit_offsets(self):
        for given in ("2027-10-21T12:00:00-04:00", "2027-10-21T16:00:00Z", "2027-10-21T21:45:00+05:45"):
            self.assertEqual(self.draft(given, schedule={"at": given})["publish_at"], "2027-10-21T16:00:00Z", given)
        for given, code in (("2027-10-21T12:00:00", "timestamp_offset_required"), ("2027-10-21T12:00:00-00:00", "timestamp_offset_required"),
                            ("2027-10-21", "timestamp_invalid"), ("2027-02-30T12:00:00Z", "timestamp_invalid"),
                            ("2027-10-21T24:00:00Z", "timestamp_invalid"), ("tomorrow", "timestamp_invalid"), (1792598400, None)):
            refused = self.api.post("/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": self.alice["id"]}],
                                                  "schedule": {"at": given}})
            problem = self.assert_problem(refused, 422, code or "field_wrong_type")
            self.assertEqual(problem["param"], "/schedule/at", given)
        refused = self.api.post(f"/v1/posts/{self.draft()['id']}/schedule", {"at": later(-60)})
        self.assert_problem(refused, 422, "timestamp_past")

    def test_times_are_stored_in_utc_and_respect_daylight_saving_transitions(self):
        """Half an hour before and after each change of the next three years, against Python's own zones; the instant stays
        the same, whatever its local time is called."""
        zone, now = zoneinfo.ZoneInfo(ZONE), datetime.datetime.now(datetime.timezone.utc)
        hours = [now.replace(minute=30, second=0, microsecond=0) + datetime.timedelta(hours=n) for n in range(2, 3 * 366 * 24)]
        changes = [(a, b) for a, b in zip(hours, hours[1:]) if a.astimezone(zone).utcoffset() != b.astimezone(zone).utcoffset()]
        self.assertGreaterEqual(len(changes), 5)
        for instant in [one for change in changes for one in change]:
            local = instant.astimezone(zone)
            for given in (instant, local, instant.astimezone(zoneinfo.ZoneInfo("Australia/Lord_Howe"))):
                post = self.draft("around a change", schedule={"at": given.isoformat()})
                self.assertEqual(post["publish_at"], instant.strftime("%Y-%m-%dT%H:%M:%SZ"))
                self.assertEqual(post["publish_at_local"], local.isoformat())
            (event,) = [one for one in self.api.get(f"/v1/posts/{post['id']}/history").json()["data"] if one["event"] == "post_scheduled"]
            self.assertTrue(event["at"].endswith("Z"))
        self.assertEqual({offset_of(a.astimezone(zone).isoformat()) for change in changes for a in change}, {"-05:00", "-04:00"})

    # Integrating safely.

    def test_fetch_the_latest_representation_before_editing(self):
        post = self.draft()
        path = f"/v1/posts/{post['id']}"
        etag = self.api.get(path).headers["ETag"]
        first = self.edit(post, {"labels": ["first"]}, etag)
        self.assertEqual(first.status, 200, first)
        self.assert_problem(self.edit(post, {"labels": ["second"]}, etag), 412, "precondition_failed")
        self.assert_problem(self.api.request("PATCH", path, {"labels": ["third"]}), 428, "precondition_required")
        latest = self.api.get(path)
        self.assertEqual((latest.headers["ETag"], latest.json()["labels"]), (first.headers["ETag"], ["first"]))
        self.assertEqual(self.edit(post, {"labels": ["second"]}, latest.headers["ETag"]).json()["labels"], ["second"])
        self.assertEqual(self.api.get(path, headers={"If-None-Match": latest.headers["ETag"]}).status, 200)

    def test_idempotency_keys_prevent_duplicates(self):
        """Sent again, also at the same time, by several; the second body under one key is nobody's."""
        text, headers = "only once", {"Idempotency-Key": hashlib.sha256(b"only once").hexdigest()}
        body = {"content": {"text": text}, "targets": [{"integration_id": self.alice["id"]}], "schedule": {"at": later(7200)}}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.api.persist("POST", "/v1/posts", body, **headers), range(16)))
        self.assertEqual({one.status for one in answers}, {201})
        (made,) = {one.json()["id"] for one in answers}
        self.assertEqual(sum(one.headers["Idempotent-Replayed"] == "true" for one in answers), 15)
        self.assertEqual([one["id"] for one in self.api.get("/v1/posts?q=only%20once").json()["data"]], [made])
        other = self.api.post("/v1/posts", {**body, "content": {"text": "another"}}, headers)
        self.assert_problem(other, 422, "idempotency_key_reused")


class Retries(harness.Case):
    def test_failures_trigger_up_to_three_attempts_and_are_marked_with_error_codes(self):
        """With waits of 30 s and then 120 s, a fifth more or less, which pass by a clock that is ahead between a stop and a start.
        The platform cannot be reached: what it may have taken is never sent blindly again, but read. The codes are in the
        post's deliveries; a person may have it sent once more."""
        data = self.world.data()
        ahead, sandbox = clock_ahead(data.path.parent), self.world.sandbox()
        platform = self.world.started[-1]
        parts = Parts(self.world, data, [sandbox.api.port], service=sandbox.url).start()
        account = parts.api.connect()
        platform.kill9()
        post = parts.api.publish("fails", account)

        def attempts():
            (target,) = parts.api.get(f"/v1/posts/{post['id']}/deliveries").json()["data"]
            return target["attempts"]
        for number, (passed_s, wait_s) in enumerate(((0, 30), (60, 120), (240, None)), 1):
            if passed_s:
                parts.stop()
                for name in Parts.ORDER:
                    parts[name].start(ahead(passed_s))
            tried = wait_until(lambda: (found := attempts()) and len(found) == number and found[-1]["outcome"] and found, 30, f"try {number}")
            self.assertEqual([one["number"] for one in tried], list(range(1, number + 1)))
            last = tried[-1]
            self.assertEqual((last["outcome"], last["error"]["retryable"]), ("try_again", True), json.dumps(last))
            if wait_s:
                waits_s = seconds_of(last["next_attempt_at"]) - seconds_of(last["finished_at"])
                self.assertGreaterEqual(waits_s, 0.8 * wait_s - 0.1)
                self.assertLessEqual(waits_s, 1.2 * wait_s + 0.1)
                self.assertEqual(parts.api.read_post(post)["targets"][0]["status"], "retrying")
        failed = parts.api.wait_post(post, "failed")
        self.assertEqual(failed["targets"][0]["error"]["code"], "attempts_exhausted", failed)
        self.assertIsNone(attempts()[-1]["next_attempt_at"])
        self.assertTrue(all(one["error"]["code"] for one in attempts()))
        platform.start()
        self.assertEqual(parts.api.post(f"/v1/posts/{post['id']}/retry", {"now": True}).status, 200)
        parts.api.wait_post(post, "published")
        self.assertEqual(sandbox.texts(), ["fails"])
        parts.stop()
        self.assert_verified_and_replayed(data)


if __name__ == "__main__":
    harness.main()
