#!/usr/bin/env python3
"""Approvals: a workspace whose posts somebody has to approve before they lock. Each case is one of the promises: what is approved is
what is sent, any edit makes it void, nothing does after the lock, and what nobody approves in time is missed. Minutes pass by a wall
clock that is ahead (later.c), between a stop and a start."""

import hashlib
import json

import harness
from described import Described
from frames import Rpc, sha256, tag_key
from harness import Api, later, wait_until
from sign_in_test import PASSWORD, Browser, person
from workspace_end_test import clock_ahead

ANY = {"If-Match": "*"}
APPROVE_POST = 170


def joined(case, port, owner, name, role, **more):
    """Somebody who was invited, and signed in: their browser and membership."""
    made = owner.post("/v1/invitations", {"email": f"{name}@example.com", "name": name.title(), "role": role, **more})
    case.assertEqual(made.status, 201, made)
    browser = Browser(port)
    token = made.json()["accept_url"].partition("#")[2]
    answer = browser.ask("POST", "/v1/invitation/accept", {"token": token, "password": PASSWORD})
    case.assertEqual(answer.status, 201, answer)
    return browser, made.json()


def set_policy(case, api, policy):
    answer = api.request("PATCH", "/v1/workspace", {"approval_policy": policy}, ANY)
    case.assertEqual((answer.status, answer.json().get("approval_policy")), (200, policy), answer)


def approve(api, post, sha=None):
    return api.post(f"/v1/posts/{post['id']}/approve", {"content_sha256": sha or api.read_post(post)["approval"]["content_sha256"]})


