#!/usr/bin/env python3
"""Invitations that are taken: by somebody who becomes known with the link, and by somebody who is signed in; and memberships that
are left. A token opens once, and whoever shows one that does not is never told why."""

import json
import os
import threading

import harness
from described import Described
from harness import Api, later, run, wait_until
from sign_in_test import PASSWORD, Browser, person, user


ROUNDS = int(os.environ.get("OPENPOST_INVITATION_ROUNDS", "50"))


class Invitations(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        person(cls.data, "owner", "--workspace", "acme", "--role", "owner")
        person(cls.data, "known")
        person(cls.data, "sought")
        cls.service = cls.world.serve(cls.data)
        cls.api = cls.service.api
        cls.api.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())

    def browser(self, name=None):
        browser = Browser(self.service.port)
        browser.api.witness = self.api.witness
        if name:
            self.assertEqual(browser.sign_in(name).status, 201)
        return browser

    def invited(self, name, **more):
        """The invitation and its token."""
        made = self.api.post("/v1/invitations", {"email": f"{name}@example.com", "name": name.title(), "role": "editor", **more})
        self.assertEqual(made.status, 201, made)
        return made.json(), made.json()["accept_url"].partition("#")[2]

    def accept(self, browser, token, **more):
        return browser.ask("POST", "/v1/invitation/accept", {"token": token, **more})

    def joined(self, name, **more):
        """A browser of somebody new, and their membership."""
        made, token = self.invited(name, **more)
        browser = self.browser()
        answer = self.accept(browser, token, password=PASSWORD)
        self.assertEqual(answer.status, 201, answer)
        return browser, made, answer.json()

    def test_who_becomes_known_by_an_invitation_is_a_member_and_signed_in(self):
        browser, made, session = self.joined("grace", permissions=["approve"])
        self.assertEqual([(place["slug"], place["role"]) for place in session["workspaces"]], [("acme", "editor")])
        self.assertEqual(browser.ask("GET", "/v1/session").json()["id"], session["id"])
        (member,) = [one for one in self.api.get("/v1/members?limit=200").json()["data"] if one["id"] == made["id"]]
        self.assertEqual((member["user_id"], member["name"], member["email"], member["status"], member["permissions"]),
                         (session["user_id"], "Grace", "grace@example.com", "active", ["approve"]))
        self.assertEqual(browser.ask("POST", "/v1/posts", {"content": {"text": "by a new member"}}).status, 201)
        self.browser("grace")  # and again with the password

    def test_a_new_person_says_their_own_name_and_no_address_but_the_invited_one(self):
        _, token = self.invited("invited")
        browser = self.browser()
        refused = self.accept(browser, token, password=PASSWORD, name="Somebody Else", email="else@example.com")
        self.assert_problem(refused, 422, "field_unknown")
        answer = self.accept(browser, token, password=PASSWORD, name="Somebody Else")
        self.assertEqual(answer.status, 201, answer)
        shown = browser.ask("GET", "/v1/user").json()
        self.assertEqual((shown["name"], shown["email"]), ("Somebody Else", "invited@example.com"))

    def test_a_token_that_opens_nothing_is_refused_alike_whatever_became_of_it(self):
        made, used = self.invited("once")
        self.assertEqual(self.accept(self.browser(), used, password=PASSWORD).status, 201)
        made, withdrawn = self.invited("never")
        self.assertEqual(self.api.request("DELETE", "/v1/invitations/" + made["id"]).status, 204)
        said = []
        for token in (used, withdrawn, "0" * 43, "no token"):
            problem = self.assert_problem(self.accept(self.browser(), token, password=PASSWORD), 409, "invitation_spent")
            problem.pop("request_id")
            said.append(problem)
        self.assertEqual(said, [said[0]] * 4)

    def test_what_is_wrong_with_the_person_leaves_the_invitation_good(self):
        made, token = self.invited("careless")
        browser = self.browser()
        self.assert_problem(self.accept(browser, token), 401, "unauthenticated")
        weak = self.assert_problem(self.accept(browser, token, password="password"), 422, "password_too_weak")
        self.assertEqual(weak["param"], "/password")
        foreign = browser.ask("POST", "/v1/invitation/accept", {"token": token, "password": PASSWORD}, Origin="http://evil.example")
        self.assert_problem(foreign, 403, "origin_refused")
        self.assertIsNone(browser.cookie)
        self.assertEqual(self.api.get("/v1/members/" + made["id"]).json()["status"], "invited")
        self.assertEqual(self.accept(browser, token, password=PASSWORD).status, 201)

    def test_whose_address_somebody_signs_in_with_signs_in_first(self):
        self.browser("sought")
        _, token = self.invited("sought", role="viewer")
        problem = self.assert_problem(self.accept(self.browser(), token, password=PASSWORD), 409, "address_taken")
        self.assertEqual(problem["title"], "Somebody signs in with this address already.")

    def test_who_is_signed_in_joins_with_the_token_alone_and_once(self):
        known = self.browser("known")
        made, token = self.invited("known", role="viewer")
        answer = self.accept(known, token)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual([place["role"] for place in answer.json()["workspaces"]], ["viewer"])
        self.assertEqual(self.api.get("/v1/members/" + made["id"]).json()["user_id"], answer.json()["user_id"])
        self.assert_problem(self.accept(known, self.invited("again")[1]), 409, "member_exists")

    def test_whose_membership_is_over_is_shown_so_and_may_be_invited_again(self):
        browser, made, _ = self.joined("guest", until=later(2))
        address = {"email": "guest@example.com", "role": "viewer"}
        path = "/v1/members/" + made["id"]
        was = self.api.get(path)
        self.assertEqual(was.json()["status"], "active")
        self.assert_problem(self.api.post("/v1/invitations", address), 409, "member_exists")
        over = wait_until(lambda: (answer := self.api.get(path)).json()["status"] == "expired" and answer, 30, "a membership's end")
        self.assertNotEqual(over.headers["ETag"], was.headers["ETag"])
        self.assertEqual(over.json()["version"], was.json()["version"])
        again, token = self.invited("guest", role="viewer")
        answer = self.accept(browser, token)
        self.assertEqual((answer.status, [place["role"] for place in answer.json()["workspaces"]]), (201, ["viewer"]), answer)
        self.assertEqual(self.api.request("DELETE", path, headers={"If-Match": "*"}).status, 204)
        self.assertEqual([place["role"] for place in browser.ask("GET", "/v1/session").json()["workspaces"]], ["viewer"])
        self.assertEqual(self.api.get("/v1/members/" + again["id"]).json()["status"], "active")

    def raced(self, number):
        """Two take one invitation at once, each with a password of their own: [(browser, password, answer)], the winner first."""
        made, token = self.invited(f"raced{number}")
        ready, ended = threading.Barrier(2), []

        def take(hand):
            # An address of its own, or the tries of one count against the next.
            browser = Browser(self.service.port, f"127.0.{1 + number}.{1 + hand}")
            password = f"the horse of hand {hand}"
            ready.wait()
            ended.append((browser, password, self.accept(browser, token, password=password)))
        hands = [threading.Thread(target=take, args=(hand,)) for hand in range(2)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        return made, sorted(ended, key=lambda end: end[2].status)

    def test_one_of_two_who_take_an_invitation_at_once_becomes_the_person(self):
        codes, taken = {}, {}
        for number in range(ROUNDS):
            made, ((winner, password, answer), (loser, other, refused)) = self.raced(number)
            self.assertEqual(answer.status, 201, f"{answer} {refused}")
            code = refused.json()["code"]
            self.assertIn((refused.status, code), ((409, "address_taken"), (409, "invitation_spent")), refused)
            self.assertFalse(refused.json()["retryable"])
            codes[code] = codes.get(code, 0) + 1
            self.assertIsNone(loser.cookie)
            taken[answer.json()["user_id"]] = made["id"]
            self.assertEqual(winner.ask("GET", "/v1/session").json()["user_id"], answer.json()["user_id"])
            if number % 10 == 0:  # each takes two hashes
                self.assert_problem(loser.sign_in(f"raced{number}", other), 401, "sign_in_refused")
                self.assertEqual(loser.sign_in(f"raced{number}", password).status, 201)
        self.assertEqual(len(taken), ROUNDS)
        events = self.data.events()
        for kind in ("user_created", "password_set"):  # no password set anew
            streams = [event["stream"] for event in events if event["type"] == kind and event["stream"] in taken]
            self.assertEqual(sorted(streams), sorted(taken), kind)
        joined = [event["stream"] for event in events if event["type"] == "member_joined"]
        self.assertEqual(sorted(name for name in joined if name in taken.values()), sorted(taken.values()))
        print(f"{ROUNDS} rounds; the other was told {codes}", flush=True)

    def test_of_six_who_take_an_invitation_at_once_five_are_told_that_it_is_taken(self):
        _, token = self.invited("sixfold")
        ready, ended = threading.Barrier(6), []

        def take(hand):
            browser = Browser(self.service.port, f"127.1.1.{1 + hand}")
            ready.wait()
            ended.append(self.accept(browser, token, password=f"the horse of hand {hand}"))
        hands = [threading.Thread(target=take, args=(hand,)) for hand in range(6)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        won, *lost = sorted(ended, key=lambda answer: answer.status)
        self.assertEqual((won.status, len(lost)), (201, 5))
        for answer in lost:
            self.assertIn(answer.json()["code"], ("invitation_spent", "address_taken"), answer)
            self.assert_problem(answer, 409, answer.json()["code"])
        self.assert_problem(self.accept(self.browser(), token, password=PASSWORD), 409, "invitation_spent")

    def test_addresses_that_look_alike_are_none(self):
        for address in ("\u0430da@example.com", "ada@ex\u00adample.com", "\uff41da@example.com", "ada@example.com.", '"ada"@example.com'):
            self.assert_problem(self.api.post("/v1/invitations", {"email": address, "role": "viewer"}), 422, "field_invalid")
        self.assertEqual(self.browser().ask("POST", "/v1/session", {"email": "KNOWN@Example.Com", "password": PASSWORD}).status, 201)

    def test_who_holds_an_address_that_is_not_theirs_is_found_and_erased_by_whoever_runs_the_installation(self):
        _, made, session = self.joined("squatted")
        listed = run("user", "list", "--data", self.data.path, "--json")
        (line,) = [line for line in map(json.loads, listed.stdout.splitlines()) if line["email"] == "squatted@example.com"]
        self.assertEqual((line["id"], line["workspaces"], line["operator"]), (session["user_id"], 1, False))
        refused = run("user", "erase", line["id"], "--data", self.data.path)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--everywhere", refused.stderr)
        again = user("create", "--data", self.data.path, "--email", "squatted@example.com", "--name", "Another")
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("somebody has this address already: invite them", again.stderr)
        self.assertEqual(run("user", "erase", line["id"], "--data", self.data.path, "--everywhere").returncode, 0)
        self.assert_problem(self.api.get("/v1/members/" + made["id"]), 404, "not_found")
        browser, _, again = self.joined("squatted")
        self.assertNotEqual(again["user_id"], session["user_id"])
        self.assertEqual(browser.ask("GET", "/v1/user").json()["email"], "squatted@example.com")

    def elsewhere(self, slug):
        """Another workspace, and its owner's key."""
        made = run("workspace", "create", "--data", self.data.path, "--slug", slug, "--name", slug.title())
        workspace, key = made.stdout.splitlines()
        return workspace.removeprefix("workspace: "), Api(self.service.port, key.removeprefix("key: "))

    def test_who_is_erased_is_invited_nowhere_any_more(self):
        _, member, session = self.joined("erased")
        (first, one), (second, two) = self.elsewhere("first"), self.elsewhere("second")
        tokens, withdrawn = [], set()
        for workspace, key, address in ((first, one, "erased@example.com"), (second, two, "Erased@EXAMPLE.com")):
            made = key.post("/v1/invitations", {"email": address, "role": "viewer"}).json()
            tokens.append(made["accept_url"].partition("#")[2])
            withdrawn.add(f"invitation withdrawn: {made['id']} of {workspace}")
        kept = two.post("/v1/invitations", {"email": "erased@example.org", "role": "viewer"}).json()
        refused = run("user", "erase", session["user_id"], "--data", self.data.path)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertEqual(len(one.get("/v1/invitations").json()["data"]), 1)
        done = run("user", "erase", session["user_id"], "--data", self.data.path, "--everywhere")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        ended, erased, *lines = done.stdout.splitlines()
        self.assertEqual((ended, erased), (f"membership ended: {member['id']} of {member['workspace_id']}", f"erased: {session['user_id']}"))
        self.assertEqual((len(lines), set(lines)), (2, withdrawn))
        self.assertEqual(one.get("/v1/invitations").json()["data"], [])
        self.assertEqual([left["id"] for left in two.get("/v1/invitations").json()["data"]], [kept["id"]])
        for token in tokens:
            self.assert_problem(self.accept(self.browser(), token, password=PASSWORD), 409, "invitation_spent")

    def test_who_leaves_is_no_member_any_more_and_may_be_invited_again(self):
        browser, made, session = self.joined("leaver")
        self.assertEqual(browser.ask("POST", "/v1/membership/leave").status, 204)
        self.assert_problem(self.api.get("/v1/members/" + made["id"]), 404, "not_found")
        self.assertEqual(browser.ask("GET", "/v1/session").json()["workspaces"], [])
        self.assert_problem(browser.ask("POST", "/v1/membership/leave"), 422, "workspace_required")
        back = self.accept(browser, self.invited("leaver")[1])
        self.assertEqual((back.status, back.json()["user_id"], len(back.json()["workspaces"])), (201, session["user_id"], 1))

    def test_the_last_owner_stays_and_a_key_has_nothing_to_leave(self):
        for member in self.api.get("/v1/members?limit=200").json()["data"]:
            if member["role"] == "owner" and member["email"] != "owner@example.com":
                gone = self.api.request("DELETE", "/v1/members/" + member["id"], headers={"If-Match": "*"})
                self.assertEqual(gone.status, 204, gone)
        self.assert_problem(self.browser("owner").ask("POST", "/v1/membership/leave"), 409, "last_owner")
        self.assert_problem(self.api.post("/v1/membership/leave", {}), 403, "session_required")


if __name__ == "__main__":
    harness.main()
