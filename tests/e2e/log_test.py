#!/usr/bin/env python3
"""The log as the product, from outside: it can be read and verified while it grows, every event says what led to it and can be proved
at once, refusals are events, few of them, and damaged read models are made again from it."""

import base64
import concurrent.futures
import json
import os
import signal
import struct
import threading
from pathlib import Path

import auditor
import harness
from harness import Api, run, wait_until
from workspaces_test import created

WRITERS = 3
LOOKS = 12
STRANGERS = 10000
PAGE, P_BRANCH, P_LEAF, P_META, P_DIRTY = 4096, 0x01, 0x02, 0x08, 0x10


class Writer(threading.Thread):
    """Writes drafts until told to stop."""

    def __init__(self, api):
        super().__init__()
        self.api, self.stop, self.count, self.failure = api, False, 0, None

    def run(self):
        try:
            while not self.stop:
                made = self.api.post("/v1/posts", {"content": {"text": f"draft {self.count}"}})
                assert made.status == 201, made
                self.count += 1
        except Exception as error:  # shown by the test, whose thread this is not
            self.failure = error


class Log(harness.Case):
    def test_a_log_that_grows_is_read_and_verified_again_and_again(self):
        service = self.world.serve(sandbox=False)
        writers = [Writer(service.api) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            counts = []
            for look in range(LOOKS):
                shown = run("log", "--data", service.data.path, "--json")
                self.assertEqual((shown.returncode, shown.stderr), (0, ""), look)
                counts.append(len(shown.stdout.splitlines()))
                verified = service.data.verify()
                self.assertEqual((verified.returncode, json.loads(verified.stdout)["result"]), (0, "good"), look)
        finally:
            for writer in writers:
                writer.stop = True
            for writer in writers:
                writer.join(60)
        self.assertEqual([writer.failure for writer in writers], [None] * WRITERS)
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(counts[-1], counts[0])

    def test_a_published_post_s_last_event_leads_back_to_its_first(self):
        service = self.world.serve()
        integration = service.api.connect()
        post = service.api.publish("from the first to the last", integration)
        service.api.wait_post(post, "published")
        events = {event["seq"]: event for event in service.data.events()}
        last = max(seq for seq, event in events.items() if event["stream"] == post["id"])
        chain = []
        while last:
            chain.append(events[last]["type"])
            self.assertEqual(events[last]["stream"], post["id"])
            last = events[last]["causation"]
        self.assertEqual(chain, ["post_finished", "attempt_finished", "attempt_started", "post_locked", "post_scheduled",
                                 "post_created"])
        seen = {row["workspace_seq"]: row for row in service.api.get("/v1/events?limit=200").json()["data"]}
        started = next(row for row in seen.values() if row["type"] == "attempt_started")
        self.assertEqual(seen[started["causation"]]["type"], "post_locked")
        self.assertIsNone(next(row for row in seen.values() if row["type"] == "post_created")["causation"])
        actors = {row["type"]: row["actor"] for row in seen.values()}
        self.assertEqual((actors["post_created"], actors["attempt_started"]), ("key", "scheduler"))
        told = {event["workspace_seq"]: event["actor"] for event in events.values() if event["workspace_seq"]}
        self.assertEqual({seq: row["actor"] for seq, row in seen.items()}, told)

    def test_a_young_event_is_proved_at_once(self):
        service = self.world.serve(sandbox=False)
        file = self.world.folder / "event.tlog-proof"
        verifier = service.api.get("/v1/log/verifier").body.decode().strip()
        for _ in range(3):
            self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "young"}}).status, 201)
            last = service.api.get("/v1/events?limit=200").json()["data"][-1]
            self.assertEqual(last["type"], "post_created")
            proof = service.api.get(f"/v1/log/proof/{last['workspace_seq']}")
            self.assertEqual(proof.status, 200, proof)
            file.write_text(proof.body.decode())
            good = run("verify", "--proof", file, "--verifier", verifier, "--json")
            self.assertEqual(good.returncode, 0, good)
            self.assertEqual(json.loads(good.stdout)["payload_sha256"], last["payload_sha256"])
        self.assertEqual(service.data.verify().returncode, 0)

    def test_every_event_s_content_is_proved_over_http_alone(self):
        service = self.world.serve()
        api = service.api
        integration = api.connect()
        post = api.publish("\N{SNOWMAN} the text that was written", integration, labels=["one"], metadata={"case": "7"})
        api.wait_post(post, "published")
        long = api.post("/v1/posts", {"content": {"parts": [{"text": "p" * 9000}] * 20}}).json()  # kept beside its record
        self.assertEqual(api.request("PATCH", f"/v1/posts/{long['id']}", {"labels": ["two"]}, {"If-Match": '"1"'}).status, 200)
        self.assertEqual(api.request("DELETE", f"/v1/posts/{long['id']}", None, {"If-Match": '"2"'}).status, 204)
        later = api.publish("cancelled", integration, schedule={"at": harness.later(86400)})
        self.assertEqual(api.request("POST", f"/v1/posts/{later['id']}/cancel", {}, {"Idempotency-Key": "once"}).status, 200)
        for path in (f"/v1/integrations/{integration['id']}/pause", f"/v1/integrations/{integration['id']}/resume", "/v1/workspace/pause",
                     "/v1/workspace/resume"):
            self.assertEqual(api.post(path).status, 200, path)
        gone = api.connect("gone.test")
        self.assertEqual(api.request("DELETE", f"/v1/integrations/{gone['id']}", None, {"If-Match": "*"}).status, 204)
        verifier = api.get("/v1/log/verifier").body.decode().strip()
        tables, codes = auditor.declared()
        rows = api.get("/v1/events?limit=200").json()["data"]
        for row in rows:
            proof = api.get(f"/v1/log/proof/{row['workspace_seq']}").body.decode()
            leaf, payload = auditor.prove(proof, verifier)
            (code, fields, *asked), rest = auditor.unpack(payload)
            self.assertEqual((rest, leaf[2], leaf[5], codes[code]), (b"", row["workspace_seq"], code, row["type"]))
            self.assertTrue(all([len(one) for one in pair] == [32, 32] for pair in asked), asked)
            self.assertEqual(auditor.as_shown(tables, row["type"], fields), row["data"])
            self.assertEqual(leaf[12].hex(), row["payload_sha256"])
            self.assertNotIn(b"app-password", payload)
        seen = {row["type"] for row in rows}
        self.assertGreaterEqual(len(seen), 16, seen)
        self.assertIn("the text that was written", str([row for row in rows if row["type"] == "post_created"]))

    def test_a_proof_with_another_payload_contradicts_and_the_right_one_is_shown(self):
        service = self.world.serve(sandbox=False)
        self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "as it was written"}}).status, 201)
        last = service.api.get("/v1/events?limit=200").json()["data"][-1]
        verifier = service.api.get("/v1/log/verifier").body.decode().strip()
        proof = service.api.get(f"/v1/log/proof/{last['workspace_seq']}").body.decode()
        file = self.world.folder / "event.tlog-proof"
        title, extra, rest = proof.split("\n", 2)
        extra = base64.b64decode(extra.removeprefix("extra "))
        payload = auditor.unpack(extra)[1]

        def verify(extra, *options):
            file.write_text("\n".join((title, "extra " + base64.b64encode(extra).decode(), rest)))
            return run("verify", "--proof", file, "--verifier", verifier, *options)
        self.assertEqual(json.loads(verify(extra, "--json").stdout)["data"], last["data"])
        self.assertIn('\ndata: {"post_id":"', verify(extra).stdout)
        other = verify(extra.replace(b"as it was", b"as it IS!"))
        self.assertEqual((other.returncode, other.stdout),
                         (1, "altered: the payload is not the one whose SHA-256 stands in the leaf\n"))
        self.assertEqual(verify(extra[:-1]).returncode, 1)
        alone = verify(extra[:-len(payload)], "--json")
        self.assertEqual((alone.returncode, json.loads(alone.stdout)["data"]), (0, None), alone)

    def ask_all(self, count, api, path):
        """So many requests at the same time; their answers."""
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: api.get(path), range(count)))

    def test_all_who_wait_for_the_same_proof_get_it_and_who_is_one_too_many_is_told_so(self):
        service = self.world.serve(sandbox=False)
        auditor = Api(service.port, service.data.another_key("auditor", "auditor"))
        for count in (200, 400):
            self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "young"}}).status, 201)
            path = f"/v1/log/proof/{service.api.get('/v1/events?limit=200').json()['data'][-1]['workspace_seq']}"
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                many = pool.submit(self.ask_all, count, service.api, path)
                other = pool.submit(self.ask_all, 5, auditor, path)
            self.assertEqual({answer.status for answer in other.result()}, {200})
            limited = [answer for answer in many.result() if answer.status != 200]
            self.assertTrue(count > 256 or not limited, limited[:1])
            for answer in limited:
                self.assertEqual((answer.status, answer.json()["code"], answer.headers["Retry-After"]),
                                 (429, "rate_limited", "1"), answer)
            self.assertEqual(len({answer.body for answer in many.result() if answer.status == 200}), 1)

    def shown(self, data, *options, code=0):
        """What openpost log prints as JSON; of a refusal, what it says."""
        ended = run("log", "--data", getattr(data, "path", data), "--json", *options)
        self.assertEqual((ended.returncode, bool(ended.stderr)), (code, code != 0), ended)
        return [json.loads(line) for line in ended.stdout.splitlines()] if code == 0 else ended.stderr

    def test_the_events_of_one_workspace_or_one_stream_are_shown_alone(self):
        service = self.world.serve(sandbox=False)
        data, (workspace, key) = service.data, created(service.data, "acme")
        acme = Api(service.port, key)
        posts = [api.post("/v1/posts", {"content": {"text": "one"}}).json() for api in (acme, service.api, acme)]
        for post in posts[:2]:
            api = acme if post is posts[0] else service.api
            self.assertEqual(api.request("PATCH", f"/v1/posts/{post['id']}", {"content": {"text": "two"}}, {"If-Match": "*"}).status, 200)
        events, middle = data.events(), posts[0]["id"]

        def only(**wanted):
            return [event for event in events if all(event[name] == value for name, value in wanted.items())]
        self.assertEqual(self.shown(data, "--workspace", "acme"), only(workspace_id=workspace))
        self.assertEqual(self.shown(data, "--workspace", workspace), only(workspace_id=workspace))
        self.assertGreater(len(only(workspace_id=workspace)), 4)
        self.assertEqual(self.shown(data, "--stream", middle), only(stream=middle))
        self.assertEqual([event["version"] for event in only(stream=middle)], [1, 2])
        self.assertEqual(self.shown(data, "--stream", workspace), only(stream=workspace))
        self.assertEqual(self.shown(data, "--stream", middle, "--workspace", "acme"), only(stream=middle))
        first = only(stream=middle)[0]["seq"]
        self.assertEqual(self.shown(data, "--stream", middle, "--after", first), only(stream=middle)[1:])
        self.assertEqual(self.shown(data, "--stream", middle, "--after", events[-1]["seq"]), [])
        lines = run("log", "--data", data.path, "--stream", middle).stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines], [str(event["seq"]) for event in only(stream=middle)])
        copy = self.world.folder / "copy"
        self.assertEqual(run("backup", "--data", data.path, "--to", copy).returncode, 0)
        self.assertEqual(self.shown(copy, "--workspace", "acme"), only(workspace_id=workspace), "the log alone tells")
        self.assertIn("the log has nothing of it in this workspace", self.shown(data, "--stream", posts[1]["id"], "--workspace", "acme", code=1))
        for options, code, said in ((("--stream", "post_01ka0000000000000000000000"), 1, "the log has nothing of it\n"),
                                    (("--workspace", "ws_01ka0000000000000000000000"), 1, "there is no such workspace"),
                                    (("--workspace", "acm"), 1, "there is no such workspace"), (("--workspace", ""), 1, "there is no such workspace"),
                                    (("--stream", "acme"), 64, "--stream acme: expected an id"), (("--stream", ""), 64, "expected an id")):
            self.assertIn(said, self.shown(data, *options, code=code))

    def test_a_slug_names_the_workspace_that_has_it_now(self):
        data = self.world.data("data", "--slug", "main")
        service = self.world.serve(data, sandbox=False)
        workspace = service.api.get("/v1/workspace").json()["id"]
        self.assertEqual(service.api.request("PATCH", "/v1/workspace", {"slug": "renamed"}, {"If-Match": "*"}).status, 200)
        self.assertEqual({event["workspace_id"] for event in self.shown(data, "--workspace", "renamed")}, {workspace})
        self.assertIn("there is no such workspace", self.shown(data, "--workspace", "main", code=1))
        other, _ = created(data, "main")
        self.assertEqual({event["workspace_id"] for event in self.shown(data, "--workspace", "main")}, {other})

    def test_one_stream_is_followed_as_it_goes_on(self):
        service = self.world.serve(sandbox=False)
        post, other = (service.api.post("/v1/posts", {"content": {"text": text}}).json()["id"] for text in ("followed", "not"))
        follower = self.world.process("follower", [harness.EXECUTABLE, "log", "--data", service.data.path, "--stream", post, "--follow"])
        follower.start(wait=False)
        count = lambda: len(follower.output().splitlines())
        wait_until(lambda: count() == 1, 10, "what there was")
        for name in (other, post):
            self.assertEqual(service.api.request("PATCH", f"/v1/posts/{name}", {"content": {"text": "changed"}}, {"If-Match": "*"}).status, 200)
        wait_until(lambda: count() == 2, 10, "what came")
        self.assertEqual([line.split()[3] for line in follower.output().splitlines()], ["post_created", "post_edited"])

    def refusals(self, service, count):
        """Waits for so many events of refusals; returns them as the log has them."""
        return wait_until(lambda: len(found := [event for event in service.data.events() if event["type"] == "access_refused"])
                          >= count and found, 15, f"{count} refusals in the log")

    def test_refusals_are_events_that_say_who_asked_for_what(self):
        service = self.world.serve(sandbox=False)
        viewer = Api(service.port, service.data.another_key("viewer", "viewer"))
        keys = {row["name"]: row["id"] for row in
                map(json.loads, run("key", "list", "--data", service.data.path, "--json").stdout.splitlines())}
        for _ in range(3):
            self.assertEqual(viewer.post("/v1/posts", {"content": {"text": "not mine to write"}}).status, 403)
        found = self.refusals(service, 1)[0]
        self.assertEqual((found["stream"], found["actor_id"]), (keys["viewer"], keys["viewer"]))
        self.assertEqual((found["data"]["key_id"], found["data"]["code"], found["data"]["request"]),
                         (keys["viewer"], "forbidden", "create_post"))
        shown = [row for row in service.api.get("/v1/events?limit=200").json()["data"] if row["type"] == "access_refused"]
        self.assertEqual([row["actor_id"] for row in shown], [keys["viewer"]])
        self.assertEqual(run("key", "revoke", keys["viewer"], "--data", service.data.path).returncode, 0)
        wait_until(lambda: viewer.get("/v1/posts").status == 401, 5, "revoked")
        revoked = self.refusals(service, 2)[1]
        self.assertEqual((revoked["stream"], revoked["data"]["code"]), (keys["viewer"], "unauthenticated"))
        self.assertNotIn("request", {name for name, value in revoked["data"].items() if value is not None})

    def test_ten_thousand_strangers_are_a_few_events_of_the_installation(self):
        service = self.world.serve(sandbox=False)
        before = len(service.data.events())
        connection = harness.http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        for number in range(STRANGERS):
            connection.request("GET", f"/v1/posts/{number}", headers={"Authorization": f"Bearer op_x_{number:043d}"})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 401)
        connection.close()
        found = self.refusals(service, 1)
        self.assertLessEqual(len(found), 2)
        self.assertLessEqual(len(service.data.events()) - before, 2)
        self.assertTrue(found[0]["stream"].startswith("sys_"))
        self.assertIsNone(found[0]["workspace_id"])
        service.stop()  # what was counted since is told at the end
        self.assertLessEqual(len(self.refusals(service, 1)), 2)
        self.assertNotIn("op_x", run("log", "--data", service.data.path, "--json").stdout)


