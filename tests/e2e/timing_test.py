#!/usr/bin/env python3
"""How long a refusal takes tells nobody what there is: of a key or a cookie whether one is known that differs in its last character, or has
the same name; of a sign-in whether the address is somebody's, was somebody's, or is of somebody who was invited and has no password: for
each, one password is hashed. Kinds are asked in turn and compared by the ranks of their times with one of them, which is there twice: that
shows the noise. What a difference would have to be to be found is told beside it, and a planted one is found."""

import bisect
import http.client
import math
import os
import pathlib
import random
import statistics
import string
import time

import harness
from sign_in_test import TRIES, Browser, person, user

KEY_ROUNDS = int(os.environ.get("OPENPOST_KEY_ROUNDS", "1000"))
SIGN_IN_ROUNDS = int(os.environ.get("OPENPOST_SIGN_IN_ROUNDS", "60"))
SIGMAS = 4.5  # of a dozen comparisons in a run, one in ten thousand runs is further off by chance alone
DIGITS = string.digits + string.ascii_letters


def below(one, other):
    """How likely a time of the one is below one of the other; 0.5: nothing can be told."""
    ranked = sorted(one)
    return sum(bisect.bisect_left(ranked, value) + bisect.bisect_right(ranked, value) for value in other) / 2 / len(one) / len(other)


def bound(count):
    """How far from 0.5 that is by chance, of so many times of each (Mann and Whitney's normal approximation), SIGMAS times."""
    return SIGMAS * math.sqrt((2 * count + 1) / (12 * count * count))


def findable(times):
    """The smallest delay, in ms, with which the same times would be told from themselves."""
    delay = statistics.median(times) / 1000
    while below(times, [value + delay for value in times]) - 0.5 < bound(len(times)):
        delay *= 1.1
    return delay


def another(text):
    """The same but for the last character."""
    return text[:-1] + random.choice([digit for digit in DIGITS if digit != text[-1]])


def token():
    return "".join(random.choices(DIGITS, k=43))


