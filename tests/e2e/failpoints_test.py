#!/usr/bin/env python3
"""kill -9 at every named failpoint between a post's creation and its outcome, in every process, with the platform having
accepted or not. What counts is what is live on the platform, not what we say about it.

With a platform that knows keys every post ends up live exactly once. With one that knows none, a post whose answer was
heard is published, any other is live at most once, and a doubt is shown as `unknown` within 180 s of its start: never
sent again, never silent."""

import collections
import concurrent.futures
import re
import threading
import time

import harness
from harness import Parts, wait_until

OWNERS = {"core/ledger": "ledger", "core/scheduler": "scheduler", "adapters": "adapter", "gateway": "gateway"}
# The steps of a post, each one commit of the ledger's.
STEPS = ("post_created", "post_locked", "attempt_started", "attempt_finished")
STARTED = 3  # steps that the log holds between the start and the outcome
# How many steps the log holds when a process dies at the first, second, … passage of a failpoint; at those that are not
# here, once a post: STARTED. A commit more or less, or a step in another order, is another number: the test says so.
LOGGED = {"ledger_before_commit": (0, 1, 2, 3), "ledger_committed": (1, 2, 3, 4), "ledger_replied": (1, 2, 3, 4),
          "command_answered": (2, 3, 4)}
HANDED_ON = ("outcomes_reported",)  # the scheduler has what the dead process knew: the next step may be in the log already
TRIES_MAX = 4
SPARE_ACCOUNTS = 20  # for the rounds that failpoints do not make, and those that are played again
PASSAGES = {name: len(logged) for name, logged in LOGGED.items()}
UNKNOWN_WITHIN_S = 180
SETTLED_WITHIN_S = 220  # the deadline of 120 s, a reading, a wait of 30 s, a second try
CALM_S = 1  # so long nobody must have sent the ledger a command: longer than a broken connection takes to be made again
FREE_S = 2  # and so long nothing may fall due: what a round takes from its arming to its death
FAR_ENOUGH_S = {"published": 0, "unknown": 0, "attempting": 3}  # how long a status must stand: after that, only a deadline

Round = collections.namedtuple("Round", "failpoint passage accepted turn again", defaults=(0, 0))
UNDISTURBED = Round("nobody", 1, False)
Death = collections.namedtuple("Death", "logged accepted")  # steps in the log; does the platform have the post


def failpoints():
    """name -> process, from the sources: a new failpoint is killed at without a change here."""
    found = {}
    for folder, process in OWNERS.items():
        for path in sorted((harness.ROOT / folder).glob("*.c")):
            for name in re.findall(r'FAILPOINT\("(\w+)"\)', path.read_text()):
                found[name] = process
    return found


