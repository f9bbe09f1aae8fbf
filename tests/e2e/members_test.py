#!/usr/bin/env python3
"""Members and invitations over HTTP: who may give which role, whose access ends when, and that an invitation's token, name and
address are nowhere but in the answer and the vault."""

import concurrent.futures
import itertools
import json

import harness
from described import Described
from frames import Rpc, tag_key
from harness import Api, free_port, later, run, stored_bytes, wait_until
from sign_in_test import person
from workspaces_test import created

ANY = {"If-Match": "*"}


class Members(harness.Case):
    @classmethod
    def make_world(cls):
        data = cls.world.data("data", "--slug", "acme")
        person(data, "owner", "--workspace", "acme", "--role", "owner")
        keys = {role: data.another_key(role, role) for role in ("admin", "viewer")}
        port = free_port()
        service = cls.world.serve(data, options=("--rpc", f"127.0.0.1:{port}"))
        cls.rpc = Rpc(port, tag_key(data.key))
        cls.world.at_end(cls.rpc.close)
        cls.data, cls.api = data, service.api
        cls.admin, cls.viewer = Api(service.port, keys["admin"]), Api(service.port, keys["viewer"])
        for api in (cls.api, cls.admin, cls.viewer):
            api.witness = Described(Api(service.port).get("/v1/openapi.json").json())
        (cls.owner,) = cls.api.get("/v1/members").json()["data"]

    def invite(self, api=None, headers=None, **more):
        email = f"ada{next(self.numbers)}@example.org"  # nobody has two open ones
        return (api or self.api).post("/v1/invitations", {"email": email, "role": "editor", **more}, headers)

    numbers = itertools.count()

    def invited(self, **more):
        made = self.invite(**more)
        self.assertEqual(made.status, 201, made)
        return made.json()

    def change(self, member, api=None, **patch):
        return (api or self.api).request("PATCH", "/v1/members/" + member["id"], patch, ANY)

    def test_whoever_is_invited_is_listed_by_name_and_address_until_the_invitation_is_withdrawn(self):
        made = self.invited(email="grace@example.org", name="Grace Hopper", permissions=["approve"])
        self.assertRegex(made.pop("accept_url"), r"^http://127.0.0.1:\d+/invitation#[0-9A-Za-z]{43}$")
        self.assertEqual((made["name"], made["email"], made["status"], made["role"], made["permissions"], made["user_id"]),
                         ("Grace Hopper", "grace@example.org", "invited", "editor", ["approve"], None))
        self.assertEqual(self.api.get("/v1/members/" + made["id"]).json(), made)
        self.assertIn(made, self.api.get("/v1/invitations?limit=200").json()["data"])
        self.assertEqual(self.api.get("/v1/members").json()["data"], [self.owner])
        self.assertEqual(self.api.request("DELETE", "/v1/invitations/" + made["id"]).status, 204)
        self.assert_problem(self.api.get("/v1/members/" + made["id"]), 404, "not_found")
        self.assertNotIn(made["id"], self.api.get("/v1/invitations?limit=200").body.decode())

    def test_an_invitations_token_name_and_address_are_kept_nowhere_in_clear(self):
        made = self.invited(email="secret.person@example.org", name="Nobody Must Read This")
        found = stored_bytes(self.data.path / "vault/data.mdb") + b"".join(
            stored_bytes(file) for folder in ("log", "views") for file in (self.data.path / folder).iterdir())
        self.assertIn(made["id"].encode(), found)
        for text in (made["accept_url"].partition("#")[2], "secret.person", "Nobody Must Read"):
            self.assertNotIn(text.encode(), found)

    def test_the_link_is_shown_once(self):
        key = {"Idempotency-Key": "invite-once"}
        first, again = (self.invite(headers=key, email="once@example.org") for _ in range(2))
        self.assertEqual((first.status, again.status, again.headers["Idempotent-Replayed"]), (201, 201, "true"))
        self.assertEqual({**first.json(), "accept_url": None}, again.json())
        self.assertIsNotNone(first.json()["accept_url"])

    def test_a_page_ends_where_the_next_begins(self):
        ids = [self.invited()["id"] for _ in range(3)]
        listed, path = [], "/v1/invitations?limit=2"
        while path:
            page = self.api.get(path).json()
            listed += [one["id"] for one in page["data"]]
            path = page["next_cursor"] and "/v1/invitations?limit=2&cursor=" + page["next_cursor"]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertLessEqual(set(ids), set(listed))

    def test_nobody_gives_or_takes_a_role_above_their_own(self):
        refused = self.invite(self.admin, role="owner")
        self.assertEqual(self.assert_problem(refused, 403, "role_above_own")["param"], "/role")
        editor, owner = self.invited(), self.invited(role="owner")
        self.assert_problem(self.change(editor, self.admin, role="owner"), 403, "role_above_own")
        self.assert_problem(self.change(owner, self.admin, role="viewer"), 403, "role_above_own")
        for path in ("/v1/members/", "/v1/invitations/"):
            self.assert_problem(self.admin.request("DELETE", path + owner["id"], headers=ANY), 403, "role_above_own")
        self.assertEqual(self.change(editor, self.admin, role="admin").json()["role"], "admin")
        self.assert_problem(self.change(editor, self.viewer, role="viewer"), 403, "forbidden")

    def test_a_workspace_keeps_its_last_owner(self):
        self.assert_problem(self.change(self.owner, role="admin"), 409, "last_owner")
        self.assert_problem(self.change(self.owner, until=later(3600)), 409, "last_owner")
        self.assert_problem(self.api.request("DELETE", "/v1/members/" + self.owner["id"], headers=ANY), 409, "last_owner")
        self.assert_problem(self.api.request("DELETE", "/v1/invitations/" + self.owner["id"]), 409, "invitation_spent")

    def test_who_is_a_member_is_not_invited(self):
        for address in ("owner@example.com", "OWNER@Example.com"):
            problem = self.assert_problem(self.invite(email=address), 409, "member_exists")
            self.assertEqual(problem["param"], "/email")
        person(self.data, "elsewhere")  # known, and no member here: nobody is told so
        self.assertEqual(set(self.invite(email="elsewhere@example.com").json()), set(self.invite(email="nobody@example.com").json()))

    def test_an_address_has_one_open_invitation_in_a_workspace(self):
        first = self.invited(email="twice@example.org")
        problem = self.assert_problem(self.invite(email="Twice@Example.org"), 409, "invitation_exists")
        self.assertEqual(problem["param"], "/email")
        other = Api(self.api.port, created(self.data, "elsewhere")[1])
        self.assertEqual(self.invite(other, email="twice@example.org").status, 201)
        self.assertEqual(self.api.request("DELETE", "/v1/invitations/" + first["id"]).status, 204)
        self.invited(email="twice@example.org")

    def test_of_invitations_to_an_address_that_are_sent_at_once_one_is_made(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.invite(email="race@example.org"), range(16)))
        self.assertEqual(sorted(answer.status for answer in answers), [201] + 15 * [409])
        for answer in answers:
            if answer.status == 409:
                self.assertEqual(self.assert_problem(answer, 409, "invitation_exists")["param"], "/email")
        listed = self.api.get("/v1/invitations?limit=200").json()["data"]
        self.assertEqual([one["email"] for one in listed].count("race@example.org"), 1)

    def test_an_invitation_that_is_over_goes_on_unless_its_address_has_another_one(self):
        over, alone = (self.invited(email=f"{name}@example.org", until=later(1)) for name in ("again", "alone"))
        wait_until(lambda: self.api.get("/v1/members/" + alone["id"]).json()["status"] == "expired", 10, "its end")
        second = self.invited(email="Again@Example.org")
        self.assertEqual(self.assert_problem(self.change(over, until=None), 409, "invitation_exists")["param"], "/until")
        self.assertEqual(self.change(alone, until=None).json()["status"], "invited")
        self.assertEqual(self.api.request("DELETE", "/v1/invitations/" + second["id"]).status, 204)
        self.assertEqual(self.change(over, until=None).json()["status"], "invited")

    def test_an_invitation_that_is_over_does_not_go_on_when_its_address_is_a_members(self):
        over = self.invited(email="both@example.com", until=later(1))
        wait_until(lambda: self.api.get("/v1/members/" + over["id"]).json()["status"] == "expired", 10, "its end")
        user = person(self.data, "both", "--workspace", "acme", "--role", "viewer")
        self.assertEqual(self.assert_problem(self.change(over, until=None), 409, "member_exists")["param"], "/until")
        (member,) = [one["id"] for one in self.api.get("/v1/members?limit=200").json()["data"] if one["user_id"] == user]
        self.assertEqual(self.api.request("DELETE", "/v1/members/" + member, None, ANY).status, 204)
        self.assertEqual(self.change(over, until=None).json()["status"], "invited")

    def test_who_was_erased_comes_back_by_no_longer_time(self):
        user = person(self.data, "brief", "--workspace", "acme", "--role", "admin", "--until", later(2))
        (member,) = [one for one in self.api.get("/v1/members?limit=200").json()["data"] if one["user_id"] == user]
        self.addCleanup(self.api.request, "DELETE", "/v1/members/" + member["id"], None, ANY)
        wait_until(lambda: self.api.get("/v1/members/" + member["id"]).json()["status"] == "expired", 10, "its end")
        erased = run("user", "erase", user, "--data", self.data.path)
        self.assertEqual(erased.returncode, 0, erased)
        self.assertEqual(self.assert_problem(self.change(member, role="owner", until=None), 409, "user_erased")["param"], "/until")
        self.assertEqual(self.api.get("/v1/members/" + member["id"]).json()["status"], "expired")

    def test_an_invitation_is_told_again_as_it_was_made(self):
        key = {"Idempotency-Key": "invited once"}
        body = {"email": "once@example.org", "until": later(1)}
        first = self.invite(headers=key, **body).json()
        wait_until(lambda: self.api.get("/v1/members/" + first["id"]).json()["status"] == "expired", 10, "its end")
        again = self.invite(headers=key, **body)
        self.assertEqual(again.headers["idempotent-replayed"], "true")
        self.assertEqual({**again.json(), "accept_url": None}, {**first, "accept_url": None})
        self.assertEqual(first["status"], "invited")

    def test_who_acted_is_resolved_also_when_they_are_gone_and_for_nobody_else(self):
        user = person(self.data, "grace", "--workspace", "acme", "--role", "editor")
        (member,) = [one["id"] for one in self.api.get("/v1/members?limit=200").json()["data"] if one["name"] == "Grace"]
        there = self.api.get("/v1/actors/" + member).json()
        self.assertEqual({**there, "since": None}, {"id": member, "kind": "member", "name": "Grace", "role": "editor", "since": None, "ended_at": None})
        self.assertEqual(self.api.request("DELETE", "/v1/members/" + member, headers=ANY).status, 204)
        self.assert_problem(self.api.get("/v1/members/" + member), 404, "not_found")
        gone = self.api.get("/v1/actors/" + member).json()
        self.assertEqual({**gone, "ended_at": None}, there)
        self.assertIsNotNone(gone["ended_at"])
        self.assertEqual(json.loads(self.rpc.query("get_actor", {"member_id": member})[1]), gone)
        key = self.api.post("/v1/api-keys", {"name": "once", "role": "viewer"}).json()["id"]
        self.assertEqual(self.api.request("DELETE", "/v1/api-keys/" + key).status, 204)
        shown = self.admin.get("/v1/actors/" + key).json()
        self.assertEqual((shown["kind"], shown["name"], shown["role"], shown["ended_at"] is None), ("key", "once", "viewer", False))
        self.assertEqual(json.loads(self.rpc.query("get_actor", {"key_id": key})[1]), shown)
        invitation = self.invited(email="never@example.org")["id"]
        other = Api(self.api.port, created(self.data, "neighbour")[1])
        (owner,) = [one["id"] for one in other.get("/v1/api-keys").json()["data"]]
        for api, actor, status, code in ((self.viewer, member, 403, "forbidden"), (other, member, 404, "not_found"), (other, key, 404, "not_found"),
                                         (self.api, owner, 404, "not_found"), (self.api, invitation, 404, "not_found"),
                                         (self.api, user, 404, "not_found"), (self.api, "mem_x", 404, "not_found")):
            self.assert_problem(api.get("/v1/actors/" + actor), status, code)
        self.assertEqual(run("user", "erase", user, "--data", self.data.path).returncode, 0)
        self.assertEqual(self.api.get("/v1/actors/" + member).json(), {**gone, "name": None})

    def test_an_auditors_access_ends(self):
        for until in (None, later(367 * 86400)):
            problem = self.assert_problem(self.invite(role="auditor", until=until), 422, "expiry_required")
            self.assertEqual(problem["param"], "/until")
        self.assert_problem(self.invite(role="auditor", until=later(-1)), 422, "timestamp_past")
        until = later(365 * 86400)
        auditor = self.invited(role="auditor", until=until)
        self.assertEqual(auditor["until"], until)
        self.assert_problem(self.change(auditor, until=None), 422, "expiry_required")

    def test_a_change_says_what_is_another_and_leaves_the_rest(self):
        member = self.invited(permissions=["approve"], until=later(86400))
        path = "/v1/members/" + member["id"]
        shown = self.api.get(path)
        changed = self.api.request("PATCH", path, {"role": "viewer"}, {"If-Match": shown.headers["ETag"]})
        self.assertEqual(changed.status, 200, changed)
        now = changed.json()
        self.assertEqual((now["role"], now["permissions"], now["until"], now["version"]),
                         ("viewer", ["approve"], member["until"], member["version"] + 1))
        stale = self.api.request("PATCH", path, {"role": "editor"}, {"If-Match": shown.headers["ETag"]})
        self.assert_problem(stale, 412, "precondition_failed")
        self.assert_problem(self.api.request("PATCH", path, {"role": "editor"}), 428, "precondition_required")
        now = self.change(member, permissions=None, until=None).json()
        self.assertEqual((now["role"], now["permissions"], now["until"]), ("viewer", [], None))

    def test_what_is_no_address_is_nobodys(self):
        for email in ("ada", "ada@", "@example.org", "a b@example.org", "a@b@c", "a@" + "x" * 260):
            answer = self.invite(email=email)
            self.assertEqual((answer.status, answer.json()["param"]), (422, "/email"), email)


if __name__ == "__main__":
    harness.main()