class Approvals(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.ahead = clock_ahead(cls.data.path.parent)
        cls.rpc_port = harness.free_port()
        cls.service = cls.world.serve(cls.data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.api = cls.service.api
        cls.api.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.account, cls.second = cls.api.connect("acme.test"), cls.api.connect("second.test")

    def setUp(self):
        super().setUp()
        set_policy(self, self.api, "any_approver")

    def asked(self, text="to be approved", seconds=7200, **more):
        return self.api.publish(text, self.account, self.second, schedule={"at": later(seconds)}, **more)

    def approved(self, **more):
        post = self.asked(**more)
        answer = approve(self.api, post)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def edited(self, post, **patch):
        answer = self.api.request("PATCH", "/v1/posts/" + post["id"], patch, ANY)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def names(self, post):
        return [one["event"] for one in self.api.get(f"/v1/posts/{post['id']}/history?limit=200").json()["data"]]

    def test_a_scheduled_post_waits_for_its_approval_and_shows_what_to_approve(self):
        post = self.asked()
        shown = post["approval"]
        self.assertEqual((shown["policy"], shown["status"], shown["by"], shown["at"]), ("any_approver", "wanted", None, None))
        self.assertRegex(shown["content_sha256"], "^[0-9a-f]{64}$")
        self.assertEqual(self.names(post), ["post_created", "post_scheduled", "approval_wanted"])
        draft = self.api.post("/v1/posts", {"content": {"text": "a draft"}}).json()
        self.assertEqual(draft["approval"], {"policy": "any_approver", "status": "none", "content_sha256": None, "by": None, "at": None})

    def test_each_target_says_that_it_waits_for_that_and_is_missed_without_it(self):
        post = self.asked()
        told = [(one["waits_for"], one["held"], one["waits_until"], one["missed_at"]) for one in post["targets"]]
        self.assertEqual(told, 2 * [("approval", "approval", None, post["publish_at"])])
        target = approve(self.api, post).json()["targets"][0]
        self.assertEqual((target["waits_for"], target["held"], target["waits_until"]), ("schedule", None, target["publish_at"]))
        self.assertGreater(target["missed_at"], target["publish_at"])

    def test_who_approves_is_shown_with_what_and_when(self):
        post = self.asked()
        wanted = post["approval"]["content_sha256"]
        given = approve(self.api, post).json()["approval"]
        self.assertEqual((given["status"], given["content_sha256"], given["by"][:4]), ("given", wanted, "key_"))
        self.assertEqual(self.api.read_post(post)["approval"], given)
        self.assertEqual(approve(self.api, post).json()["version"], post["version"] + 1)  # it is so already
        (event,) = [one for one in self.api.get("/v1/events?limit=200").json()["data"]
                    if one["type"] == "approval_given" and one["data"]["post_id"] == post["id"]] or [None]
        if event:  # of the newest page
            self.assertEqual(event["data"]["content_sha256"], wanted)

    def test_another_hash_than_what_it_shows_is_stale(self):
        post = self.asked()
        self.assert_problem(approve(self.api, post, 64 * "0"), 409, "approval_stale")
        seen = post["approval"]["content_sha256"]
        self.edited(post, content={"text": "something else"})
        self.assert_problem(approve(self.api, post, seen), 409, "approval_stale")
        self.assert_problem(self.api.post(f"/v1/posts/{post['id']}/approve", {"content_sha256": "no hash"}), 422, "field_invalid")
        self.assert_problem(self.api.post(f"/v1/posts/{post['id']}/approve", {}), 422, "field_missing")

    def test_any_edit_makes_it_void(self):
        targets = [{"integration_id": one["id"]} for one in (self.account, self.second)]
        for patch in ({"content": {"text": "another text"}}, {"labels": ["only a label"]}, {"metadata": {"only": "metadata"}},
                      {"content": {"link": "https://example.com/"}}, {"timezone": "Asia/Tokyo"}, {"not_after": later(86400)},
                      {"targets": targets[:1]}, {"targets": [{**targets[0], "variant": {"text": "a variant"}}, targets[1]]},
                      {"targets": [{**targets[0], "at": later(9000)}, targets[1]]}, {}):
            post = self.approved()
            after = self.edited(post, **patch)
            self.assertEqual(after["approval"]["status"], "void", patch)
            self.assertIsNone(after["approval"]["by"])
            self.assertEqual(approve(self.api, post).json()["approval"]["status"], "given")

    def test_another_instant_makes_it_void_for_the_bytes_name_theirs(self):
        post = self.approved()
        moved = self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": later(9000)}).json()
        self.assertEqual(moved["approval"]["status"], "void")
        self.assertNotEqual(moved["approval"]["content_sha256"], post["approval"]["content_sha256"])
        self.assertIn("approval_voided", self.names(post))

    def test_a_target_that_is_cancelled_leaves_the_others_approved(self):
        post = self.approved()
        after = self.api.post(f"/v1/posts/{post['id']}/targets/{post['targets'][1]['id']}/cancel").json()
        self.assertEqual(after["approval"], post["approval"])
        again = approve(self.api, post)
        self.assertEqual((again.status, again.json()["version"], again.json()["approval"]), (200, after["version"], post["approval"]))
        rpc = Rpc(self.rpc_port, tag_key(self.data.key))
        shown = bytes.fromhex(after["approval"]["content_sha256"])
        self.assertEqual(rpc.command(APPROVE_POST, {"post_id": post["id"], "content_sha256": shown})[0], "")
        self.assertEqual(rpc.command(APPROVE_POST, {"post_id": post["id"], "content_sha256": b"\x01" * 32, "repeats": True})[0],
                         "approval_stale")
        rpc.close()
        self.assert_problem(approve(self.api, post, 64 * "0"), 409, "approval_stale")
        set_policy(self, self.api, "four_eyes")  # more is asked: what is to be looked at is what is left
        raised = self.api.read_post(post)["approval"]
        self.assertEqual(raised["status"], "wanted")
        self.assertNotEqual(raised["content_sha256"], post["approval"]["content_sha256"])
        self.assertEqual(self.names(post).count("approval_given"), 1)

    def test_scheduling_so_near_that_it_would_lock_at_birth_is_refused(self):
        made = {"content": {"text": "at once"}, "targets": [{"integration_id": self.account["id"]}]}
        for schedule in ({"now": True}, {"at": later(290)}):
            self.assert_problem(self.api.post("/v1/posts", {**made, "schedule": schedule}), 409, "approval_required")
        draft = self.api.post("/v1/posts", made).json()
        self.assert_problem(self.api.post(f"/v1/posts/{draft['id']}/schedule", {"now": True}), 409, "approval_required")
        post = self.approved()
        self.assert_problem(self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": later(290)}), 409, "approval_required")
        self.assertEqual(self.api.read_post(post)["approval"]["status"], "given")

    def test_who_may_not_approve(self):
        viewer, _ = joined(self, self.service.port, self.api, "viewer", "viewer", permissions=["approve"])
        plain, _ = joined(self, self.service.port, self.api, "plain", "editor")
        approver, member = joined(self, self.service.port, self.api, "approver", "editor", permissions=["approve"])
        editor_key = Api(self.service.port, self.data.another_key("editor", "editor"))
        post = self.asked()
        body = {"content_sha256": post["approval"]["content_sha256"]}
        path = f"/v1/posts/{post['id']}/approve"
        for answer in (viewer.ask("POST", path, body), plain.ask("POST", path, body), editor_key.post(path, body)):
            self.assert_problem(answer, 403, "forbidden")
        given = approver.ask("POST", path, body)
        self.assertEqual(given.status, 200, given)
        self.assertEqual((given.status, given.json()["approval"]["by"]), (200, member["id"]), given)
        path = f"/v1/posts/{self.asked()['id']}/approve"
        taken = self.api.request("PATCH", "/v1/members/" + member["id"], {"permissions": []}, ANY)
        self.assertEqual(taken.status, 200, taken)
        self.assert_problem(approver.ask("POST", path, body), 403, "forbidden")

    def test_where_nobody_asks_nobody_approves_and_what_is_scheduled_goes_on(self):
        post = self.asked()
        set_policy(self, self.api, "none")
        self.assertEqual(self.api.read_post(post)["approval"]["status"], "none")
        self.assert_problem(approve(self.api, post, 64 * "0"), 409, "approval_unneeded")
        moved = self.api.post(f"/v1/posts/{post['id']}/schedule", {"now": True})
        self.assertEqual(moved.status, 200, moved)
        self.assertEqual(self.api.wait_post(post, "published")["approval"]["status"], "none")

    def test_a_policy_that_comes_later_is_for_every_post_that_is_not_locked(self):
        set_policy(self, self.api, "none")
        post = self.asked()
        self.assertEqual(post["approval"]["status"], "none")
        set_policy(self, self.api, "any_approver")
        self.assertEqual(self.api.read_post(post)["approval"]["status"], "wanted")
        self.assertEqual(approve(self.api, post).json()["approval"]["status"], "given")

    def test_approved_it_locks_300_seconds_ahead_with_exactly_what_was_approved(self):
        post = self.approved(seconds=304)
        locked = self.api.wait_post(post, "queued", within_s=20)
        self.assertEqual(locked["approval"], post["approval"])
        lines = ["openpost approval 1"]
        for target in locked["targets"]:
            lines.append(target["id"])
            for part in target["rendering"]["parts"]:
                kind = "comment" if part["first_comment"] else "post"
                lines.append(f"{round(harness.seconds_of(part['created_at']) * 1000)} {kind} {part['payload_sha256']}")
        said = "".join(line + "\n" for line in lines).encode()
        self.assertEqual(hashlib.sha256(said).hexdigest(), post["approval"]["content_sha256"])
        self.assert_problem(approve(self.api, post, post["approval"]["content_sha256"]), 409, "post_locked")

    def test_not_approved_it_does_not_lock_edits_are_refused_and_an_approval_locks_at_once(self):
        post = self.asked(seconds=302)
        wait_until(lambda: self.api.request("PATCH", "/v1/posts/" + post["id"], {"labels": ["late"]}, ANY).status == 409, 20,
                   "closed to edits")
        self.assert_problem(self.api.request("PATCH", "/v1/posts/" + post["id"], {"labels": ["late"]}, ANY), 409, "post_locked")
        self.assertEqual(self.api.read_post(post)["status"], "scheduled")
        self.assertEqual(approve(self.api, post).status, 200)
        self.api.wait_post(post, "queued", within_s=5)

    def test_somebody_is_reminded_half_an_hour_before(self):
        post, approved = self.asked(seconds=1803), self.approved(seconds=1803)
        wait_until(lambda: self.names(post).count("approval_wanted") == 2, 20, "reminded")
        said = [one["sentence"] for one in self.api.get(f"/v1/posts/{post['id']}/history").json()["data"]]
        self.assertTrue(said[-1].startswith("Still waits to be approved; without it nothing is sent at "), said)
        self.assertEqual(self.names(approved).count("approval_wanted"), 1)

    def test_another_program_approves_and_the_ledger_renders(self):
        """Whatever it says that was rendered: it cannot approve what nobody wrote."""
        rpc = Rpc(self.rpc_port, tag_key(self.data.key), sha256(tag_key(self.data.key))[:16])
        post = self.asked()
        code, shown = rpc.query("get_post", {"post_id": post["id"]})
        self.assertEqual((code, json.loads(shown)["approval"]), ("", post["approval"]))
        mine = bytes.fromhex(post["approval"]["content_sha256"])
        forged = {"target_id": post["targets"][0]["id"], "parts": [
            {"key": "", "created_ms": 1, "payload": b"{}", "payload_hash": hashlib.sha256(b"{}").digest()}]}
        stale = rpc.command(APPROVE_POST, {"post_id": post["id"], "content_sha256": b"\x01" * 32, "rendered_sha256": b"\x01" * 32,
                                           "version": post["version"], "targets": [forged]})
        self.assertEqual(stale[0], "approval_stale")
        given = rpc.command(APPROVE_POST, {"post_id": post["id"], "content_sha256": mine, "targets": [forged]})
        self.assertEqual(given[0], "", given)
        self.assertEqual(self.api.read_post(post)["approval"]["content_sha256"], post["approval"]["content_sha256"])
        rpc.close()


class Instants(harness.Case):
    """What happens at the instant itself, five minutes after the lock's."""

    def test_what_was_approved_is_sent_and_what_nobody_approved_is_missed(self):
        data = self.world.data()
        ahead = clock_ahead(data.path.parent)
        service = self.world.serve(data)
        api = service.api
        account = api.connect("alice.test")
        set_policy(self, api, "any_approver")
        sent = api.publish("approved", account, schedule={"at": later(320)})
        missed = api.publish("never approved", account, schedule={"at": later(330)})
        void = api.publish("changed after it was approved", account, schedule={"at": later(340)})
        for post in (sent, void):
            self.assertEqual(approve(api, post).status, 200)
        changed = api.request("PATCH", "/v1/posts/" + void["id"], {"labels": ["changed"]}, ANY)
        self.assertEqual(changed.json()["approval"]["status"], "void", changed)
        service.stop()
        service = harness.Serve(self.world, data, name="later").start(ahead(345))
        api = service.api
        self.assertEqual(api.wait_post(sent, "published")["approval"]["status"], "given")
        for post in (missed, void):
            done = api.wait_post(post, "missed")
            self.assertEqual([one["error"]["code"] for one in done["targets"]], ["approval_missing"])
            path = f"/v1/posts/{post['id']}"
            problem = self.assert_problem(api.post(path + "/retry", {"now": True}), 409, "post_finished")
            self.assertTrue(problem["detail"].startswith("Nobody approved the post in time"), problem)
            self.assertEqual(api.post(path + "/duplicate").json()["status"], "draft")
            self.assert_problem(approve(api, post, 64 * "0"), 409, "post_finished")
        self.assertEqual(service.sandbox.texts(), ["approved"])
        service.stop()
        self.assert_verified_and_replayed(data)


if __name__ == "__main__":
    harness.main()
