#!/usr/bin/env python3
"""One's own account: another name, another address, the end of it; and where and with what one is signed in. What names a person
is in the vault alone, and what is no longer theirs is destroyed there."""

import threading

import harness
from described import Described
from harness import Api, later, stored_bytes, wait_until
from sign_in_test import OTHER, PASSWORD, Browser, person, user

ANY = {"If_Match": "*"}


class Account(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.ids = {name: person(cls.data, name, "--workspace", "acme", "--role", role)
                   for name, role in (("owner", "owner"), ("second", "owner"), ("ada", "editor"), ("bob", "viewer"), ("eve", "editor"),
                                      ("gone", "editor"), ("joe", "viewer"), ("past", "viewer"),
                                      ("joan", "viewer"), ("jane", "viewer"), ("june", "viewer"))}
        cls.service = cls.world.serve(cls.data)
        cls.api = cls.service.api
        cls.api.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())

    def browser(self, name=None, password=PASSWORD, **headers):
        browser = Browser(self.service.port)
        browser.api.witness = self.api.witness
        if name:
            answer = browser.sign_in(name, password, **headers)
            self.assertEqual(answer.status, 201, answer)
        return browser

    def kept(self):
        return b"".join(stored_bytes(file) for folder in ("log", "views", "vault") for file in (self.data.path / folder).iterdir())

    def test_a_name_is_changed_with_the_version_that_was_read(self):
        ada = self.browser("ada")
        shown = ada.ask("GET", "/v1/user")
        self.assertEqual(shown.headers["ETag"], f'"{shown.json()["version"]}"')
        self.assert_problem(ada.ask("PATCH", "/v1/user", {"name": "Countess"}), 428, "precondition_required")
        changed = ada.ask("PATCH", "/v1/user", {"name": "Ada Lovelace", "email": None}, If_Match=shown.headers["ETag"])
        self.assertEqual(changed.status, 200, changed)
        now = changed.json()
        self.assertEqual((now["name"], now["email"], now["version"]), ("Ada Lovelace", "ada@example.com", shown.json()["version"] + 1))
        self.assertEqual((ada.ask("GET", "/v1/user").json(), changed.headers["ETag"]), (now, f'"{now["version"]}"'))
        self.assert_problem(ada.ask("PATCH", "/v1/user", {"name": "x"}, If_Match=shown.headers["ETag"]), 412, "precondition_failed")
        self.assertIn("Ada Lovelace", [one["name"] for one in self.api.get("/v1/members?limit=200").json()["data"]])
        self.assertEqual(ada.ask("PATCH", "/v1/user", {"name": "Ada Lovelace"}, **ANY).json(), now)  # nothing is another
        self.assertEqual(ada.ask("PATCH", "/v1/user", {}, **ANY).json(), now)

    def test_another_address_takes_the_password_and_must_be_nobodys(self):
        bob, before = self.browser("bob"), len(self.data.events())
        path, new = "/v1/user", {"email": "Robert@Example.org", "password": PASSWORD}
        for body, status, code, param in (({"email": new["email"]}, 422, "field_missing", "/password"),
                                          ({**new, "password": "incorrect horse staple"}, 401, "sign_in_refused", "/password"),
                                          ({**new, "email": "robert"}, 422, "field_invalid", "/email"),
                                          ({**new, "email": "EVE@example.com"}, 409, "address_taken", "/email"),
                                          ({**new, "more": 1}, 422, "field_unknown", "/more")):
            self.assertEqual(self.assert_problem(bob.ask("PATCH", path, body, **ANY), status, code)["param"], param)
        self.assertEqual(bob.ask("GET", path).json()["email"], "bob@example.com")
        changed = bob.ask("PATCH", path, new, **ANY)
        self.assertEqual((changed.status, changed.json()["email"], changed.json()["name"]), (200, new["email"], "Bob"))
        self.assertEqual(bob.ask("GET", "/v1/session").status, 200)
        self.assert_problem(self.browser().sign_in("bob"), 401, "sign_in_refused")
        again = self.browser()
        self.assertEqual(again.ask("POST", "/v1/session", {"email": "robert@example.org", "password": PASSWORD}).status, 201)
        self.assertEqual(bob.ask("PATCH", path, {"email": "robert@EXAMPLE.org"}, **ANY).status, 200)  # the same one, spelt otherwise
        (one, *_) = [event for event in self.data.events()[before:] if event["type"] == "user_changed"]
        self.assertEqual(set(one["data"]), {"user_id", "vault_id"})

    def test_who_guesses_the_password_there_has_to_wait_too(self):
        joe = self.browser("joe")
        tries = [joe.ask("PATCH", "/v1/user", {"email": "joe@example.org", "password": "incorrect horse staple"}, **ANY) for _ in range(11)]
        self.assertEqual([answer.status for answer in tries], [401] * 10 + [429])
        self.assert_problem(joe.ask("DELETE", "/v1/user", {"password": PASSWORD}, **ANY), 429, "rate_limited")

    def test_who_ends_their_account_leaves_everywhere_and_is_forgotten(self):
        gone, other = self.browser("gone"), self.browser("gone")
        made = harness.run("workspace", "create", "--data", self.data.path, "--slug", "second", "--name", "Second")
        key = Api(self.service.port, made.stdout.splitlines()[1].removeprefix("key: "))
        token = key.post("/v1/invitations", {"email": "gone@example.com", "role": "viewer"}).json()["accept_url"].partition("#")[2]
        self.assertEqual(gone.ask("POST", "/v1/invitation/accept", {"token": token}).status, 201)
        post = gone.ask("POST", "/v1/posts", {"content": {"text": "left behind"}}, OpenPost_Workspace=self.workspace("acme", gone)).json()
        self.assert_problem(gone.ask("DELETE", "/v1/user", {"password": PASSWORD}), 428, "precondition_required")
        self.assert_problem(gone.ask("DELETE", "/v1/user", {}, **ANY), 422, "field_missing")
        self.assert_problem(gone.ask("DELETE", "/v1/user", {"password": "incorrect horse staple"}, **ANY), 401, "sign_in_refused")
        self.assertEqual(len(gone.ask("GET", "/v1/session").json()["workspaces"]), 2)
        ended = gone.ask("DELETE", "/v1/user", {"password": PASSWORD}, **ANY)
        self.assertEqual(ended.status, 204, ended)
        self.assertEqual(ended.headers["Set-Cookie"], "openpost=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
        for browser in (gone, other):
            self.assert_problem(browser.ask("GET", "/v1/session"), 401, "unauthenticated")
        self.assert_problem(self.browser().sign_in("gone"), 401, "sign_in_refused")
        for api in (self.api, key):
            self.assertNotIn("gone@example.com", api.get("/v1/members?limit=200").body.decode())
        self.assertEqual(self.api.read_post(post)["author_id"], post["author_id"])
        said = [event["type"] for event in self.data.events() if event["stream"] == self.ids["gone"] or event["type"] == "member_removed"]
        self.assertEqual(said[-3:], ["member_removed", "member_removed", "user_erased"])
        self.assertNotEqual(person(self.data, "gone"), self.ids["gone"])
        self.assertEqual(self.data.verify().returncode, 0)

    def workspace(self, slug, browser):
        return next(place["workspace_id"] for place in browser.ask("GET", "/v1/session").json()["workspaces"] if place["slug"] == slug)

    def test_the_last_owner_of_a_workspace_stays_and_nothing_of_theirs_has_ended(self):
        owner, second = self.browser("owner"), self.browser("second")
        members = self.api.get("/v1/members?limit=200").json()["data"]
        for one in members:
            if one["role"] == "owner" and one["user_id"] not in (self.ids["owner"], self.ids["second"]):  # the founder's
                self.assertEqual(self.api.request("DELETE", "/v1/members/" + one["id"], headers={"If-Match": "*"}).status, 204)
        self.assertEqual(second.ask("DELETE", "/v1/user", {"password": PASSWORD}, **ANY).status, 204)
        elsewhere = harness.run("workspace", "create", "--data", self.data.path, "--slug", "elsewhere", "--name", "Elsewhere")
        key = Api(self.service.port, elsewhere.stdout.splitlines()[1].removeprefix("key: "))
        token = key.post("/v1/invitations", {"email": "owner@example.com", "role": "viewer"}).json()["accept_url"].partition("#")[2]
        self.assertEqual(owner.ask("POST", "/v1/invitation/accept", {"token": token}).status, 201)
        self.assert_problem(owner.ask("DELETE", "/v1/user", {"password": PASSWORD}, **ANY), 409, "last_owner")
        places = owner.ask("GET", "/v1/session").json()["workspaces"]
        self.assertEqual(sorted(place["slug"] for place in places), ["acme", "elsewhere"])

    def test_an_account_that_changes_all_the_while_gets_no_password_that_was_judged_by_another(self):
        """The name changes many times while the old password is looked at and the new one hashed."""
        eve, over, changed = self.browser("eve"), threading.Event(), []

        def rename():
            while not over.is_set():
                changed.append(eve.ask("PATCH", "/v1/user", {"name": f"Eve {len(changed)}"}, **ANY).status)
        other = Browser(self.service.port)
        other.cookie = eve.cookie
        renaming = threading.Thread(target=rename)
        renaming.start()
        wait_until(lambda: changed, 20, "another name")
        before = len(changed)
        answer = other.ask("PUT", "/v1/user/password", {"old_password": PASSWORD, "new_password": OTHER})
        after = len(changed)
        over.set()
        renaming.join()
        self.assertGreater(after - before, 2)  # the first may have been before it was looked at
        self.assert_problem(answer, 412, "precondition_failed")
        self.assertEqual(set(changed), {200})
        said = [event["type"] for event in self.data.events() if event["stream"] == self.ids["eve"]]
        self.assertEqual(said.count("password_set"), 1)  # when she was made known
        self.assertEqual(eve.ask("GET", "/v1/session").status, 200)
        self.browser("eve")

    def crowd(self):
        """Forty who sign in at once: their hashes stand before the next one's."""
        def one(number):
            Browser(self.service.port, f"127.0.8.{number}").sign_in(f"crowd{number}", "incorrect horse staple")
        people = [threading.Thread(target=one, args=(number,)) for number in range(1, 41)]
        for each in people:
            each.start()
        return people

    def overtaken(self, name, method, path, body):
        """The answer to a request with the right password, when an operator sets the same one anew while it waits to be hashed."""
        browser, people, told = self.browser(name), self.crowd(), []
        asking = threading.Thread(target=lambda: told.append(browser.ask(method, path, body, **ANY)))
        asking.start()
        done = user("password", self.ids[name], "--data", self.data.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        for each in (*people, asking):
            each.join()
        return told[0]

    def test_a_right_password_is_never_called_wrong_because_it_was_set_anew_meanwhile(self):
        for name, method, path, body in (("joan", "PUT", "/v1/user/password", {"old_password": PASSWORD, "new_password": OTHER}),
                                         ("jane", "PATCH", "/v1/user", {"email": "jane@example.org", "password": PASSWORD}),
                                         ("june", "DELETE", "/v1/user", {"password": PASSWORD})):
            with self.subTest(path):
                self.assert_problem(self.overtaken(name, method, path, body), 412, "precondition_failed")
                self.browser(name)

    def test_whose_membership_is_over_ends_their_account_in_their_own_name(self):
        past = self.browser("past")
        (member,) = [one["id"] for one in self.api.get("/v1/members?limit=200").json()["data"] if one["user_id"] == self.ids["past"]]
        self.assertEqual(self.api.request("PATCH", f"/v1/members/{member}", {"role": "viewer", "until": later(2)}, {"If-Match": "*"}).status, 200)
        wait_until(lambda: not past.ask("GET", "/v1/session").json()["workspaces"], 30, "a membership's end")
        self.assertEqual(past.ask("DELETE", "/v1/user", {"password": PASSWORD}, **ANY).status, 204)
        (removed,) = [event for event in self.data.events() if event["type"] == "member_removed" and event["stream"] == member]
        self.assertEqual((removed["actor"], removed["actor_id"], removed["data"]["left"]), ("member", member, True), removed)

    def test_sessions_tell_where_and_with_what_they_were_begun(self):
        here = self.browser("eve", User_Agent="Mozilla/5.0 (X11) \xe9 " + "x" * 300)
        there = self.browser("eve", User_Agent=None)
        listed = {one["id"]: one for one in here.ask("GET", "/v1/sessions").json()["data"]}
        own, other = (listed[browser.ask("GET", "/v1/session").json()["id"]] for browser in (here, there))
        self.assertEqual((own["user_agent"][:20], len(own["user_agent"])), ("Mozilla/5.0 (X11) ? ", 200))
        self.assertEqual((own["network"], other["network"], other["user_agent"]), ("127.0.0.0/24", "127.0.0.0/24", ""))
        opened = [event for event in self.data.events() if event["type"] == "session_opened"]
        self.assertTrue(all(event["data"]["vault_id"] for event in opened))
        self.assertNotIn(b"Mozilla/5.0", self.kept())
        self.assertNotIn(b"127.0.0.0/24", self.kept())
        there.ask("DELETE", "/v1/session")
        self.assertNotIn(other["id"], [one["id"] for one in here.ask("GET", "/v1/sessions").json()["data"]])


if __name__ == "__main__":
    harness.main()
