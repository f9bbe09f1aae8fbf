#!/usr/bin/env python3
"""GET /v1/events/stream: events as they happen, without a gap after a reconnection; who does not read harms nobody."""

import concurrent.futures
import socket
import time

import harness
from harness import Api

DRAFT = {"content": {"text": "a draft"}}


class Stream:
    """A server-sent event stream, read with a socket of its own."""

    def __init__(self, api, last=None, query="", read=True, buffer=None):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", api.port))
        head = f"GET /v1/events/stream{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}\r\n"
        head += f"Last-Event-ID: {last}\r\n" if last is not None else ""
        self.socket.sendall((head + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.rest = b""
        if read:
            self.status = int(self.file.readline().split()[1])
            self.headers = {}
            while (line := self.file.readline().strip()):
                name, value = line.decode().split(": ", 1)
                self.headers[name.lower()] = value

    def chunk(self):
        size = int(self.file.readline(), 16)
        data = self.file.read(size)
        self.file.readline()
        return data if size > 0 else None

    def next_event(self):
        """The next one that is an event: there are some that tell an editor but how far they are."""
        while (fields := self.next()) is not None and "event" not in fields:
            pass
        return fields

    def next(self):
        """The next block with an id as a dictionary; None at the end of the stream."""
        while True:
            while b"\n\n" not in self.rest:
                more = self.chunk()
                if more is None:
                    return None
                self.rest += more
            block, self.rest = self.rest.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line)
            if "id" in fields:
                return fields

    def close(self):
        self.file.close()
        self.socket.close()


class EventStream(harness.Case):
    @classmethod
    def make_world(cls):
        data = cls.world.data()
        viewer = data.another_key("viewer", "viewer")
        cls.service = cls.world.serve(data)
        cls.api, cls.viewer = cls.service.api, Api(cls.service.port, viewer)

    def draft(self):
        made = self.api.post("/v1/posts", DRAFT)
        self.assertEqual(made.status, 201, made)
        return made.json()

    def last(self):
        last, events = 0, self.api.get("/v1/events?limit=200").json()["data"]
        while events:
            last = events[-1]["workspace_seq"]
            events = self.api.get(f"/v1/events?limit=200&after={last}").json()["data"]
        return last

    def test_events_come_as_they_happen(self):
        stream = Stream(self.api)
        self.assertEqual((stream.status, stream.headers["content-type"]), (200, "text/event-stream"))
        self.assertEqual(stream.headers["cache-control"], "no-store")
        post = self.draft()
        began = time.monotonic()
        event = stream.next()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(event["event"], "post_created")
        self.assertIn(post["id"], event["data"])
        stream.close()

    def test_who_connects_again_misses_nothing_and_sees_nothing_twice(self):
        after = self.last()
        posts = [self.draft()["id"] for _ in range(450)]
        seen, last = [], after
        while len(seen) < len(posts):
            stream = Stream(self.api, last=last)
            for _ in range(190):
                event = stream.next()
                self.assertEqual(int(event["id"]), last + 1)
                last = int(event["id"])
                if event["event"] == "post_created":  # beside it: what other cases were refused
                    seen.append(event["data"])
                if len(seen) == len(posts):
                    break
            stream.close()
        for post, data in zip(posts, seen):
            self.assertIn(post, data)
        by_parameter = Stream(self.api, query=f"?after={after}")
        self.assertEqual(int(by_parameter.next()["id"]), after + 1)
        by_parameter.close()

    def test_a_position_that_was_never_given_is_refused(self):
        for last in ("many", "-1", str(self.last() + 1000)):
            stream = Stream(self.api, last=last)
            self.assertEqual(stream.status, 400)
            stream.close()

    def test_the_role_and_the_key_are_asked_first(self):
        self.assert_problem(self.viewer.get("/v1/events/stream"), 403, "forbidden")
        self.assert_problem(Api(self.api.port, "op_x_" + "0" * 43).get("/v1/events/stream"), 401, "unauthenticated")
        self.assert_problem(self.api.get("/v1/events/stream?colour=red"), 422, "parameter_unknown")
        self.assertEqual(self.api.request("HEAD", "/v1/events/stream").status, 200)

    def test_clients_that_do_not_read_hold_up_nobody(self):
        deaf = [Stream(self.api, last=0, read=False) for _ in range(20)]
        reader = Stream(self.api, last=self.last())
        for _ in range(20):
            post = self.draft()
            self.assertIn(post["id"], reader.next()["data"])
        for stream in deaf + [reader]:
            stream.close()

    def test_one_that_reads_nothing_of_the_much_that_is_behind_it_holds_up_nobody(self):
        """More, of 540 bytes each, than all buffers between take: it is looked at now and then, as any, and meanwhile others begin and read."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: self.api.post("/v1/posts", DRAFT).status, range(5000)))
        self.assertEqual(set(made), {201})
        last = self.last()
        deaf = [Stream(self.api, last=last - 5000, read=False, buffer=4096) for _ in range(4)]
        harness.wait_until(lambda: all(self.waits(stream) for stream in deaf), 20, "something that waits for each")
        for _ in range(4):
            reader = Stream(self.api, last=self.last())
            post = self.draft()
            self.assertIn(post["id"], reader.next()["data"])
            reader.close()
        for stream in deaf:
            stream.close()

    @staticmethod
    def waits(stream):
        return bool(stream.socket.recv(1, socket.MSG_PEEK))


class AloneOnAService(harness.Case):
    def test_one_key_has_so_many_streams_and_no_more(self):
        service = self.world.serve()
        api = service.api
        streams = [Stream(api) for _ in range(64)]
        self.assertEqual({stream.status for stream in streams}, {200})
        one_more = Stream(api)
        self.assertEqual((one_more.status, one_more.headers["retry-after"]), (503, "1"))
        post = api.post("/v1/posts", DRAFT).json()
        for stream in streams:
            self.assertIn(post["id"], stream.next()["data"])
            stream.close()
        one_more.close()

        def room():
            stream = Stream(api)
            stream.close()
            return stream.status == 200
        harness.wait_until(room, 10, "free again")

    def test_a_stream_ends_when_the_service_stops(self):
        service = self.world.serve()
        stream = Stream(service.api)
        began = time.monotonic()
        service.stop()
        self.assertLess(time.monotonic() - began, 15)
        self.assertIsNone(stream.next())
        stream.close()


if __name__ == "__main__":
    harness.main()
