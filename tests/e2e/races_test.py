#!/usr/bin/env python3
"""Commands that come at once: of many that name one version one is made, whatever they are; from exactly 300 s before a post's instant
on it is closed, by the ledger's clock alone; what is sent is what was locked, or nothing. Requests that are repeated say what they said
first, also to a ledger that was killed meanwhile."""

import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import harness
from harness import Parts, later, seconds_of, wait_until
from workspace_end_test import clock_ahead

CLIENTS = 24
LOCK_AHEAD_S = 300


def ms(instant):
    return round(seconds_of(instant) * 1000)


class Wish:
    """A change of a post that names the version that it was made from, under a key of its own."""

    def __init__(self, api, post, kind, number, if_match=True):
        self.api, self.kind, self.number = api, kind, number
        path = "/v1/posts/" + post["id"]
        self.headers = {"If-Match": f'"{post["version"]}"' if if_match else "*", "Idempotency-Key": f"{post['id']} {kind} {number}"}
        self.method, self.path, self.body = {
            "edit": ("PATCH", path, {"content": {"text": f"edited by {number}"}}),
            "label": ("PATCH", path, {"labels": [str(number)]}),
            "move": ("POST", path + "/schedule", {"at": later(9000 + number)}),
            "cancel": ("POST", path + "/cancel", None),
            "cancel target": ("POST", f"{path}/targets/{post['targets'][0]['id']}/cancel", None),
        }[kind]

    def send(self, start=None):
        if start:
            start.wait()
        self.sent_s = time.time()
        self.answer = self.api.persist(self.method, self.path, self.body, **self.headers)
        self.answered_s = time.time()
        return self


