#!/usr/bin/env python3
"""What the product promises of queues, templates and notifications, sentence by sentence: each case is one of them, in short words,
against the whole service over HTTP. Days pass by a wall clock that is ahead (later.c), between a stop and a start. The README of this
folder has the list of all sentences."""

import datetime
import pathlib
import re
import time
import zoneinfo

import harness
from approvals_test import joined
from harness import Api, seconds_of, wait_until
from queue_test import AHEAD_MS, DAYS, ms, occurrences
from seeds_scheduling_test import ZONE, NewYork
from workspace_end_test import DAY_S, clock_ahead
from workspaces_test import created

OTHER_ZONE = "Asia/Kathmandu"
ANY, NEXT = {"If-Match": "*"}, {"schedule": {"next_slot": True}}
SLOTS = [{"weekday": day, "time": "09:30"} for day in ("monday", "wednesday", "friday")] + [{"weekday": "sunday", "time": "18:00"}]
HERE = pathlib.Path(__file__).resolve().parent


def soon(count, slots=SLOTS, zone=ZONE):
    """The next instants of those slots that a post may still be given, by a calendar of another make."""
    return [at for at in occurrences(slots, zone, time.time() * 1000) if at >= time.time() * 1000 + AHEAD_MS + 60000][:count]


class Promised(NewYork):
    """Each case has accounts of its own."""

    def done(self, method, path, body=None, **headers):
        answer = self.api.request(method, path, body, headers)
        self.assertLess(answer.status, 300, (method, path, answer))
        return answer.json() if answer.body else None

    def account(self, name, slots=SLOTS, **more):
        account = self.api.connect(name)
        account["queue"] = self.done("PATCH", f"/v1/integrations/{account['id']}/queue", {"slots": slots, **more}, **ANY)
        return account

    def preview(self, account, count=20):
        return self.done("GET", f"/v1/integrations/{account['id']}/queue/preview?n={count}")["data"]

    def ask(self, *accounts, text="the next slot"):
        return self.api.publish(text, *accounts, **NEXT)

    def instants(self, post):
        return [ms(target["publish_at"]) for target in post["targets"]]

    # Queue and time slot.

    def test_each_integration_has_a_queue_a_set_of_recurring_time_slots(self):
        plain, account = self.api.connect("plain.test"), self.account("recurring.test")
        empty = self.done("GET", f"/v1/integrations/{plain['id']}/queue")
        self.assertRegex(empty["id"], "^que_")
        self.assertEqual((empty["integration_id"], empty["slots"], self.preview(plain)), (plain["id"], [], []))
        queue = account["queue"]
        self.assertNotEqual(queue["id"], empty["id"])
        self.assertEqual([{"weekday": slot["weekday"], "time": slot["time"]} for slot in queue["slots"]], SLOTS)
        shown = self.preview(account, 100)
        self.assertEqual([ms(one["at"]) for one in shown], occurrences(SLOTS, ZONE, time.time() * 1000)[:100])
        times = {(DAYS[at.weekday()], at.strftime("%H:%M")) for at in (datetime.datetime.fromisoformat(one["at_local"]) for one in shown)}
        self.assertEqual(times, {(slot["weekday"], slot["time"]) for slot in SLOTS}, "every week, at the same local time")

    def test_scheduled_to_next_slot_a_post_gets_the_next_unfilled_slot_in_that_integrations_queue(self):
        account, other = self.account("next.test"), self.account("other.test", SLOTS[3:])
        free = soon(4)
        by_hand = self.api.publish("by hand", account, schedule={"at": datetime.datetime.fromtimestamp(free[1] / 1000, datetime.timezone.utc)
                                                                 .isoformat()})
        posts = [self.ask(account) for _ in range(3)]
        self.assertEqual([self.instants(post) for post in posts], [[free[0]], [free[2]], [free[3]]])
        both = self.ask(account, other)
        self.assertGreater(self.instants(both)[0], free[3])
        self.assertEqual(self.instants(both)[1], soon(1, SLOTS[3:])[0], "each target in its own account's queue")
        self.done("POST", f"/v1/posts/{by_hand['id']}/cancel")
        self.assertEqual(self.instants(self.ask(account)), [free[1]], "what is cancelled fills nothing any more")
        self.assert_problem(self.api.post("/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": self.api.connect(
            "slotless.test")["id"]}], **NEXT}), 409, "queue_empty")

    def test_each_queue_can_have_its_own_timezone(self):
        here, there = self.account("here.test"), self.account("there.test", timezone=OTHER_ZONE)
        self.assertEqual([(one["queue"]["timezone"], one["queue"]["clock"]) for one in (here, there)], [(None, ZONE), (OTHER_ZONE, OTHER_ZONE)])
        for account, zone in ((here, ZONE), (there, OTHER_ZONE)):
            for one, at in zip(self.preview(account, 60), occurrences(SLOTS, zone, time.time() * 1000)):
                local = datetime.datetime.fromtimestamp(at / 1000, zoneinfo.ZoneInfo(zone))
                self.assertEqual((ms(one["at"]), one["at_local"]), (at, local.isoformat()))
        post = self.ask(here, there)
        self.assertEqual(self.instants(post), [soon(1)[0], soon(1, zone=OTHER_ZONE)[0]])
        self.assertEqual({one["timezone"] for one in post["targets"]}, {ZONE}, "the audience's zone is the queue's; the post is shown in ours")
        back = self.done("PATCH", f"/v1/integrations/{there['id']}/queue", {"timezone": None}, **ANY)
        self.assertEqual((back["timezone"], back["clock"]), (None, ZONE))
        self.assertEqual(self.instants(self.api.read_post(post)), self.instants(post), "what is reserved stays")

    # Template.

    WEEKLY = {"name": "Weekly launch update", "content": {"text": "{{product}} {{version}} is out: {{what}}"},
              "placeholders": [{"name": "product", "default": "OpenPost"}, {"name": "version"}, {"name": "what"}]}

    def template(self, *accounts, **more):
        return self.done("POST", "/v1/templates", {**self.WEEKLY, "targets": [{"integration_id": one["id"]} for one in accounts], **more})

    def test_a_template_is_a_reusable_structure_with_placeholder_fields_default_channels_and_a_default_queue(self):
        first, second = self.account("first.test"), self.account("second.test", timezone=OTHER_ZONE)
        template = self.template(first, second, default_queue=second["queue"]["id"])
        self.assertEqual(template["name"], "Weekly launch update")
        self.assertEqual([one["name"] for one in template["placeholders"]], ["product", "version", "what"])
        self.assertEqual([one["integration_id"] for one in template["targets"]], [first["id"], second["id"]])
        self.assertEqual(template["default_queue"], second["queue"]["id"])
        posts = [self.done("POST", f"/v1/templates/{template['id']}/instantiate", {"values": {"version": f"1.{n}", "what": "it"}, **NEXT})
                 for n in range(2)]
        free = soon(2, zone=OTHER_ZONE)
        self.assertEqual([post["content"]["text"] for post in posts], ["OpenPost 1.0 is out: it", "OpenPost 1.1 is out: it"])
        self.assertEqual([self.instants(post) for post in posts], [[free[0]] * 2, [free[1]] * 2])

    def test_you_create_a_post_from_a_template_and_then_fill_in_the_blanks(self):
        account = self.account("blanks.test")
        template = self.template(account)
        post = self.done("POST", f"/v1/templates/{template['id']}/instantiate", {"values": {"version": "2.0"}})
        self.assertEqual((post["status"], post["content"]["text"], post["blanks"]), ("draft", "OpenPost 2.0 is out: {{what}}", ["what"]))
        path = "/v1/posts/" + post["id"]
        refused = self.api.post(path + "/schedule", {"now": True})
        self.assertIn("{{what}}", self.assert_problem(refused, 422, "placeholder_missing")["detail"])
        self.done("PATCH", path, {"content": {"text": "OpenPost 2.0 is out: blanks are filled in"}}, **ANY)
        self.done("POST", path + "/schedule", {"now": True})
        self.api.wait_post(post, "published")
        self.assertEqual(self.sandbox.texts().count("OpenPost 2.0 is out: blanks are filled in"), 1)
        self.assertFalse([text for text in self.sandbox.texts() if "{{" in text])

    # Notification.

    def test_a_notification_is_an_event_you_see_published_failed_or_an_integration_disconnected(self):
        """In a list with read marks, that of a dashboard; that billing is due has its case where billing is."""
        good, bad, lost = (self.api.connect(name) for name in ("good.test", "bad.test", "lost.test"))
        self.sandbox.rule("refuse", contains='"repo":"' + bad["account"])
        self.sandbox.rule("unauthorized", contains=lost["account"], times=0)
        published, failed, held = (self.api.publish("to be told of", one) for one in (good, bad, lost))
        seen, _ = joined(self, self.service.port, self.api, "reader", "viewer")

        def told(query=""):
            page = seen.ask("GET", "/v1/notifications?limit=200" + query).json()
            return {(one["kind"], one["post_id"] or one["integration_id"]): one for one in page["data"]}
        expected = {("post.published", published["id"]), ("post.failed", failed["id"]), ("integration.disconnected", lost["id"])}
        wait_until(lambda: expected <= set(told()), 30, f"told of {expected}")
        self.assertNotIn(held["id"], [one for _, one in told()], "what waits for its account is not over")
        self.assertEqual({told()[one]["read"] for one in expected}, {False})
        read = seen.ask("POST", "/v1/notifications/read", {"ids": [told()[one]["id"] for one in expected]})
        self.assertEqual(read.status, 204, read)
        self.assertFalse(expected & set(told("&unread=true")))