class Timing(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme")
        cls.names = {kind: [f"{kind}{number}" for number in range(-(-SIGN_IN_ROUNDS // TRIES))] for kind in ("known", "erased", "invited")}
        for name in cls.names["known"] + cls.names["erased"]:
            made = person(cls.data, name)
            if name.startswith("erased"):
                assert user("erase", made, "--data", cls.data.path).returncode == 0
        cls.service = cls.world.serve(cls.data, sandbox=False)
        for name in cls.names["invited"]:
            invited = cls.service.api.post("/v1/invitations", {"email": f"{name}@example.com", "role": "viewer"})
            assert invited.status == 201, invited
        made = [cls.service.api.post("/v1/api-keys", {"name": f"known{number}", "role": "viewer"}) for number in range(20)]
        cls.keys = [one.json()["key"] for one in made]
        cls.connection = http.client.HTTPConnection("127.0.0.1", cls.service.port, timeout=60)

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        super().tearDownClass()

    def compare(self, times, alike, planted=()):
        """Judges {kind: times}: alike[0] is what all but the planted ones are compared with, alike[1] is the same again."""
        base = times[alike[0]]
        limit, faults = bound(len(base)), []
        for kind, taken in times.items():
            chance = below(taken, base)
            told = abs(chance - 0.5) > limit
            print(f"{kind}: median {statistics.median(taken):.3f} ms, below {alike[0]} with a chance of {chance:.3f} "
                  f"(0.5 +- {limit:.3f} is noise{', planted' if kind in planted else ''})")
            faults += [kind] if told != (kind in planted) else []
        print(f"a delay of {findable(base):.3f} ms would be found")
        self.assertEqual(faults, [])

    def refused(self, headers):
        began = time.perf_counter()
        self.connection.request("GET", "/v1/posts", headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        took = (time.perf_counter() - began) * 1000
        self.assertEqual(answer.status, 401)
        return took

    def in_turn(self, kinds, rounds, take):
        times = {kind: [] for kind in kinds}
        for number in range(rounds + 5):
            for kind in random.sample(list(kinds), len(kinds)):
                took = take(kind, number)
                if number >= 5:  # before, nothing is warm
                    times[kind].append(took)
        return times

    def test_a_key_that_is_refused(self):
        nobodys = lambda: f"op_other{random.randrange(20)}_{token()}"  # pylint: disable=unnecessary-lambda-assignment
        kinds = {"nobody's": nobodys, "nobody's again": nobodys, "a known key but for its last character": lambda: another(random.choice(self.keys)),
                 "a known key's name": lambda: f"op_known{random.randrange(20)}_{token()}",
                 "no key's form": lambda: f"OP?other{random.randrange(20)}?" + token()}
        self.compare_shown(kinds, "Authorization", "Bearer ")

    def test_a_cookie_that_is_refused(self):
        browsers = [Browser(self.service.port) for _ in range(TRIES)]
        person(self.data, "timed")
        for browser in browsers:
            self.assertEqual(browser.sign_in("timed").status, 201)
        kinds = {"nobody's": token, "nobody's again": token, "a session's but for its last character": lambda: another(random.choice(browsers).cookie)}
        self.compare_shown(kinds, "Cookie", "openpost=")

    def compare_shown(self, kinds, header, before):
        """All texts are made first: what that takes would be between the measured requests."""
        texts = {kind: [before + make() for _ in range(KEY_ROUNDS + 5)] for kind, make in kinds.items()}
        times = self.in_turn(kinds, KEY_ROUNDS, lambda kind, number: self.refused({header: texts[kind][number]}))
        self.compare(times, ("nobody's", "nobody's again"))

    def work_ms(self, process):
        """How long all threads of a process have been on a processor."""
        pid = harness.children(self.service.process.child.pid)[process]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e6

    def test_a_sign_in_that_is_refused(self):
        """The time until the answer, and what the gateway and the ledger work for it: a hash is nearly all of that."""
        work = {}

        def take(kind, number):
            name = self.names[kind][max(0, number - 5) // TRIES] if kind in self.names else f"{kind.replace(' ', '.')}{number}"
            if number < 5:
                name = "warm" + str(random.getrandbits(60))
            browser = Browser(self.service.port, f"127.0.{random.randrange(1, 250)}.{random.randrange(1, 250)}")
            address = f"{name}@example.com" if kind != "planted: no address" else name
            before = [self.work_ms(process) for process in ("openpost-gw", "openpost-ledger")]
            began = time.perf_counter()
            answer = browser.ask("POST", "/v1/session", {"email": address, "password": "incorrect horse staple"})
            took = (time.perf_counter() - began) * 1000
            worked = [self.work_ms(process) - was for process, was in zip(("openpost-gw", "openpost-ledger"), before)]
            self.assertEqual(answer.status, 422 if address == name else 401, answer)
            if number >= 5:
                work.setdefault(kind, []).append(worked)
            return took
        kinds = ("absent", "absent again", "known", "erased", "invited", "planted: no address")
        times = self.in_turn(kinds, SIGN_IN_ROUNDS, take)
        hashed = {kind: [statistics.median(one[at] for one in worked) for at in (0, 1)] for kind, worked in work.items()}
        for kind, (gateway, ledger) in hashed.items():
            print(f"{kind}: {gateway:.1f} ms of the gateway's work and {ledger:.2f} ms of the ledger's")
        one = hashed["absent"][0]
        for kind in kinds[:-1]:  # one hash: not none, and not two
            self.assertLess(abs(hashed[kind][0] / one - 1), 0.35, kind)
        self.assertLess(hashed[kinds[-1]][0], 0.35 * one)
        for measured in (times, *({kind: [one[at] for one in worked] for kind, worked in work.items()} for at in (0, 1))):
            self.compare(measured, kinds[:2], kinds[-1:])


if __name__ == "__main__":
    harness.main()
