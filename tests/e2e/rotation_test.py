#!/usr/bin/env python3
"""A key is replaced and revoked under load: 64 clients read and write with key A, some of them have a stream open; in the middle B is
made by a rotation of A, clients go over to B one by one, and A is revoked while some still use it. B is good from the moment in which
the rotation was answered, A opens nothing that was asked after the revocation was answered, A's streams end within a second, and
every post that was acknowledged is there once."""

import collections
import http.client
import itertools
import json
import multiprocessing
import selectors
import socket
import threading
import time

import harness
from event_stream_test import Stream
from harness import Api

CLIENTS, STREAMS = 64, 16
STAY = 16  # that still use A when it is revoked
ACTS_WITHIN_S = 1
WAIT_S = 60
EACH = 4  # requests of every client between one step of the story and the next
Request = collections.namedtuple("Request", "client key sent answered method status")


class Client(threading.Thread):
    """Reads and writes in turn on one connection until it is told to stop. key is changed by who conducts; done counts its requests."""

    def __init__(self, number, port, key):
        super().__init__(daemon=True)
        self.number, self.port, self.key = number, port, key
        self.requests, self.acknowledged, self.fault, self.done = [], {}, None, 0
        self.stopping = False
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S, source_address=(f"127.0.4.{number + 1}", 0))

    def ask(self, key, method, path, body=None, name=None):
        headers = {"Authorization": f"Bearer {key}"}
        if body:
            headers.update({"Content-Type": "application/json", "Idempotency-Key": name})
        sent = time.monotonic()
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        said = json.loads(answer.read())
        self.requests.append(Request(self.number, key, sent, time.monotonic(), method, answer.status))
        self.done += 1
        return answer.status, said, answer.headers["Idempotent-Replayed"]

    def post(self, text):
        """Until it is acknowledged, whichever key that takes; now and then once more with the same one, which makes no second post."""
        body, status = {"content": {"text": text}}, 401
        while status == 401 and not self.stopping:
            key = self.key
            status, said, replayed = self.ask(key, "POST", "/v1/posts", body, text)
        if status == 201:
            assert replayed is None, (text, said)
            self.acknowledged[text] = said["id"]
        if status == 201 and len(self.acknowledged) % 5 == 0:
            status, again, replayed = self.ask(key, "POST", "/v1/posts", body, text)
            assert status == 401 or (again["id"], replayed) == (said["id"], "true"), (text, again)

    def run(self):
        try:
            for turn in itertools.count():
                if self.stopping:
                    break
                self.post(f"{self.number}-{turn}")
                last = next(reversed(self.acknowledged.values()), None)
                self.ask(self.key, "GET", f"/v1/posts/{last}" if last and turn % 2 else "/v1/posts?limit=3")
        except BaseException as error:  # pylint: disable=broad-except
            self.fault = error
        self.connection.close()