class Views(harness.Case):
    def pages(self, fd):
        """The numbers of a sparse file's pages that hold anything, without LMDB's two first."""
        at, end = 2 * PAGE, os.fstat(fd).st_size
        while at < end:
            try:
                at = os.lseek(fd, at, os.SEEK_DATA)
            except OSError:  # ENXIO: there is no more
                return
            hole = os.lseek(fd, at, os.SEEK_HOLE)
            yield from range(at // PAGE, hole // PAGE)
            at = hole

    def damage(self, path, which):
        """Makes pages of the trees in an LMDB file something that they are not: flags, 2 bytes behind number and pad."""
        changed = 0
        with open(path, "r+b") as file:
            for number in self.pages(file.fileno()):
                file.seek(number * PAGE)
                own, flags = struct.unpack("<Q2xH", file.read(12))
                if own == number and flags & ~P_DIRTY in (P_BRANCH, P_LEAF) and which(flags, changed):
                    file.seek(number * PAGE + 10)
                    file.write(struct.pack("<H", P_META))
                changed += own == number
        self.assertGreater(changed, 3)

    def written(self, api, count):
        posts = {}
        for number in range(count):
            answer = api.persist("POST", "/v1/posts", {"content": {"text": f"post {number}"}})
            post = answer.json()
            self.assertEqual(answer.status, 201, post)
            posts[post["id"]] = post["content"]["text"]
        return posts

    def assert_back(self, service, posts):
        def same():
            found = {}
            for post_id in posts:
                try:
                    answer = service.api.get("/v1/posts/" + post_id)
                except (OSError, harness.http.client.HTTPException):
                    return False
                if answer.status != 200:
                    return False
                found[post_id] = answer.json()["content"]["text"]
            return found == posts
        wait_until(same, 60, "every post again as it was written")

    def test_views_damaged_while_nothing_runs_are_made_again(self):
        data = self.world.data()
        damages = (lambda flags, n: True, lambda flags, n: flags & P_LEAF, lambda flags, n: n % 3 == 1)
        for seed, which in enumerate(damages):
            service = self.world.serve(data, sandbox=False, name=f"serve{seed}a")
            posts = self.written(service.api, 40)
            service.stop()
            self.damage(data.path / "views" / "data.mdb", which)
            service = self.world.serve(data, sandbox=False, name=f"serve{seed}b")
            posts.update(self.written(service.api, 5))
            self.assert_back(service, posts)
            service.stop()
            replayed = data.replay()
            self.assertEqual(replayed.returncode, 0, replayed.stdout)
            self.assertEqual(data.verify().returncode, 0)

    def journal(self, service, what):
        return [line for line in service.process.output().splitlines() if f"what={what} " in line]

    def reason(self, service):
        """Why /readyz is not 200; None: it is, or nobody answers."""
        try:
            answer = service.api.get("/readyz")
        except (OSError, harness.http.client.HTTPException):
            return None
        return None if answer.status == 200 else answer.json()["detail"]

    def test_views_damaged_while_everything_runs_are_made_again(self):
        service = self.world.serve(sandbox=False)
        posts = self.written(service.api, 40)
        self.damage(service.data.path / "views" / "data.mdb", lambda flags, n: flags & P_LEAF)
        answer = service.api.get("/v1/posts/" + next(iter(posts)))
        self.assert_problem(answer, 503, "views_damaged")
        self.assertIn("rebuilt from the log", answer.json()["title"])
        reason = self.reason(service)
        if reason is not None:  # who answers now may be the gateway of before, or a ledger that is being started
            self.assertRegex(reason, "rebuilt from the log|ledger|scheduler")
        self.assert_back(service, posts)
        wait_until(lambda: service.api.get("/readyz").status == 200, 60, "ready again")
        self.assertTrue(self.journal(service, "views_doubted"))
        self.assertRegex(self.journal(service, "rebuilt")[-1], r"events=[1-9]\d* took_ms=\d+ per_s=[1-9]")
        posts.update(self.written(service.api, 5))
        self.assert_back(service, posts)
        service.stop()
        told = [line for line in self.journal(service, "views_damaged") if "gateway" in line]
        self.assertEqual(len(told), 1, told)
        self.assert_verified_and_replayed(service.data)

    def damage_metas(self, service, change):
        """What LMDB begins with: two pages, of which the newer one tells where everything is."""
        with open(service.data.path / "views" / "data.mdb", "r+b") as file:
            for at in (0, PAGE):
                file.seek(at)
                page = bytearray(file.read(PAGE))
                change(page)
                file.seek(at)
                file.write(page)

    def kill_gateway(self, service):
        os.kill(harness.children(service.process.child.pid)["openpost-gw"], signal.SIGKILL)

    def test_views_that_only_a_new_reader_finds_unreadable_are_made_again(self):
        service = self.world.serve(sandbox=False)
        posts = self.written(service.api, 5)
        self.damage_metas(service, lambda page: page.__setitem__(slice(16, 20), b"none"))  # the magic number
        self.kill_gateway(service)
        self.assert_back(service, posts)
        posts.update(self.written(service.api, 5))
        self.assert_back(service, posts)
        service.stop()
        self.assertTrue(self.journal(service, "views_damaged"))
        self.assert_verified_and_replayed(service.data)

    def test_views_that_were_emptied_begin_nothing_anew_and_cost_no_credentials(self):
        service = self.world.serve()
        account = service.api.connect()
        # the main tree of each: depth, counts, root (none)
        self.damage_metas(service, lambda page: struct.pack_into("<HQQQQQ", page, 94, 0, 0, 0, 0, 0, 2**64 - 1))
        service.stop()
        service = self.world.serve(service.data, name="again")
        post = service.api.publish("with the same credentials", account)
        service.api.wait_post(post, "published")
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_an_event_altered_while_everything_runs_is_named_and_nothing_else(self):
        service = self.world.serve(sandbox=False)
        post = service.api.post("/v1/posts", {"content": {"text": "the audited text"}}).json()
        after = service.api.post("/v1/posts", {"content": {"text": "another text"}}).json()
        created = next(event for event in service.data.events() if event["stream"] == post["id"])
        log = service.data.path / "log" / "data.mdb"
        stored = log.read_bytes()
        self.assertIn(b"the audited text", stored)
        with open(log, "r+b") as file:
            at = -1
            while (at := stored.find(b"the audited text", at + 1)) >= 0:
                file.seek(at)
                file.write(b"T")
        for _ in range(3):
            self.assert_problem(service.api.get("/v1/events"), 503, "log_altered")
            self.assert_problem(service.api.get(f"/v1/log/proof/{created['workspace_seq']}"), 503, "log_altered")
        self.assertIn("openpost verify", self.reason(service))
        self.assertEqual(service.api.get("/v1/posts/" + after["id"]).status, 200, "what needs no log goes on")
        told = self.journal(service, "log_altered")
        self.assertEqual(len(told), 1, told)
        self.assertIn(f"position={created['seq']} ", told[0])
        self.assertIn("openpost verify --data", told[0])
        verified = service.data.verify()
        self.assertEqual((verified.returncode, json.loads(verified.stdout)["position"]), (1, created["seq"]))


if __name__ == "__main__":
    harness.main()