class Place:
    """An installation by hand and a platform of its own, which has rules, texts and a count of the records it made."""

    def __init__(self, world, name, platform, keyless=False):
        self.name, self.platform = name, platform
        self.parts = Parts(world, world.data(name), [platform.port], service=platform.url)
        if keyless:
            self.parts["scheduler"].argv.append("--keyless")
        self.api = self.parts.api
        self.posts, self.deaths, self.settled = {}, {}, {}

    def start(self, logins):
        """An account for each round: late targets of one account would be sent a minute apart."""
        self.parts.start()
        self.accounts = [self.api.connect(identifier, password=password) for identifier, password in logins]
        return self

    def target(self, post):
        return self.api.read_post(post)["targets"][0]

    def text_of(self, which):
        words = (self.name, which.failpoint, which.passage, "accepted" if which.accepted else "plain", which.turn, which.again)
        return " ".join(map(str, words))

    def death(self, text):
        """What recovery finds: read while the dead process has not been started again."""
        known = {post["id"] for post in self.posts.values()}
        steps = [event["type"] for event in self.parts.data.events()
                 if event["type"] in STEPS and event["data"]["post_id"] not in known]
        return Death(len(steps), text in self.platform.texts())

    def play(self, which, arm):
        """One post while the process that arm returns dies; goes on once it has died and was started again, and the post
        is as far as it can get for now."""
        text = self.text_of(which)
        process = arm()
        if which.accepted:
            self.platform.rule("silence_after_accepting", contains=f'"{text}"')
        account = self.accounts[len(self.posts)]
        made = []
        writer = threading.Thread(target=lambda: made.append(self.api.publish(text, account)))
        writer.start()
        since = {}

        def settled():
            if process and which not in self.deaths:
                if self.parts[process].alive():
                    return False
                self.deaths[which] = self.death(text)
            self.parts.tend()
            if writer.is_alive() or not made:
                return False
            try:
                status = self.target(made[0])["status"]
            except OSError:
                return False
            stands_s = time.monotonic() - since.setdefault(status, time.monotonic())
            return stands_s >= FAR_ENOUGH_S.get(status, 60)
        wait_until(settled, 40, f"dead, and as far as it gets: {which}")
        writer.join()
        self.platform.forget_rules()  # killed before anything was sent: the rule is not for the second try
        self.posts[text] = made[0]

    def play_there(self, which, arm):
        """Plays a round until its process has died where it was meant to: it may die of what earlier rounds left to do."""
        steps = LOGGED.get(which.failpoint, (STARTED,))[which.passage - 1]
        expected = (steps, steps + 1) if which.failpoint in HANDED_ON else (steps,)
        for again in range(TRIES_MAX):
            one = which._replace(again=again)
            self.play(one, lambda text=self.text_of(one): arm(text))
            if self.deaths[one].logged in expected:
                return
        raise AssertionError(f"{TRIES_MAX} times not {expected} steps in the log: {one}, {self.deaths[one]}")

    def left(self):
        """When what earlier rounds left to do falls due: readings at a deadline, second tries after them."""
        due = {}
        for event in self.parts.data.events():
            if event["type"] == "attempt_started":
                due[event["data"]["target_id"]] = event["data"]["deadline"]
            elif event["type"] in ("attempt_finished", "attempt_settled"):
                due[event["data"]["target_id"]] = event["data"]["next_attempt_at"]
        return [harness.seconds_of(instant) for instant in due.values() if instant]

    def wait_calm(self):
        """Passages are counted whosever they are: what the dead process left unanswered is asked again, what is unknown
        is read and sent again. Armed is when the first is over and the second not near."""
        seen = {}

        def calm():
            asked = self.parts.api.figures().get("openpost_ledger_commands_total")
            if asked not in seen:
                seen[asked] = time.monotonic(), min(self.left(), default=float("inf"))
            since, due = seen[asked]
            return asked is not None and time.monotonic() - since >= CALM_S and due > time.time() + FREE_S
        wait_until(calm, SETTLED_WITHIN_S, f"calm: {self.name}")

    def play_failpoint(self, which, process):
        environment = {"OPENPOST_FAILPOINT": f"{which.failpoint}:{which.passage}"}

        def arm(_):
            """What earlier rounds left to do may kill the process before this round's post is there: once more then."""
            self.parts.tend()
            self.wait_calm()
            self.parts[process].stop()
            for _ in range(10):
                self.parts[process].start(environment, wait=False)
                wait_until(lambda: self.parts[process].is_ready() or not self.parts[process].alive(), 60,
                           f"ready or dead: {process}")
                if self.parts[process].alive():
                    return process
                self.parts[process].wait_end()
            raise AssertionError(f"{process} dies at {which} before it has anything to do")
        self.play_there(which, arm)

    def play_under_way(self, process):
        """Kills the process while the platform has accepted and its answer is on its way."""
        def arm(text):
            self.platform.rule("slow", contains=f'"{text}"', value_ms=1500)
            before = self.platform.creates()

            def kill():
                wait_until(lambda: self.platform.creates() > before, 30, "accepted by the platform")
                self.parts[process].signal(9)
            threading.Thread(target=kill).start()
            return process
        self.play_there(Round(f"{process}_while_the_answer_is_under_way", 1, False), arm)


def all_rounds(passages=None):
    """passages: each failpoint at so many of its last ones (2: the start and the outcome); otherwise at every one."""
    return [(Round(name, passage, accepted), process) for name, process in failpoints().items()
            for passage in range(PASSAGES.get(name, 1), 0, -1)[:passages] for accepted in (False, True)]


