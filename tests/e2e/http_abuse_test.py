#!/usr/bin/env python3
"""What arrives at a port that faces the internet. Every case is sent to the real gateway as bytes; a good client keeps
being served meanwhile."""

import os
import resource
import select
import socket
import threading
import time

import harness
from harness import Api

GOOD_WITHIN_S = 2.0  # the good client's slowest answer under a sanitizer and two busy cores


class Wire:
    """A connection of raw bytes."""

    def __init__(self, port, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))

    def send(self, data):
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def read_all(self, within_s=15):
        """Everything until the other side closes; None when it does not close in time."""
        got, end = b"", time.monotonic() + within_s
        while (left := end - time.monotonic()) > 0:
            if self.has_something(left):
                try:
                    more = self.socket.recv(65536)
                except ConnectionResetError:
                    return got
                if not more:
                    return got
                got += more
        return None

    def has_something(self, within_s=0):
        """Bytes to read, or the other side's end. poll, for select knows no more than 1024 descriptors."""
        waiting = select.poll()
        waiting.register(self.socket, select.POLLIN)
        return bool(waiting.poll(within_s * 1000))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer and answer.startswith(b"HTTP/1.1 ") else None


class GoodClient(threading.Thread):
    """Asks for the same page again and again, from another address, and remembers how long the slowest answer took."""

    def __init__(self, port, key):
        super().__init__()
        self.api, self.stop, self.slowest_s, self.answers, self.failures = Api(port, key, "127.0.0.2"), False, 0, 0, []

    def run(self):
        while not self.stop:
            start = time.monotonic()
            try:
                status = self.api.get("/v1/posts?limit=1").status
            except OSError as error:
                status = error
            self.slowest_s = max(self.slowest_s, time.monotonic() - start)
            if status == 200:
                self.answers += 1
            else:
                self.failures.append(status)
            time.sleep(0.01)

    def wait_for_more(self, answers):
        """Until it has had so many more."""
        before = self.answers
        harness.wait_until(lambda: self.answers >= before + answers, 30, f"{answers} more answers to the good client")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.join(60)


