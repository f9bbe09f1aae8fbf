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
# How often a failpoint is passed between a post's creation and its outcome, if more than once: the ledger commits the
# creation, the lock, the start and the outcome; the scheduler has the last three answered.
PASSAGES = {"ledger_before_commit": 4, "ledger_committed": 4, "ledger_replied": 4, "command_answered": 3}
UNKNOWN_WITHIN_S = 180
SETTLED_WITHIN_S = 220  # the deadline of 120 s, a reading, a wait of 30 s, a second try
LAST_STEP_S = {"published": 0.3, "unknown": 0.3, "attempting": 3}

Round = collections.namedtuple("Round", "failpoint passage accepted turn", defaults=(0,))
UNDISTURBED = Round("nobody", 1, False)


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
        self.posts, self.died, self.settled = {}, {}, {}

    def start(self, logins):
        """An account for each round: late targets of one account would be sent a minute apart."""
        self.parts.start()
        self.accounts = [self.api.connect(identifier, password=password) for identifier, password in logins]
        return self

    def target(self, post):
        return self.api.read_post(post)["targets"][0]

    def text_of(self, which):
        words = (self.name, which.failpoint, which.passage, "accepted" if which.accepted else "plain", which.turn)
        return " ".join(map(str, words))

    def play(self, which, arm):
        """One post while a process dies; goes on once the post is as far as it can get for now."""
        text = self.text_of(which)
        process = arm()
        if which.accepted:
            self.platform.rule("silence_after_accepting", contains=f'"{text}"')
        account = self.accounts[len(self.posts)]
        made, died = [], []
        writer = threading.Thread(target=lambda: made.append(self.api.publish(text, account)))
        writer.start()
        since = {}

        def settled():
            died.extend(self.parts.tend())
            if writer.is_alive() or not made:
                return False
            try:
                status = self.target(made[0])["status"]
            except OSError:
                return False
            stands_s = time.monotonic() - since.setdefault(status, time.monotonic())
            return stands_s > LAST_STEP_S.get(status, 60)  # a process may die a moment after the last step is seen
        wait_until(settled, 40, f"as far as it gets: {which}")
        writer.join()
        self.platform.forget_rules()  # killed before anything was sent: the rule is not for the second try
        self.posts[text] = made[0]
        self.died[which] = process in died

    def play_failpoint(self, which, process):
        environment = {"OPENPOST_FAILPOINT": f"{which.failpoint}:{which.passage}"}

        def arm():
            """What earlier rounds left to do may kill the process before this round's post is there: once more then."""
            self.parts.tend()
            self.parts[process].stop()
            for _ in range(10):
                self.parts[process].start(environment, wait=False)
                wait_until(lambda: self.parts[process].is_ready() or not self.parts[process].alive(), 60,
                           f"ready or dead: {process}")
                if self.parts[process].alive():
                    return process
                self.parts[process].wait_end()
            raise AssertionError(f"{process} dies at {which} before it has anything to do")
        self.play(which, arm)

    def play_under_way(self, process):
        """Kills the process while the platform has accepted and its answer is on its way."""
        which = Round(f"{process}_while_the_answer_is_under_way", 1, False)
        text = self.text_of(which)

        def arm():
            self.platform.rule("slow", contains=f'"{text}"', value_ms=1500)
            before = self.platform.creates()

            def kill():
                wait_until(lambda: self.platform.creates() > before, 30, "accepted by the platform")
                self.parts[process].signal(9)
            threading.Thread(target=kill).start()
            return process
        self.play(which, arm)


def all_rounds(passages=None):
    """passages: each failpoint at so many of its last ones (2: the start and the outcome); otherwise at every one."""
    return [(Round(name, passage, accepted), process) for name, process in failpoints().items()
            for passage in range(PASSAGES.get(name, 1), 0, -1)[:passages] for accepted in (False, True)]


class Kills(harness.Case):
    """What the test here and the one on a real server share."""

    def play_all(self, place, rounds, logins=None):
        place.start(logins or [(f"{place.name}-{number}.test", "any") for number in range(len(rounds) + 4)])
        for which, process in rounds:
            place.play_failpoint(which, process)
        for process in ("ledger", "scheduler", "adapter"):
            place.play_under_way(process)
        reached = {which.failpoint for which, died in place.died.items() if died}
        missing = {which.failpoint for which in place.died} - reached
        self.assertFalse(missing, f"no process died at {missing}")

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
            print(f"{place.name}: {len(place.died)} rounds, {sum(place.died.values())} processes killed, "
                  f"{len(place.posts)} posts, {len(place.platform.texts())} live")

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