class Cadence(harness.Case):
    def begin(self, offset_s):
        service = harness.Serve(self.world, self.data, name=f"serve-{int(offset_s)}").start(self.ahead(offset_s) if offset_s else None)
        self.api = Api(service.port, self.key)
        return service

    def test_queues_keep_a_regular_posting_cadence_without_picking_times(self):
        """Three posts and no instant among them: they go out on three days, each when the queue's clock shows the slot's time."""
        self.data = self.world.data()
        self.ahead = clock_ahead(self.data.path.parent)
        _, self.key = created(self.data, "acme", "--timezone", ZONE)
        service, began_s = self.begin(0), time.time()
        account = self.api.connect("cadence.test")
        first = datetime.datetime.fromtimestamp(began_s + 600, zoneinfo.ZoneInfo(ZONE)).replace(second=0, microsecond=0)
        slots = [{"weekday": day, "time": first.strftime("%H:%M")} for day in DAYS]
        answer = self.api.request("PATCH", f"/v1/integrations/{account['id']}/queue", {"slots": slots}, ANY)
        self.assertEqual(answer.status, 200, answer)
        posts = [self.api.publish(f"day {n}", account, **NEXT) for n in range(3)]
        due = [seconds_of(post["publish_at"]) for post in posts]
        self.assertEqual([at * 1000 for at in due], soon(3, slots))
        for n, (post, at) in enumerate(zip(posts, due)):
            service.stop()
            service = self.begin(at - time.time() - 12)
            told = self.api.wait_post(post, "published", within_s=60)
            self.assertGreaterEqual(seconds_of(told["published_at"]), at - 1)
            self.assertLess(seconds_of(told["published_at"]), at + 60)
            self.assertEqual(datetime.datetime.fromisoformat(told["publish_at_local"]).strftime("%H:%M"), slots[0]["time"])
            self.assertEqual(service.sandbox.texts(), [f"day {day}" for day in range(n + 1)])
        self.assertAlmostEqual(due[2] - due[0], 2 * DAY_S, delta=3600)
        service.stop()
        self.assert_verified_and_replayed(self.data)


class Complete(harness.Case):
    def test_each_case_is_in_the_list_of_sentences_once(self):
        """And the list names no other."""
        listed = re.findall(r"\| `(seeds_?\w*): (\w+)`", (HERE / "README.md").read_text())
        files = ("seeds", "seeds_scheduling", "seeds_queues")
        there = [(file, name) for file in files for name in re.findall(r"    def test_(\w+)", (HERE / f"{file}_test.py").read_text())]
        there.remove(("seeds_queues", "each_case_is_in_the_list_of_sentences_once"))
        self.assertEqual(sorted(listed), sorted(there))


if __name__ == "__main__":
    harness.main()
