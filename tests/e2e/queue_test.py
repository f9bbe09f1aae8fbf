#!/usr/bin/env python3
"""Queues: recurring slots of an account, given away one by one however many ask at once, freed by whatever moves or ends
a post, held by a pause. What the service gives is held against a model in Python, which has zones of its own (zoneinfo)
and knows nothing of the service's index.

OPENPOST_QUEUE_ROUNDS: how many rounds of 80 clients at once (10, and 100 for whoever has a minute or two)."""

import datetime
import os
import random
import signal
import time
import zoneinfo
from concurrent.futures import ThreadPoolExecutor

import harness
from harness import later, seconds_of, wait_until

ROUNDS = int(os.environ.get("OPENPOST_QUEUE_ROUNDS", "10"))
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
AHEAD_MS, WITHIN_MS = 360 * 1000, 366 * 86400 * 1000
HOURLY = [{"weekday": day, "time": f"{hour:02d}:00"} for day in DAYS for hour in range(24)]
UTC = datetime.timezone.utc


def instant_ms(local, zone):
    """When a zone's clocks show local: the first of two, or the first instant after the gap that swallowed it."""
    at = local.replace(tzinfo=zone, fold=0)
    shown = at.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if shown != local:  # swallowed: the gap ends where the offset of before it stops to hold
        low = int(at.astimezone(UTC).timestamp()) - 86400
        high = low + 2 * 86400
        before = datetime.datetime.fromtimestamp(low, zone).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if datetime.datetime.fromtimestamp(middle, zone).utcoffset() == before else (low, middle)
        return high * 1000
    return int(at.astimezone(UTC).timestamp()) * 1000


def occurrences(slots, zone, from_ms):
    """The instants of weekly slots from then on, for a year and a day, each once."""
    zone = zoneinfo.ZoneInfo(zone)
    first = datetime.datetime.fromtimestamp(from_ms / 1000, zone).date() - datetime.timedelta(days=1)
    found = set()
    for n in range(370):
        day = first + datetime.timedelta(days=n)
        for slot in slots:
            if DAYS[day.weekday()] == slot["weekday"]:
                hour, minute = map(int, slot["time"].split(":"))
                found.add(instant_ms(datetime.datetime(day.year, day.month, day.day, hour, minute), zone))
    return sorted(at for at in found if at >= from_ms)


class Model:
    """One account's calendar, one event of the log after the other."""

    def __init__(self, slots, zone="UTC"):
        self.slots, self.zone, self.due = slots, zone, {}
        self.known_from, self.known = None, []

    def next_slot(self, now_ms, own):
        if self.known_from is None or now_ms - self.known_from > 3600 * 1000:
            self.known_from, self.known = now_ms, occurrences(self.slots, self.zone, now_ms)
        filled = {at for post, at in self.due.items() if post != own}
        return next((at for at in self.known if now_ms + AHEAD_MS <= at <= now_ms + WITHIN_MS and at not in filled), None)


def ms(instant):
    return round(seconds_of(instant) * 1000)


