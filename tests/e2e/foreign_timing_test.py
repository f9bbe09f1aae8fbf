#!/usr/bin/env python3
"""Another workspace's id takes as long as one that names nothing, over HTTP, for each kind of id that stands in a path: 10,000 pairs
each, whose times are compared as distributions, and those of two ids that name nothing likewise."""

import gc
import math
import os
import random
import socket
import statistics
import time

import harness
from access_test import Cookie, Side
from harness import run

PAIRS = int(os.environ.get("OPENPOST_TIMING_PAIRS", "10000"))
IDS = 100        # of each kind, as far as they are cheap to make
CERTAIN = 4.9    # deviations: a run that finds a difference where there is none is one in a million, for each kind
PLANTED = 0.1    # of what an answer takes: a difference that has to be found
LEAST_NS = 50    # what a row that is there costs in cache misses, under half a percent of a request, is none
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


class Connection:
    """One that stays open, and is asked as fast as it answers."""

    def __init__(self, port, headers):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def request(self, method, path):
        length = "Content-Length: 0\r\n" if method == "POST" else ""
        return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{self.headers}{length}\r\n".encode()

    def ask(self, request):
        """How long the answer took, in ns. It is 404."""
        sent = time.perf_counter_ns()
        self.socket.sendall(request)
        answer = self.socket.recv(65536)
        took = time.perf_counter_ns() - sent
        while not self.is_whole(answer):
            more = self.socket.recv(65536)
            assert more, answer
            answer += more
        assert answer.startswith(b"HTTP/1.1 404 "), answer
        return took

    @staticmethod
    def is_whole(answer):
        head, end, body = answer.partition(b"\r\n\r\n")
        return end and len(body) == int(head.partition(b"\r\nContent-Length: ")[2].partition(b"\r\n")[0])

    def close(self):
        self.socket.close()


def unknown(name):
    """An id of its kind and its millisecond that names nothing."""
    return name[:-12] + "".join(random.choices(DIGITS, k=12))


def interval_of(differences):
    """Where their median lies in truth, but for one run in a million (order statistics: whatever they are distributed like)."""
    ordered, reach = sorted(differences), CERTAIN * math.sqrt(len(differences)) / 2
    middle = len(ordered) / 2
    return ordered[math.floor(middle - reach)], ordered[math.ceil(middle + reach)]


class Timing:
    """What each of three requests of many rounds took: for a foreign id, and for two that name nothing; in any order."""

    def __init__(self, connection, method, foreign, nothing, other):
        lists = [[connection.request(method, path) for path in paths] for paths in (foreign, nothing, other)]
        self.taken = [[], [], []]
        order = [0, 1, 2]
        for number in range(200):  # warm
            connection.ask(lists[number % 3][number % len(foreign)])
        for _ in range(PAIRS):
            random.shuffle(order)
            for which in order:
                self.taken[which].append(connection.ask(random.choice(lists[which])))

    @staticmethod
    def compare(first, second):
        """(from, to, whether that is a difference): by how much the one takes longer in the same round, when the machine is busy with
        the same things."""
        least, most = interval_of([a - b for a, b in zip(first, second)])
        return least, most, least > LEAST_NS or most < -LEAST_NS


class ForeignTiming(harness.Case):
    @classmethod
    def make_world(cls):
        data = cls.world.data("data", "--slug", "first")
        made = run("workspace", "create", "--data", data.path, "--slug", "second", "--name", "Second")
        assert made.returncode == 0, made.stderr
        own, other = Side(data, "first"), Side(data, "second")
        service = cls.world.serve(data)
        cls.own, cls.other, cls.port = own.begin(service), other.begin(service), service.port
        cls.person, cls.stranger = (Cookie.of_somebody(data, cls.port, slug, "owner") for slug in ("first", "second"))

    def measure(self, kind, foreign, prefix, suffix="", method="GET", caller=None, nothing=None):
        """Both times of paths with foreign ids and with ids that name nothing."""
        connection = Connection(self.port, caller.headers if caller else {"Authorization": f"Bearer {self.own.keys['owner']}"})
        nothing = nothing or [[unknown(name) for name in foreign] for _ in range(2)]
        paths = [[f"{prefix}{name}{suffix}" for name in names] for names in (foreign, *nothing)]
        gc.disable()
        try:
            timing = Timing(connection, method, *paths)
        finally:
            gc.enable()
            connection.close()
        foreign, first, second = timing.taken
        least, most, differs = timing.compare(foreign, first)
        print(f"{kind:12} foreign {statistics.median(foreign) / 1000:7.2f} us, unknown {statistics.median(first) / 1000:7.2f} us, "
              f"apart {least / 1000:+.2f} to {most / 1000:+.2f} us", flush=True)
        self.assertFalse(differs, f"{kind}: a foreign id is told from an unknown one")
        self.assertFalse(timing.compare(second, first)[2], f"{kind}: the test sees a difference where there is none")
        more = PLANTED * statistics.median(first)
        planted = timing.compare([took + more for took in foreign], first)
        self.assertTrue(planted[2], f"{kind}: {more:.0f} ns more would not be seen: {planted}")

    def test_a_post(self):
        self.measure("post", [self.other.post()["id"] for _ in range(IDS)], "/v1/posts/")

    def test_a_target_of_ones_own_post(self):
        foreign = [self.other.post()["targets"][0]["id"] for _ in range(IDS)]
        self.measure("target", foreign, f"/v1/posts/{self.own.post()['id']}/targets/", "/cancel", "POST")

    def test_a_target_of_anothers_post(self):
        posts = [self.other.post() for _ in range(IDS)]
        pairs = [f"{post['id']}/targets/{post['targets'][0]['id']}" for post in posts]
        nothing = [[f"{unknown(post['id'])}/targets/{unknown(post['targets'][0]['id'])}" for post in posts] for _ in range(2)]
        self.measure("post, target", pairs, "/v1/posts/", "/cancel", "POST", nothing=nothing)

    def test_an_account(self):
        self.measure("integration", [self.other.connected() for _ in range(IDS // 5)], "/v1/integrations/")

    def test_a_key(self):
        self.measure("key", [self.other.key().ids["key_id"] for _ in range(IDS)], "/v1/api-keys/")

    def test_a_member(self):
        self.measure("member", [self.other.invited().ids["member_id"] for _ in range(IDS)], "/v1/members/")

    def test_a_session(self):
        foreign = [self.stranger.another_session() for _ in range(6)]
        self.measure("session", foreign, "/v1/sessions/", method="DELETE", caller=self.person)

    def test_a_position_of_the_log(self):
        """One that the other workspace's log has, but not one's own."""
        for _ in range(2 * IDS):
            last = self.other.post()
        beyond = self.other.first_event(last)
        nothing = [[str(number) for number in range(beyond + shift, beyond + shift + IDS)] for shift in (1000, 2000)]
        self.measure("position", [str(number) for number in range(beyond - IDS, beyond)], "/v1/log/proof/", nothing=nothing)


if __name__ == "__main__":
    harness.main()