def watch_to_the_end(port, key, pipe):
    """Streams in a process of their own, which no client holds up: says when all have begun, and then when each of them ended."""
    waiting, ended = selectors.DefaultSelector(), []
    for _ in range(STREAMS):
        connection = socket.create_connection(("127.0.0.1", port), WAIT_S)
        connection.sendall(f"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        assert b" 200 OK" in head, head
        waiting.register(connection, selectors.EVENT_READ, [b""])
    pipe.send("begun")
    while len(ended) < STREAMS:
        for at, _ in waiting.select():
            more = at.fileobj.recv(1 << 16)
            at.data[0] = (at.data[0] + more)[-5:]
            if not more or at.data[0] == b"0\r\n\r\n":  # the last chunk
                ended.append(time.monotonic())
                waiting.unregister(at.fileobj)
                at.fileobj.close()
    pipe.send(ended)


class Watcher(threading.Thread):
    """Reads a stream, and counts."""

    def __init__(self, port, key, source):
        super().__init__(daemon=True)
        self.stream, self.ended, self.seen = Stream(Api(port, key, source)), False, 0
        self.start()

    def run(self):
        try:
            while self.stream.next():
                self.seen += 1
            self.ended = True
        except (OSError, ValueError):
            pass  # end() cut it

    def end(self):
        try:
            self.stream.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself
        self.join(WAIT_S)
        self.stream.close()


class Rotation(harness.Case):
    def wait_for_more(self, clients, times=EACH):
        """Until each of them has been answered so many times from now on."""
        goal = {client: client.done + times for client in clients}

        def done():
            faults = [client.fault for client in clients if client.fault]
            self.assertFalse(faults, faults)
            return all(client.done >= goal[client] for client in clients)
        harness.wait_until(done, WAIT_S, f"{times} more answers for each client")

    def watch(self, key, count):
        watchers = [Watcher(self.service.port, key, "127.0.0.1") for _ in range(count)]
        for watcher in watchers:
            self.assertEqual(watcher.stream.status, 200)
            self.world.at_end(watcher.end)
        return watchers

    def test_a_key_that_is_replaced_under_load_refuses_nobody_and_opens_nothing_any_more(self):
        self.service = self.world.serve(sandbox=False)
        owner = self.service.api
        made = owner.post("/v1/api-keys", {"name": "turn", "role": "admin"}).json()
        clients = [Client(number, self.service.port, made["key"]) for number in range(CLIENTS)]
        streams, theirs = multiprocessing.Pipe()
        watching = multiprocessing.get_context("fork").Process(target=watch_to_the_end, args=(self.service.port, made["key"], theirs), daemon=True)
        watching.start()
        self.assertTrue(streams.poll(WAIT_S))
        self.assertEqual(streams.recv(), "begun")
        for client in clients:
            client.start()
        try:
            self.conduct(owner, made, clients, streams)
        finally:
            watching.kill()
            watching.join()
            for client in clients:
                client.stopping = True
            for client in clients:
                client.join(WAIT_S)
        self.assertFalse([client.fault for client in clients if client.fault])
        self.assertFalse([client.number for client in clients if client.is_alive()])
        self.judge(clients, made["key"])
        self.assert_each_is_there_once(clients)
        self.service.stop()
        self.assert_nothing_was_done_after(made["id"])
        self.assert_verified_and_replayed(self.service.data)

    def conduct(self, owner, made, clients, streams):
        self.wait_for_more(clients)
        answer = owner.post(f"/v1/api-keys/{made['id']}/rotate")
        self.assertEqual(answer.status, 201, answer)
        self.new = answer.json()["key"]
        for client in clients[STAY:]:  # one by one: each has an answer before the next goes over
            client.key = self.new
            self.wait_for_more([client], 1)
        new_watchers = self.watch(self.new, STREAMS)
        self.wait_for_more(clients)
        self.assertFalse(streams.poll() or [one for one in new_watchers if one.ended], "no stream ends while both keys are good")
        self.revoke_sent = time.monotonic()
        self.assertEqual(owner.request("DELETE", "/v1/api-keys/" + made["id"]).status, 204)
        self.revoked = time.monotonic()
        self.assertTrue(streams.poll(WAIT_S), "A's streams end")
        self.stream_ms = [round((ended - self.revoked) * 1000) for ended in streams.recv()]
        harness.wait_until(lambda: time.monotonic() > self.revoked + ACTS_WITHIN_S + 0.5, WAIT_S, "a second and a half later")
        self.wait_for_more(clients)
        for client in clients[:STAY]:
            client.key = self.new
        self.wait_for_more(clients)
        seen = [one.seen for one in new_watchers]
        harness.wait_until(lambda: all(one.seen > before for one, before in zip(new_watchers, seen)), WAIT_S, "events on B's streams")
        self.assertFalse([one for one in new_watchers if one.ended], "B's streams go on")

    def judge(self, clients, old):
        made = [request for client in clients for request in client.requests]
        by_old, by_new = ([one for one in made if one.key == key] for key in (old, self.new))
        accepted = [one for one in by_old if one.status != 401]
        longest_ms = max(one.answered - self.revoked for one in accepted) * 1000
        sent_ms = max(one.sent - self.revoked for one in accepted) * 1000
        late = [one for one in by_old if one.sent > self.revoked]
        print(f"{len(made)} requests ({sum(one.method == 'POST' for one in made)} POST) by {CLIENTS} clients: {len(by_old)} with A, of which "
              f"{len(by_old) - len(accepted)} refused, {len(by_new)} with B; the last that A opened was sent {sent_ms:.1f} ms, and answered "
              f"{longest_ms:.1f} ms, after the revocation was answered; A's {len(self.stream_ms)} streams ended {min(self.stream_ms)} to "
              f"{max(self.stream_ms)} ms after it")
        self.assertEqual(collections.Counter(one.status for one in made) - collections.Counter(dict.fromkeys((200, 201, 401), len(made))), {})
        self.assertEqual([one for one in by_new if one.status == 401], [], "refused with B")
        self.assertEqual([one for one in by_old if one.status == 401 and one.answered < self.revoke_sent], [], "refused before it was revoked")
        self.assertGreaterEqual(len(late), STAY * EACH)
        self.assertEqual([one for one in late if one.status != 401], [], "asked with A after the revocation was answered")
        self.assertLess(max(self.stream_ms), ACTS_WITHIN_S * 1000)
        self.assertGreaterEqual(min(len({one.client for one in made if one.key == key}) for key in (old, self.new)), CLIENTS)

    def assert_nothing_was_done_after(self, old_id):
        """Whatever was answered later had been done before: the log has the order."""
        events = self.service.data.events()
        revoked = next(event["seq"] for event in events if event["type"] == "key_revoked" and event["stream"] == old_id)
        done = [event["seq"] for event in events if event["actor_id"] == old_id and event["type"] == "post_created"]
        self.assertGreater(len(done), CLIENTS)
        self.assertLess(max(done), revoked)

    def assert_each_is_there_once(self, clients):
        acknowledged = [id for client in clients for id in client.acknowledged.values()]
        wanted = collections.Counter(text for client in clients for text in client.acknowledged)
        found, ids, path = collections.Counter(), set(), "/v1/posts?limit=200"
        while path:
            page = self.service.api.get(path).json()
            found.update(post["content"]["text"] for post in page["data"])
            ids.update(post["id"] for post in page["data"])
            path = page["next_cursor"] and f"/v1/posts?limit=200&cursor={page['next_cursor']}"
        self.assertEqual(len(set(acknowledged)), len(acknowledged))
        self.assertEqual(set(acknowledged) - ids, set(), "acknowledged and lost")
        self.assertEqual(found - wanted, {}, "there more often than acknowledged")
        self.assertEqual(wanted - found, {}, "acknowledged and not there")
        print(f"{len(acknowledged)} posts were acknowledged; each is there once")


if __name__ == "__main__":
    harness.main()