class Queue(harness.Case):
    def account(self, api, name="alice.test", slots=(), timezone=None):
        account = api.connect(name)["id"]
        if slots:
            self.set_slots(api, account, slots, timezone)
        return account

    def set_slots(self, api, account, slots, timezone=None):
        path = f"/v1/integrations/{account}/queue"
        answer = api.request("PATCH", path, {"slots": list(slots), "timezone": timezone}, {"If-Match": "*"})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def ask(self, api, *accounts, text="next", **more):
        return api.post("/v1/posts", {"content": {"text": text}, "targets": [{"integration_id": one} for one in accounts],
                                      "schedule": {"next_slot": True}, **more})

    def test_a_queue_is_made_with_its_account_and_changed_under_its_version(self):
        api = self.world.serve().api
        account = self.account(api)
        path = f"/v1/integrations/{account}/queue"
        first = api.get(path)
        queue = first.json()
        self.assertEqual((first.status, queue["slots"], queue["timezone"], queue["clock"], queue["paused"], queue["version"]),
                         (200, [], None, "UTC", False, 1))
        self.assertTrue(queue["id"].startswith("que_"))
        self.assert_problem(self.ask(api, account), 409, "queue_empty")
        slots = [{"weekday": "friday", "time": "16:30"}, {"weekday": "monday", "time": "09:00"}]
        self.assert_problem(api.request("PATCH", path, {"slots": slots}), 428, "precondition_required")
        changed = api.request("PATCH", path, {"slots": slots, "timezone": "Asia/Kathmandu"}, {"If-Match": first.headers["ETag"]})
        self.assertEqual(changed.status, 200, changed)
        now = changed.json()
        self.assertEqual([(slot["weekday"], slot["time"]) for slot in now["slots"]], [("monday", "09:00"), ("friday", "16:30")])
        self.assertEqual((now["timezone"], now["clock"], now["version"]), ("Asia/Kathmandu", "Asia/Kathmandu", 2))
        self.assert_problem(api.request("PATCH", path, {"slots": []}, {"If-Match": first.headers["ETag"]}), 412, "precondition_failed")
        kept = self.set_slots(api, account, [slots[1], {"weekday": "sunday", "time": "00:00"}])
        self.assertEqual(kept["slots"][0], now["slots"][0])  # a time that stays keeps its id
        self.assertNotIn(kept["slots"][1]["id"], [slot["id"] for slot in now["slots"]])
        self.assertEqual((kept["timezone"], kept["clock"]), (None, "UTC"))
        self.assertEqual(api.get(path, headers={"If-None-Match": api.get(path).headers["ETag"]}).status, 304)
        for body, code in [({"slots": [{"weekday": "noday", "time": "09:00"}]}, "field_invalid"),
                           ({"slots": [{"weekday": "monday", "time": "24:00"}]}, "field_invalid"),
                           ({"slots": [{"weekday": "monday", "time": "9:00"}]}, "field_invalid"),
                           ({"slots": [slots[0], slots[0]]}, "slot_duplicate"), ({"timezone": "PST"}, "timezone_unknown"),
                           ({"slots": HOURLY + [{"weekday": "monday", "time": "00:01"}]}, "field_too_long")]:
            problem = self.assert_problem(api.request("PATCH", path, body, {"If-Match": "*"}), 422, code)
            if code == "slot_duplicate":
                self.assertEqual(problem["param"], "/slots/1")

    def test_a_request_about_a_queue_that_is_repeated_gets_its_first_answer(self):
        api = self.world.serve().api
        path = f"/v1/integrations/{self.account(api)}/queue"
        asked = [("PATCH", path, {"slots": HOURLY[:3], "timezone": "Asia/Kathmandu"}), ("POST", path + "/pause", None),
                 ("POST", path + "/resume", None)]

        def ask(number):
            method, where, body = asked[number]
            answer = api.request(method, where, body, {"Idempotency-Key": str(number), "If-Match": "*"})
            return answer, (answer.status, answer.headers["ETag"], answer.json())
        first = [ask(number)[1] for number in range(len(asked))]
        self.assertEqual([status for status, _, _ in first], [200, 200, 200], first)
        for number, told in enumerate(first):
            again, what = ask(number)
            self.assertEqual((again.headers["Idempotent-Replayed"], what), ("true", told))

    def test_the_next_slot_is_the_first_that_nothing_fills(self):
        service = self.world.serve()
        api = service.api
        slots = [{"weekday": day, "time": "12:00"} for day in DAYS]
        account, other = self.account(api, slots=slots, timezone="America/New_York"), self.account(api, "bob.test", slots[:1])
        path = f"/v1/integrations/{account}/queue"
        free = [ms(one["at"]) for one in api.get(path + "/preview?n=10").json()["data"]]
        coming = [at for at in occurrences(slots, "America/New_York", time.time() * 1000)]
        self.assertEqual(free, coming[:10])
        free = [at for at in free if at >= time.time() * 1000 + AHEAD_MS + 60000]
        by_hand = api.publish("by hand", {"id": account}, schedule={"at": datetime.datetime.fromtimestamp(free[1] / 1000, UTC).isoformat()})
        first, second = (self.ask(api, account).json() for _ in range(2))
        self.assertEqual([ms(post["publish_at"]) for post in (first, second)], [free[0], free[2]])
        shown = {ms(one["at"]): one for one in api.get(path + "/preview?n=10").json()["data"]}
        for at, post in [(free[0], first), (free[1], by_hand), (free[2], second)]:
            self.assertEqual((shown[at]["filled"], shown[at]["holders"]),
                             (True, [{"post_id": post["id"], "target_id": post["targets"][0]["id"]}]))
        self.assertEqual((shown[free[3]]["filled"], shown[free[3]]["holders"]), (False, []))
        self.assertEqual(api.post(f"/v1/posts/{first['id']}/cancel").status, 200)
        third = self.ask(api, account).json()
        self.assertEqual(ms(third["publish_at"]), free[0])  # cancelled: free again
        moved = api.post(f"/v1/posts/{second['id']}/schedule", {"at": later(86400 * 300)})
        self.assertEqual(moved.status, 200, moved)
        back = api.post(f"/v1/posts/{second['id']}/schedule", {"next_slot": True}).json()
        self.assertEqual(ms(back["publish_at"]), free[2])
        again = api.post(f"/v1/posts/{second['id']}/schedule", {"next_slot": True}).json()
        self.assertEqual((again["publish_at"], again["version"]), (back["publish_at"], back["version"]))
        both = self.ask(api, account, other).json()
        mondays = occurrences(slots[:1], "UTC", time.time() * 1000 + AHEAD_MS)
        self.assertEqual([ms(target["publish_at"]) for target in both["targets"]], [free[3], mondays[0]])
        made = api.post("/v1/api-keys", {"name": "narrow", "role": "viewer", "integrations": [account]}).json()
        narrow = harness.Api(api.port, made["key"])  # it does not see a post that goes elsewhere, too
        seen = {ms(one["at"]): one for one in narrow.get(path + "/preview?n=10").json()["data"]}
        self.assertEqual((seen[free[3]]["filled"], seen[free[3]]["holders"]), (True, []))
        self.assertEqual(seen[free[2]]["holders"], [{"post_id": second["id"], "target_id": second["targets"][0]["id"]}])
        self.assertEqual(narrow.get(f"/v1/integrations/{other}/queue/preview").status, 404)
        self.set_slots(api, account, slots[:1], "America/New_York")
        self.assertEqual(api.read_post(both)["targets"], both["targets"])  # nothing that is reserved moves
        self.set_slots(api, other, [])
        count = len(api.get("/v1/posts?limit=200").json()["data"])
        problem = self.assert_problem(self.ask(api, account, other), 409, "queue_empty")  # all targets or none
        self.assertEqual((problem["param"], f"PATCH /v1/integrations/{other}/queue" in problem["detail"]), ("/targets/1", True), problem)
        draft = api.post("/v1/posts", {"content": {"text": "later"}, "targets": [{"integration_id": other}]}).json()
        problem = self.assert_problem(api.post(f"/v1/posts/{draft['id']}/schedule", {"next_slot": True}), 409, "queue_empty")
        self.assertEqual((problem["param"], other in problem["detail"]), ("/next_slot", True), problem)
        api.request("DELETE", f"/v1/posts/{draft['id']}", None, {"If-Match": "*"})
        self.assertEqual(len(api.get("/v1/posts?limit=200").json()["data"]), count)
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_two_targets_change_places_both_or_neither(self):
        service = self.world.serve()
        api = service.api
        account = self.account(api, slots=HOURLY)
        one, two = (self.ask(api, account).json() for _ in range(2))
        path = f"/v1/posts/{one['id']}/targets/{one['targets'][0]['id']}/swap"
        body = {"post_id": two["id"], "target_id": two["targets"][0]["id"]}
        key = {"Idempotency-Key": "once"}
        first = api.post(path, body, key)
        self.assertEqual((first.status, first.json()["publish_at"], first.json()["version"]), (200, two["publish_at"], 3), first)
        self.assertEqual(api.post(path, body, key).json(), first.json())  # and not back again
        self.assertEqual(api.read_post(two)["publish_at"], one["publish_at"])
        third = self.ask(api, account).json()  # both instants are filled as before
        self.assertGreater(third["publish_at"], max(one["publish_at"], two["publish_at"]))
        brief = api.publish("brief", {"id": account}, schedule={"at": later(3600)}, not_after=later(3700))
        late = api.publish("late", {"id": account}, schedule={"at": later(36000)})
        refused = api.post(f"/v1/posts/{late['id']}/targets/{late['targets'][0]['id']}/swap",
                           {"post_id": brief["id"], "target_id": brief["targets"][0]["id"]})
        self.assert_problem(refused, 409, "lateness_exceeded")
        self.assertEqual([api.read_post(post)["version"] for post in (brief, late)], [2, 2])
        for other in ({"post_id": brief["id"], "target_id": late["targets"][0]["id"]}, {"post_id": "post_x", "target_id": "tgt_x"}):
            self.assert_problem(api.post(path, other), 422, "reference_not_found")
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_a_paused_queue_holds_what_is_due_and_lets_it_go(self):
        api = self.world.serve().api
        account, other = self.account(api), self.account(api, "bob.test")
        path = f"/v1/integrations/{account}/queue"
        for asked, paused in (("resume", False), ("pause", True), ("pause", True)):  # it may be so already
            answer = api.post(f"{path}/{asked}")
            self.assertEqual((answer.status, answer.json()["paused"]), (200, paused), asked)
        held = api.publish("held", {"id": account})
        free = api.publish("free", {"id": other})
        api.wait_post(free, "published")
        wait_until(lambda: api.read_post(held)["targets"][0]["held"] == "queue_paused", 20, "held")
        self.assertEqual(api.read_post(held)["status"], "queued")  # locked all the same
        wait_until(lambda: api.figures()["openpost_ledger_targets_held"] == 1, 10, "a target is held")
        self.assertFalse(api.post(path + "/resume").json()["paused"])
        api.wait_post(held, "published")

    def test_what_clocks_skip_is_one_occurrence(self):
        """Two slots on either side of the gap come round at one instant on that day, and on that day alone."""
        api = self.world.serve().api
        zone, year = "Europe/Berlin", datetime.datetime.now(UTC).year
        march = max(day for day in range(25, 32) if datetime.date(year + 1, 3, day).weekday() == 6)
        gap_ms = instant_ms(datetime.datetime(year + 1, 3, march, 2, 30), zoneinfo.ZoneInfo(zone))
        slots = [{"weekday": "sunday", "time": "02:30"}, {"weekday": "sunday", "time": "03:00"}]
        account = self.account(api, slots=slots, timezone=zone)
        data = api.get(f"/v1/integrations/{account}/queue/preview?n=100").json()["data"]
        shown = [ms(one["at"]) for one in data]
        self.assertEqual(shown, occurrences(slots, zone, time.time() * 1000)[:100])
        if gap_ms in shown:
            day = [at for at in shown if gap_ms - 43200000 < at < gap_ms + 43200000]
            self.assertEqual(day, [gap_ms])
            self.assertTrue(data[shown.index(gap_ms)]["at_local"].endswith("03:00:00+02:00"), data[shown.index(gap_ms)])

    def reserve(self, api, account, count):
        return [self.ask(api, account).json()["id"] for _ in range(count)]

    def test_however_many_ask_at_once_each_gets_another_and_none_is_left_out(self):
        """64 clients ask for the next slot of one queue while 8 cancel and 8 reschedule. The log has an order: every
        reservation in it is what a sequential model gives at its place."""
        service = self.world.serve()
        api = service.api
        account = self.account(api, slots=HOURLY)
        dice, held, kinds = random.Random(7), self.reserve(api, account, 24), {}

        def send(what):
            kind, post = what
            if kind == "ask":
                answer = self.ask(api, account)
                return answer, answer.status == 201 and answer.json()["id"]
            if kind == "cancel":
                return api.post(f"/v1/posts/{post}/cancel"), None
            body = {"next_slot": True} if kind == "forward" else {"at": later(86400 * 380 + dice.randrange(86400))}
            return api.post(f"/v1/posts/{post}/schedule", body), post

        with ThreadPoolExecutor(80) as pool:
            for _ in range(ROUNDS):
                dice.shuffle(held)
                wishes = [("cancel", post) for post in held[:8]]
                wishes += [("forward" if n % 2 else "away", post) for n, post in enumerate(held[8:16])]
                wishes += [("ask", None)] * 64
                dice.shuffle(wishes)
                for (kind, _), (answer, post) in zip(wishes, pool.map(send, wishes)):
                    self.assertIn(answer.status, (200, 201), answer)
                    kinds[kind] = kinds.get(kind, 0) + 1
                    held += [post] if kind == "ask" else []
                held = held[8:]
        service.stop()
        self.assertEqual(kinds["ask"], 64 * ROUNDS)
        filled = self.check_log(service.data, account)
        self.assertEqual(len(filled), len(set(filled.values())) + self.away(filled))
        self.assert_verified_and_replayed(service.data)

    def away(self, filled):
        """Posts that were sent away may stand at one instant with another by chance: to the millisecond, hardly any."""
        instants = [at for at in filled.values() if at % 3600000]
        return len(instants) - len(set(instants))

    def check_log(self, data, account):
        """Follows the log; returns {post: instant} as it ends."""
        model, asked = Model(HOURLY), 0
        for event in data.events():
            fields = event["data"]
            if event["type"] == "post_scheduled":
                post, now_ms = fields["post_id"], ms(event["time"])
                due = ms(fields["targets"][0]["due_at"])
                if due % 3600000 == 0:  # an occurrence: it was asked for, nobody chose one by hand
                    self.assertEqual(due, model.next_slot(now_ms, post), f"event {event}")
                    asked += 1
                model.due[post] = due
            elif event["type"] == "targets_cancelled":
                del model.due[fields["post_id"]]
        self.assertGreater(asked, 0)
        return model.due

    def test_a_ledger_that_is_killed_amid_reservations_has_given_none_away_twice(self):
        data = self.world.data()
        sandbox = self.world.sandbox()
        parts = harness.Parts(self.world, data, [sandbox.api.port], service=sandbox.url).start()
        api = parts.api
        account = self.account(api, slots=HOURLY)
        stop, acknowledged = [], []

        def client(number):
            while not stop:
                answer = api.persist("POST", "/v1/posts", {"content": {"text": f"{number}"}, "schedule": {"next_slot": True},
                                                           "targets": [{"integration_id": account}]})
                self.assertEqual(answer.status, 201, answer)
                acknowledged.append((answer.json()["id"], answer.json()["publish_at"]))

        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, number) for number in range(8)]

            def more(count):  # whatever has ended is started again, as serve does
                ended = [one for one in clients if one.done()]
                for one in ended:
                    one.result()
                return not ended and parts.revive() and len(acknowledged) > count + 20
            try:
                for _ in range(4):
                    count = len(acknowledged)
                    wait_until(lambda: more(count), 60, "more reservations")
                    parts["ledger"].signal(signal.SIGKILL)
                count = len(acknowledged)
                wait_until(lambda: more(count), 60, "reservations after the last start")
            finally:
                stop.append(True)
            for one in clients:
                one.result()
        parts.stop()
        filled = self.check_log(data, account)
        self.assertEqual(len(set(filled.values())), len(filled))
        for post, at in acknowledged:
            self.assertEqual(filled[post], ms(at))
        self.assert_verified_and_replayed(data)


if __name__ == "__main__":
    harness.main()