class Abuse(harness.Case):
    @classmethod
    def make_world(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # as a shell or a unit gives it
        cls.service = cls.world.serve(sandbox=False)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
        cls.port, cls.key, cls.seen = cls.service.port, cls.service.data.key, []

    @classmethod
    def tearDownClass(cls):
        print("\n" + "\n".join(f"{status:>6}  {what}" for what, status in cls.seen))
        super().tearDownClass()

    def exchange(self, data, within_s=15):
        """Sends data and returns all that comes back until the gateway closes."""
        with Wire(self.port) as wire:
            wire.send(data)
            answer = wire.read_all(within_s)
            self.assertIsNotNone(answer, f"the connection stays open after {data[:80]!r}")
            return answer

    def head(self, *lines, method="GET", path="/v1/posts", version="HTTP/1.1", host=("Host: localhost",), body=b""):
        text = "\r\n".join([f"{method} {path} {version}", *host, f"Authorization: Bearer {self.key}", *lines, "", ""])
        return text.encode("latin-1") + body

    def assert_refused(self, what, data, *statuses):
        """Refused with one of the statuses, and closed, so that nothing behind it is taken for a request."""
        smuggled = self.head("Connection: close", path="/v1/log/checkpoint")
        answer = self.exchange(data + smuggled)
        self.assertIn(status_of(answer), statuses, (what, data[:120], answer[:300]))
        self.assertNotIn(b"openpost/sys_", answer, what + ": what stood behind a refused request was answered")
        self.seen.append((what, status_of(answer)))

    def assert_served(self, good):
        self.assertEqual(good.failures, [])
        self.assertLess(good.slowest_s, GOOD_WITHIN_S)
        self.seen.append((f"meanwhile {good.answers} answers to a good client, the slowest after {good.slowest_s:.3f} s",
                          200))

    # What libmicrohttpd lets through and we must not.

    def test_content_length_beside_transfer_encoding_is_refused(self):
        for lines in (("Content-Length: 5", "Transfer-Encoding: chunked"),
                      ("Transfer-Encoding: chunked", "Content-Length: 5")):
            self.assert_refused(" + ".join(lines), self.head(*lines, method="POST", body=b"0\r\n\r\n"), 400)

    def test_two_content_lengths_are_refused(self):
        for second in (6, 5):
            head = self.head("Content-Length: 5", f"Content-Length: {second}", method="POST", body=b"hello")
            self.assert_refused(f"Content-Length 5 and {second}", head, 400)

    def test_exactly_one_host_is_needed(self):
        self.assert_refused("no Host", self.head(host=()), 400)
        self.assert_refused("two different Hosts", self.head(host=("Host: a", "Host: b")), 400)
        self.assert_refused("two equal Hosts", self.head(host=("Host: a", "Host: a")), 400)

    def test_a_space_before_a_headers_colon_is_refused(self):
        self.assert_refused("space before the colon", self.head("Content-Length : 5", method="POST", body=b"hello"), 400)
        self.assert_refused("tab before the colon", self.head("X-Any\t: 5"), 400)

    def test_any_transfer_encoding_but_exactly_chunked_is_refused(self):
        for value in ("gzip", "chunked, gzip", "gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked;a"):
            self.assert_refused(f"Transfer-Encoding: {value}",
                                self.head(f"Transfer-Encoding: {value}", method="POST", body=b"0\r\n\r\n"), 400)
        self.assert_refused("chunked in HTTP/1.0", self.head("Transfer-Encoding: chunked", version="HTTP/1.0",
                                                             method="POST", body=b"0\r\n\r\n"), 400)

    def test_nul_and_control_characters_are_refused(self):
        self.assert_refused("NUL in the path", self.head(path="/v1/po\0sts"), 400)
        self.assert_refused("NUL in a value", self.head("X-Any: a\0b"), 400)
        self.assert_refused("control character in a value", self.head("X-Any: a\x01b"), 400)
        self.assert_refused("DEL in the path", self.head(path="/v1/posts\x7f"), 400)
        self.assert_refused("byte above ASCII in the path", self.head(path="/v1/p\xe9sts"), 400)

    def test_folded_headers_bare_line_feeds_and_odd_request_lines_are_refused(self):
        self.assert_refused("folded header", self.head("X-Any: a", " folded"), 400)
        self.assert_refused("bare LF between headers", self.head("X-Any: a\nX-Other: b"), 400)
        self.assert_refused("words after the version", self.head(path="/v1/posts HTTP/1.1 "), 400)
        self.assert_refused("method that is no token", self.head(method="G@T"), 400)
        self.assert_refused("CONNECT", self.head(method="CONNECT", path="localhost:1"), 400)
        self.assert_refused("HTTP/2.0 in words", self.head(version="HTTP/2.0"), 400, 505)
        self.assert_refused("HTTP/0.9", self.head(version="HTTP/0.9"), 400, 505)

    def test_lengths_that_are_none_are_refused(self):
        for value in ("-1", "five", "", "5, 5", "0x5", "+5", "99999999999999999999999"):
            self.assert_refused(f"Content-Length: {value!r}",
                                self.head(f"Content-Length: {value}", method="POST", body=b"hello"), 400, 413)
        for size in (b"zz", b"-1", b"ffffffffffffffffff", b"5"):
            body = size + b"\r\nhi" if size != b"5" else b"5\r\nhello!!\r\n0\r\n\r\n"
            self.assert_refused(f"chunk size {size.decode()}",
                                self.head("Transfer-Encoding: chunked", "Content-Type: application/json", method="POST",
                                          body=body), 400, 413)

    def test_a_head_or_body_that_is_too_long_is_refused_before_it_is_read(self):
        for what, data, statuses in (
                ("header of 20 KB", self.head("X-Long: " + "x" * 20000), (431,)),
                ("path of 40 KB", self.head(path="/" + "x" * 40000), (414, 431)),
                ("150 headers", self.head(*(f"X-{n}: y" for n in range(150))), (431,)),
                ("530 headers", self.head(*("X: y" for n in range(530))), (431,)),
                ("600 parameters", self.head("Connection: close", path="/v1/posts?" + "status=draft&" * 600), (200,)),
                ("a body of 1 TB is announced",
                 self.head(f"Content-Length: {1 << 40}", "Expect: 100-continue", method="POST"), (413,))):
            status = status_of(self.exchange(data))
            self.assertIn(status, statuses, what)
            self.seen.append((what, status))

    def test_garbage_is_refused_or_dropped(self):
        clients = {"random bytes": os.urandom(2000), "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50,
                   "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "empty lines": b"\r\n" * 50000,
                   "half a request line": b"GET\r\n\r\n", "zeros": b"\0" * 4096, "SSH": b"SSH-2.0-x\r\n",
                   "100 KB of A": b"A" * 100000, "colons": b"GET / HTTP/1.1\r\n" + b":" * 4000 + b"\r\n\r\n"}
        with GoodClient(self.port, self.key) as good:
            wires = {what: Wire(self.port) for what in clients}
            for what, wire in wires.items():
                wire.send(clients[what] + b"\r\n\r\n")
            for what, wire in wires.items():
                with wire:
                    answer = wire.read_all(25)
                    self.assertIsNotNone(answer, f"the connection stays open after {what}")
                    status = status_of(answer)
                    self.assertTrue(status is None or 400 <= status <= 505, (what, status))
                    self.seen.append((what, status or "closed"))
            good.wait_for_more(10)
        self.assert_served(good)

    def test_our_own_refusals_are_problems_like_any_other(self):
        answer = self.exchange(self.head(host=()))
        self.assertIn(b"Content-Type: application/problem+json", answer)
        self.assertIn(b'"code":"malformed_request"', answer)
        self.assertIn(b'"request_id":"req_', answer)

    # What is allowed stays allowed.

    def test_pipelined_and_chunked_requests_are_answered_in_order(self):
        first = self.head("Content-Type: application/json", "Transfer-Encoding: chunked", method="POST",
                          body=b'15\r\n{"content":{"text":"a\r\n4\r\n"}}\n\r\n0\r\n\r\n')
        last = self.head("Connection: close", path="/healthz")
        answer = self.exchange(first + self.head(path="/v1/nowhere") + last)
        self.assertEqual([int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]], [201, 404, 200])

    def test_a_client_that_expects_to_be_told_to_continue_is_told(self):
        with Wire(self.port) as wire:
            wire.send(self.head("Content-Type: application/json", "Content-Length: 2", "Expect: 100-continue",
                                "Connection: close", method="POST"))
            self.assertTrue(wire.has_something(10))
            self.assertTrue(wire.socket.recv(100).startswith(b"HTTP/1.1 100 "))
            wire.send(b"{}")
            self.assertEqual(status_of(wire.read_all()), 201)

    def test_a_command_of_a_client_that_half_closes_is_carried_out_once_and_its_answer_can_be_asked_for(self):
        body = b'{"content":{"text":"half-closed"}}'
        lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Idempotency-Key: half-closed")
        with Wire(self.port) as wire:
            wire.send(self.head(*lines, method="POST", body=body))
            wire.socket.shutdown(socket.SHUT_WR)
            first = wire.read_all()
        self.assertIn(first[:13], (b"", b"HTTP/1.1 201 "), "gateway/README.md")
        again = self.head(*lines, "Connection: close", method="POST", body=body)
        while status_of(answer := self.exchange(again)) == 409:
            pass  # the first is still on its way
        self.assertEqual(status_of(answer), 201)
        self.assertIn(b"Idempotent-Replayed: true", answer)

    # Slow and many.

    def ask_without_reading(self, ended):
        """Sends requests and never reads an answer, until the gateway ends the connection."""
        request, end = self.head(path="/v1/openapi.json"), time.monotonic() + 60
        with Wire(self.port) as wire:
            wire.socket.setblocking(False)
            while time.monotonic() < end:
                try:
                    wire.socket.send(request)
                except BlockingIOError:
                    time.sleep(0.05)
                except OSError:
                    ended.append("a client that never reads")
                    return

    def test_slow_clients_are_ended_by_absolute_deadlines_and_others_are_served(self):
        drips = {
            "head": (self.head("X-Any: y")[:-4] + b"\r\nX-Slow: ", 408, 10),
            "body": (self.head("Content-Type: application/json", "Content-Length: 1000", method="POST", body=b"{"),
                     408, 30),
            "chunk": (self.head("Content-Type: application/json", "Transfer-Encoding: chunked", method="POST",
                                body=b"fff\r\n{"), 408, 30),
        }
        with GoodClient(self.port, self.key) as good:
            deaf = []
            never_reads = threading.Thread(target=self.ask_without_reading, args=(deaf,))
            never_reads.start()
            opened = [(name, Wire(self.port), time.monotonic()) for name in drips for _ in range(5)]
            ended = {}
            for name, wire, _ in opened:
                wire.send(drips[name][0])
            until = time.monotonic() + 45
            while len(ended) < len(opened) and time.monotonic() < until:
                for number, (name, wire, start) in enumerate(opened):
                    if number in ended:
                        continue
                    if wire.has_something():
                        ended[number] = (status_of(wire.read_all(5)), time.monotonic() - start)
                    else:
                        wire.send(b" ")
                time.sleep(0.5)
            for number, (name, wire, _) in enumerate(opened):
                wire.close()
                self.assertIn(number, ended, f"a dripping {name} is still connected")
                status, after_s = ended[number]
                _, expected, deadline_s = drips[name]
                self.assertEqual(status, expected, name)
                self.assertGreater(after_s, deadline_s - 2, name)
                self.assertLess(after_s, deadline_s + 8, name)
                self.seen.append((f"dripping {name}, after {after_s:.0f} s", status))
            never_reads.join(65)
            self.assertTrue(deaf, "after 60 s a client that never reads is still connected")
            self.seen.append(("never reads its answers", "closed"))
        self.assertGreater(good.answers, 100)
        self.assert_served(good)

    def test_half_open_connections_up_to_the_limit_do_not_keep_others_out(self):
        wires = []
        try:
            with GoodClient(self.port, self.key) as good:
                for number in range(2300):
                    wire = Wire(self.port)
                    wire.send(b"GET /v1/posts HTTP/1.1\r\nHost" if number % 2 else b"")
                    wires.append(wire)
                good.wait_for_more(50)
                refused = sum(wire.has_something() for wire in wires)
            self.assert_served(good)
            self.assertGreaterEqual(refused, 2300 - 2048, "more than 2048 connections of one address were kept")
        finally:
            for wire in wires:
                wire.close()
        harness.wait_until(lambda: self.service.api.get("/healthz").status == 200, 30, "served from the same address")


if __name__ == "__main__":
    harness.main()