class Races(harness.Case):
    def begin(self):
        self.data = self.world.data("data", "--late-spacing", "1s")  # on a slow machine what goes out by a clock ahead is late
        self.sandbox = self.world.sandbox()
        self.parts = Parts(self.world, self.data, [self.sandbox.api.port], service=self.sandbox.url).start()
        self.api = self.parts.api
        self.account = self.api.connect()

    def all_at_once(self, wishes, meanwhile=None):
        start = threading.Barrier(len(wishes) + (1 if meanwhile else 0))
        with ThreadPoolExecutor(len(wishes)) as pool:
            sent = [pool.submit(wish.send, start) for wish in wishes]
            if meanwhile:
                start.wait()
                meanwhile()
                wait_until(lambda: self.parts.revive() and all(one.done() for one in sent), 60, "all answered")
            return [one.result() for one in sent]

    def the_one_that_won(self, post, wishes):
        """Exactly one; the others are told that they saw an older version, or, where all is over, so."""
        won = [wish for wish in wishes if wish.answer.status == 200]
        self.assertEqual(len(won), 1, [(wish.kind, wish.answer) for wish in won])
        for wish in wishes:
            if wish is not won[0]:
                code = wish.answer.json()["code"]
                over = won[0].kind.startswith("cancel") and code == "post_finished"
                self.assert_problem(wish.answer, 409 if over else 412, code if over else "precondition_failed")
        now = self.api.read_post(post)
        self.assertEqual(won[0].answer.json(), now)
        if won[0].kind == "edit":
            self.assertEqual(now["content"]["text"], won[0].body["content"]["text"])
        elif won[0].kind == "label":
            self.assertEqual(now["labels"], won[0].body["labels"])
        elif won[0].kind == "move":
            self.assertEqual(now["publish_at"], won[0].body["at"])
        else:
            self.assertEqual(now["status"], "cancelled")
        return won[0]

    def test_of_many_changes_that_name_one_version_one_is_made_and_the_others_are_412(self):
        """Each repeated under its key, at once and after the ledger was killed: the winner is told what it was told, the others are
        refused still."""
        self.begin()
        kinds, done, dice = ["edit", "label", "move", "cancel", "cancel target"], [], random.Random(11)
        for turn in range(10):
            post = self.api.publish(f"race {turn}", self.account, schedule={"at": later(7200)})
            some = kinds if turn % 2 else kinds[:3]  # without a cancel the post goes on
            wishes = [Wish(self.api, post, dice.choice(some), number) for number in range(CLIENTS)]
            killing = turn % 5 == 4
            before = self.the_one_that_won(post, self.all_at_once(wishes, self.kill_the_ledger if killing else None))
            done.append((before, before.answer, wishes))
        self.kill_the_ledger()
        wait_until(self.is_ready, 30, "ready again")
        for won, first, wishes in done:
            for wish in dice.sample(wishes, 6) + [won]:
                again = wish.send().answer
                if wish is won:
                    self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (200, "true"))
                    self.assertEqual((again.json(), again.headers["ETag"]), (first.json(), first.headers["ETag"]))
                else:
                    self.assertIn(again.status, (409, 412), again)
        self.parts.stop()
        self.assert_verified_and_replayed(self.data)
        print(f"{len(done)} races of {CLIENTS}; won by {', '.join(won.kind for won, _, _ in done)}")

    def kill_the_ledger(self):
        """What follows it ends with it, and is to be started again, as serve does."""
        self.parts["ledger"].kill9()
        self.parts["ledger"].start()

    def is_ready(self):
        try:
            return self.parts.revive() and self.api.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def test_a_post_is_closed_from_exactly_300_s_ahead_without_a_lock(self):
        """There is no scheduler, so no lock either: what the ledger stamped decides, to the millisecond. What was sent and
        accepted counts; a refusal says since when. When a scheduler is there again what was accepted last is what is sent."""
        self.begin()
        ahead = clock_ahead(self.data.path.parent)
        self.parts["scheduler"].stop()
        post = self.api.publish("as it was at first", self.account, schedule={"at": later(LOCK_AHEAD_S + 3)})
        closes_ms = ms(post["publish_at"]) - 1000 * LOCK_AHEAD_S

        def write(client):
            wishes = []
            while not wishes or time.time() * 1000 < closes_ms + 500:
                kind = "edit" if client % 3 else "label"
                wishes.append(Wish(self.api, post, kind, 1000 * client + len(wishes), if_match=False).send())
            return wishes
        with ThreadPoolExecutor(6) as pool:
            wishes = [wish for some in pool.map(write, range(6)) for wish in some]
        refused = [wish for wish in wishes if wish.answer.status == 409]
        accepted = [wish for wish in wishes if wish.answer.status == 200]
        self.assertEqual(len(wishes), len(refused) + len(accepted))
        for wish in refused:
            problem = self.assert_problem(wish.answer, 409, "post_locked")
            self.assertEqual((ms(problem["locked_at"]), problem["publish_at"]), (closes_ms, post["publish_at"]))
            self.assertGreaterEqual(wish.answered_s * 1000, closes_ms)
        for wish in accepted:
            self.assertLess(wish.sent_s * 1000, closes_ms)
        events = [event for event in self.data.events() if event["data"].get("post_id") == post["id"]]
        edits = [event for event in events if event["type"] == "post_edited"]
        self.assertEqual((len(edits), "post_locked" in [event["type"] for event in events]), (len(accepted), False))
        self.assertLess(ms(edits[-1]["time"]), closes_ms)
        self.assertGreater(min(len(refused), len(accepted)), 3)
        closed = self.api.read_post(post)
        for method, path, body in (("POST", "/schedule", {"at": later(7200)}), ("POST", "/schedule", {"now": True}),
                                   ("PATCH", "", {"targets": []})):
            answer = self.api.request(method, f"/v1/posts/{post['id']}{path}", body, {"If-Match": "*"})
            self.assert_problem(answer, 409, "post_locked")
        self.assertEqual(self.api.read_post(post), closed)
        self.parts.stop()
        for name in Parts.ORDER:
            self.parts[name].start(ahead(LOCK_AHEAD_S + 5))
        self.api.wait_post(post, "published")
        self.assertEqual(self.sandbox.texts(), [closed["content"]["text"]])
        self.parts.stop()
        self.assert_verified_and_replayed(self.data)
        print(f"{len(accepted)} changes until {ms(edits[-1]['time']) - closes_ms} ms, {len(refused)} refused after it")

    def test_edits_and_cancels_that_race_the_lock_have_one_outcome_each_and_nothing_mixed_is_sent(self):
        """The scheduler renders a version while people write another: what it locks is one of them, as a whole, and the last."""
        self.begin()
        ahead = clock_ahead(self.data.path.parent)
        at = later(LOCK_AHEAD_S + 4)
        posts = [self.api.publish(f"post {n} as it was at first", self.account, schedule={"at": at}) for n in range(12)]
        closes_s = seconds_of(at) - LOCK_AHEAD_S

        def race(n):
            post, edits, dice = posts[n], [], random.Random(n)
            cancels_s = closes_s + dice.uniform(-0.15, 0.15) if n % 3 == 0 else None
            while time.time() < closes_s + 0.4:
                if cancels_s is not None and time.time() >= cancels_s:
                    return edits, self.api.post(f"/v1/posts/{post['id']}/cancel")
                wish = Wish(self.api, post, "edit", len(edits), if_match=False)
                wish.body = {"content": {"text": f"post {n}, text {len(edits)}"}, "metadata": {"text": str(len(edits))}}
                edits.append(wish.send())
            return edits, None
        with ThreadPoolExecutor(len(posts)) as pool:
            raced = list(pool.map(race, range(len(posts))))
        wanted = []
        for post, (edits, cancelled) in zip(posts, raced):
            statuses = [wish.answer.status for wish in edits]
            self.assertEqual((statuses, set(statuses) - {200, 409}), (sorted(statuses), set()))  # 200 until it is 409
            last = ([wish for wish in edits if wish.answer.status == 200] or [None])[-1]
            now = self.api.wait_post(post, "cancelled" if cancelled else "queued")
            if cancelled:
                self.assertEqual(cancelled.status, 200, cancelled)
            self.assertEqual(now["content"]["text"], last.body["content"]["text"] if last else f"{post['content']['text']}")
            wanted += [] if cancelled else [now["content"]["text"]]
        self.parts.stop()
        for event in self.data.events():
            if event["type"] == "post_locked":
                self.assertGreaterEqual(ms(event["time"]), ms(at) - 1000 * LOCK_AHEAD_S)
        for name in Parts.ORDER:
            self.parts[name].start(ahead(LOCK_AHEAD_S + 10))
        for post, (_, cancelled) in zip(posts, raced):
            self.api.wait_post(post, "cancelled" if cancelled else "published", within_s=60)
        self.assertEqual(sorted(self.sandbox.texts()), sorted(wanted))
        self.parts.stop()
        self.assert_verified_and_replayed(self.data)

    def test_a_cancel_that_races_the_attempt_means_that_nothing_was_sent_or_is_refused(self):
        self.begin()
        dice, told = random.Random(5), {}
        with ThreadPoolExecutor(6) as pool:
            def race(n):
                post = self.api.publish(f"now or never {n}", self.account, schedule={"at": later(0.4)})
                due_s = seconds_of(post["publish_at"]) + dice.uniform(-0.02, 0.05)
                time.sleep(max(0, due_s - time.time()))  # the race's moment is what is tried, nothing waits for it
                return post, self.api.post(f"/v1/posts/{post['id']}/cancel")
            raced = list(pool.map(race, range(36)))
        sent = []
        for post, answer in raced:
            cancelled = answer.status == 200
            if not cancelled:
                self.assertIn(self.assert_problem(answer, 409, answer.json()["code"])["code"], ("post_publishing", "post_finished"))
                sent.append(post["content"]["text"])
            self.assertEqual(self.api.wait_post(post, "cancelled", "published")["status"], "cancelled" if cancelled else "published")
            told[answer.status] = told.get(answer.status, 0) + 1
        self.assertEqual(sorted(self.sandbox.texts()), sorted(sent))
        self.parts.stop()
        self.assert_verified_and_replayed(self.data)
        print(f"36 cancels at the instant: {told.get(200, 0)} in time, {told.get(409, 0)} too late")


if __name__ == "__main__":
    harness.main()