class Kills(harness.Case):
    """What the test here and the one on a real server share."""

    def play_all(self, place, rounds, logins=None):
        place.start(logins or [(f"{place.name}-{number}.test", "any") for number in range(len(rounds) + SPARE_ACCOUNTS)])
        for which, process in rounds:
            place.play_failpoint(which, process)
        for process in ("ledger", "scheduler", "adapter"):
            place.play_under_way(process)
        under_way = [death.accepted for death in place.deaths.values() if death.logged == STARTED]
        self.assertGreaterEqual(sum(under_way), len(under_way) / 2, "deaths between start and outcome, platform has accepted")
        print(f"{place.name}: between start and outcome {len(under_way)} deaths, {sum(under_way)} with the post accepted")

    def wait_settled(self, place, statuses, within_s):
        open_posts = dict(place.posts)

        def all_settled():
            for text, post in list(open_posts.items()):
                place.settled[text] = place.target(post)["status"]
                if place.settled[text] in statuses:
                    del open_posts[text]
            return not open_posts
        try:
            wait_until(all_settled, within_s, f"settled: {place.name}")
        except AssertionError as error:
            left = {text: place.settled[text] for text in open_posts}
            raise AssertionError(f"{error}; left are {left}") from None

    def assert_shown_in_time(self, place):
        """Between a start and the event that says what came of it, or that nobody knows, lie at most 180 s."""
        started = {}
        for event in place.parts.data.events():
            at = harness.seconds_of(event["time"])
            if event["type"] == "attempt_started":
                started[event["data"]["attempt_id"]] = at
            elif event["type"] == "attempt_finished":
                self.assertLess(at - started.pop(event["data"]["attempt_id"]), UNKNOWN_WITHIN_S)
        self.assertFalse(started, "started and never heard of again")


class Failpoints(Kills):
    def test_every_post_is_live_exactly_once_where_keys_tell_and_at_most_once_where_none_do(self):
        keyed = Place(self.world, "keyed", self.world.sandbox(name="keyed-sandbox"))
        keyless = Place(self.world, "keyless", self.world.sandbox("--keyless", name="keyless-sandbox"), keyless=True)
        # Whoever starts a process must outlive it, so the threads of the two places stay until all is settled.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            playing = [pool.submit(self.play_all, keyed, all_rounds()),
                       pool.submit(self.play_all, keyless, all_rounds(passages=2))]
            for one in playing:
                one.result()
            keyless.play(UNDISTURBED, lambda: None)
            self.wait_settled(keyed, ("published",), SETTLED_WITHIN_S)
            self.wait_settled(keyless, ("published", "unknown"), UNKNOWN_WITHIN_S)
            for place in (keyed, keyless):
                place.parts.stop()
        self.assert_live(keyed, keyless)
        for place in (keyed, keyless):
            self.assert_verified_and_replayed(place.parts.data)
            self.assert_shown_in_time(place)
            print(f"{place.name}: {len(place.deaths)} processes killed, {len(place.posts)} posts, {len(place.platform.texts())} live")

    def assert_live(self, keyed, keyless):
        live = collections.Counter(keyed.platform.texts())
        self.assertEqual(live, collections.Counter(keyed.posts.keys()))
        self.assertEqual(keyless.settled[keyless.text_of(UNDISTURBED)], "published")
        live = collections.Counter(keyless.platform.texts())
        self.assertLessEqual(live.keys(), keyless.posts.keys())
        for text in keyless.posts:
            self.assertLessEqual(live[text], 1, text)
            if keyless.settled[text] == "published":
                self.assertEqual(live[text], 1, text)
        settled = collections.Counter(keyless.settled.values())
        self.assertGreater(settled["published"], 1, "no post got through although its process died")
        self.assertGreater(settled["unknown"], 0, "no doubt was left: the kills did not reach what they should")
        print(f"keyless: {settled['published']} published, {settled['unknown']} unknown")


if __name__ == "__main__":
    harness.main()
