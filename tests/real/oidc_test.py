#!/usr/bin/env python3
"""People sign in through a real OpenID provider, with a browser that keeps cookies and follows redirects; whatever is wrong with what comes
back is refused with a code of its own, and leaves neither a session nor a secret behind.

Everything runs on npm's oidc-provider. What it would never do itself (a wrong audience, nonce, issuer, signature; an expired token) is done
to its ID Tokens on their way out of it: provider.mjs signs them anew with its own key (--break), the rest of it is as it is."""

import re
from urllib.parse import parse_qs, urlsplit

from oidc import SECRET, harness
from traveller import Traveller, add, changed, serve
from described import Described
from harness import Api, run
from sign_in_test import OTHER, PASSWORD, user
from workspace_end_test import clock_ahead

FLOW = re.compile(r"openpost-flow=[A-Za-z0-9+/]+=*; Path=/; HttpOnly; SameSite=Lax; Max-Age=600")
FLOW_ENDS = "openpost-flow=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
SESSION = re.compile(r"openpost=[0-9A-Za-z]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000")
NOBODY = "idp_01h455vb4pex5vsknk084sn02q"


def person(data, name, *options):
    """Somebody whose address is the provider's."""
    made = user("create", "--data", data.path, "--email", f"{name}@example.org", "--name", name.title(), *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.splitlines()[0].removeprefix("id: ")


class Oidc(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.ids = {name: person(cls.data, name, "--workspace", "acme", "--role", "editor")
                   for name in ("ada", "bob", "eve", "ann", "joe", "kay", "unverified.zoe")}
        cls.service, (cls.linking, cls.plain, cls.broken) = serve(
            cls.world, cls.data, 3, (), ("--client-auth", "none", "--claims", "userinfo", "--alg", "ES256"), ("--client-auth", "client_secret_post"))
        cls.trusted = add(cls.data, cls.linking, "--links-by-address")
        cls.untrusted = add(cls.data, cls.plain, "--public")
        cls.doubtful = add(cls.data, cls.broken, "--links-by-address")
        cls.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.sources = iter(range(2, 250))

    def traveller(self):
        """A browser at a place of its own: sixty may begin from one in a quarter of an hour."""
        return Traveller(self.service.port, f"127.0.7.{next(self.sources)}", self.witness)

    def events(self, type_):
        return [event for event in self.data.events() if event["type"] == type_]

    def assert_refused(self, traveller, answer, status, code):
        self.assert_problem(answer, status, code)
        self.assertIsNone(traveller.cookie("openpost"))
        self.assertIn(FLOW_ENDS, traveller.kept)
        self.assertFalse([line for line in traveller.kept if SESSION.fullmatch(line)])

    # --- what works ---

    def test_whoever_has_the_address_signs_in_and_is_linked_by_it_once(self):
        traveller = self.traveller()
        url = traveller.leave(self.trusted, return_to="/posts?status=draft")
        (flow,) = traveller.kept
        self.assertRegex(flow, FLOW)
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        self.assertEqual((asked["response_type"], asked["client_id"], asked["code_challenge_method"], asked["scope"]),
                         ("code", "openpost", "S256", "openid email profile"))
        for chance in ("state", "nonce", "code_challenge"):
            self.assertRegex(asked[chance], r"^[0-9A-Za-z_-]{43}$")
            self.assertNotIn(asked[chance], flow)
        answer = traveller.arrive(traveller.travel(url))
        self.assertEqual((answer.status, answer.headers["Location"], answer.body), (303, "/posts?status=draft", b""), answer)
        self.assertIsNone(traveller.cookie("openpost-flow"))
        self.assertEqual(len([line for line in traveller.kept if SESSION.fullmatch(line)]), 1)
        session = traveller.ask("GET", "/v1/session").json()
        self.assertEqual((session["user_id"], session["method"]), (self.ids["ada"], "oidc"))
        self.assertEqual(traveller.ask("POST", "/v1/posts", {"content": {"text": "by a person"}}).status, 201)
        (login,) = traveller.ask("GET", "/v1/user/logins").json()["data"]
        self.assertEqual((login["provider_id"], login["name"]), (self.trusted, "Acme"))
        again = self.traveller()
        self.assertEqual(again.sign_in(self.trusted).headers["Location"], "/")
        self.assertEqual(again.ask("GET", "/v1/session").json()["user_id"], self.ids["ada"])
        self.assertEqual([event["data"]["provider_id"] for event in self.events("login_linked") if event["data"]["user_id"] == self.ids["ada"]],
                         [self.trusted])
        opened = [event["data"] for event in self.events("session_opened") if event["data"]["user_id"] == self.ids["ada"]]
        self.assertEqual({(one["method"], one["provider_id"]) for one in opened}, {("oidc", self.trusted)})

    def test_two_browsers_of_one_person_both_come_in(self):
        here, there = self.traveller(), self.traveller()
        paths = [one.travel(one.leave(self.trusted), "joe") for one in (here, there)]
        self.assertEqual([one.arrive(path).status for one, path in zip((here, there), paths)], [303, 303])
        self.assertEqual({one.ask("GET", "/v1/session").json()["user_id"] for one in (here, there)}, {self.ids["joe"]})

    def test_somebody_who_is_signed_in_links_a_provider_and_takes_it_away(self):
        traveller = self.traveller()
        signed_in = traveller.ask("POST", "/v1/session", {"email": "bob@example.org", "password": PASSWORD})
        self.assertEqual(signed_in.status, 201, signed_in)
        path = traveller.travel(traveller.leave(self.untrusted, "/v1/user/logins", return_to="/settings"), "robert")
        answer = traveller.arrive(path)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/settings"), answer)
        (login,) = traveller.ask("GET", "/v1/user/logins").json()["data"]
        self.assertEqual(login["provider_id"], self.untrusted)
        elsewhere = self.traveller()
        self.assertEqual(elsewhere.sign_in(self.untrusted, "robert").status, 303)
        self.assertEqual(elsewhere.ask("GET", "/v1/session").json()["user_id"], self.ids["bob"])
        stranger = self.traveller()
        self.assertEqual(stranger.ask("POST", "/v1/session", {"email": "eve@example.org", "password": PASSWORD}).status, 201)
        taken = stranger.arrive(stranger.travel(stranger.leave(self.untrusted, "/v1/user/logins"), "robert"))
        self.assert_problem(taken, 409, "subject_taken")
        self.assert_problem(stranger.ask("DELETE", f"/v1/user/logins/{self.untrusted}"), 404, "not_found")
        second = traveller.arrive(traveller.travel(traveller.leave(self.untrusted, "/v1/user/logins"), "bobby"))
        self.assert_problem(second, 409, "login_exists")
        self.assertEqual(traveller.ask("DELETE", f"/v1/user/logins/{self.untrusted}").status, 204)
        self.assertEqual(traveller.ask("GET", "/v1/user/logins").json()["data"], [])
        self.assert_problem(self.traveller().sign_in(self.untrusted, "robert"), 403, "login_unknown")
        self.assertEqual(elsewhere.ask("GET", "/v1/session").status, 200)  # what began with it stays

    def test_an_invitation_is_taken_with_an_identity(self):
        def invited(name):
            made = self.service.api.post("/v1/invitations", {"email": f"{name}@example.org", "name": "Grace H.", "role": "viewer"})
            self.assertEqual(made.status, 201, made)
            return made.json()["accept_url"].partition("#")[2]
        token, traveller = invited("grace"), self.traveller()
        path = traveller.travel(traveller.leave(self.untrusted, "/v1/invitation/oidc", token=token, return_to="/hello"), "amazing")
        answer = traveller.arrive(path)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/hello"), answer)
        session = traveller.ask("GET", "/v1/session").json()
        self.assertEqual([(place["slug"], place["role"]) for place in session["workspaces"]], [("acme", "viewer")])
        shown = traveller.ask("GET", "/v1/user").json()
        self.assertEqual((shown["name"], shown["email"], shown["has_password"]), ("Grace H.", "grace@example.org", False))
        self.assert_problem(traveller.ask("DELETE", f"/v1/user/logins/{self.untrusted}"), 409, "login_last")
        again = self.traveller()
        self.assertEqual(again.sign_in(self.untrusted, "amazing").status, 303)
        spent = again.ask("POST", "/v1/invitation/oidc", {"token": token, "provider_id": self.untrusted})
        self.assert_problem(spent, 409, "invitation_spent")
        other = self.traveller()  # somebody who signs in already makes nobody new
        taken = other.arrive(other.travel(other.leave(self.untrusted, "/v1/invitation/oidc", token=invited("hopper")), "amazing"))
        self.assert_refused(other, taken, 409, "subject_taken")
        self.assertEqual(len([event for event in self.events("user_created")]), len(self.ids) + 1)

    def test_the_providers_are_told_to_everybody_and_nothing_but_their_names(self):
        answer = Api(self.service.port).get("/v1/providers").json()
        self.assertEqual([(one["id"], set(one)) for one in answer["data"]],
                         [(provider, {"id", "name"}) for provider in (self.trusted, self.untrusted, self.doubtful)])

    # --- what does not ---

    def test_a_state_that_is_not_the_cookies_is_refused(self):
        for what in ("another state", "another's cookie", "no cookie", "a changed cookie", "no state", "two states", "a page of another site"):
            with self.subTest(what):
                traveller, other = self.traveller(), self.traveller()
                path = traveller.travel(traveller.leave(self.trusted))
                jar = traveller.jars[self.service.port]
                if what == "another state":
                    path = changed(path, state="x" * 43)
                elif what == "another's cookie":
                    other.leave(self.trusted)
                    jar["openpost-flow"] = other.cookie("openpost-flow")
                elif what == "no cookie":
                    jar.clear()
                elif what == "a changed cookie":
                    jar["openpost-flow"] = jar["openpost-flow"][:-5] + "AAAA="
                elif what == "no state":
                    path = changed(path, state=None)
                elif what == "two states":
                    path += "&state=" + parse_qs(path)["state"][0]
                else:
                    path = other.travel(other.leave(self.trusted), "eve")  # an attacker's own, in somebody's browser
                self.assert_refused(traveller, traveller.arrive(path), 401, "state_wrong")
                self.assert_refused(traveller, traveller.arrive(path), 401, "state_wrong")

    def test_a_flow_comes_back_once(self):
        traveller = self.traveller()
        path = traveller.travel(traveller.leave(self.trusted), "kay")
        copy = dict(traveller.jars[self.service.port])
        self.assertEqual(traveller.arrive(path).status, 303)
        thief = self.traveller()
        thief.jars[self.service.port] = copy
        tokens = self.linking.counts()["/token"]
        self.assert_refused(thief, thief.arrive(path), 401, "state_wrong")
        self.assertEqual(self.linking.counts()["/token"], tokens)

    def test_a_code_is_good_once(self):
        """A code that was exchanged comes with another flow, as one that leaked would."""
        first, second = self.traveller(), self.traveller()
        path = first.travel(first.leave(self.trusted), "kay")
        self.assertEqual(first.arrive(path).status, 303)
        code = parse_qs(urlsplit(path).query)["code"][0]
        path = second.travel(second.leave(self.trusted), "kay")
        self.assert_refused(second, second.arrive(changed(path, code=code)), 401, "code_refused")
        for bad in ("made-up", None):
            third = self.traveller()
            path = third.travel(third.leave(self.trusted), "kay")
            self.assert_refused(third, third.arrive(changed(path, code=bad)), 401, "code_refused")

    def test_a_code_of_another_browser_is_refused(self):
        """PKCE: the code was given for another verifier."""
        victim, thief = self.traveller(), self.traveller()
        stolen = parse_qs(urlsplit(victim.travel(victim.leave(self.trusted), "ann")).query)["code"][0]
        path = thief.travel(thief.leave(self.trusted), "kay")
        self.assert_refused(thief, thief.arrive(changed(path, code=stolen)), 401, "code_refused")

    def test_what_is_wrong_with_a_token_is_refused_each_with_its_code(self):
        table = (("nonce", "nonce_wrong"), ("no_nonce", "nonce_wrong"), ("aud", "token_audience_wrong"), ("azp", "token_audience_wrong"),
                 ("expired", "token_expired"), ("future", "token_expired"), ("iss", "token_issuer_wrong"),
                 ("signature", "token_signature_invalid"), ("kid", "token_signature_invalid"), ("none", "token_signature_invalid"),
                 ("hs256", "token_signature_invalid"))
        before = len(self.events("session_opened")), len(self.events("login_linked"))
        for what, code in table:
            with self.subTest(what):
                self.broken.breaks(what)
                traveller = self.traveller()
                self.assert_refused(traveller, traveller.sign_in(self.doubtful, "ann"), 401, code)
        self.broken.breaks("no_sub")
        traveller = self.traveller()
        self.assert_refused(traveller, traveller.sign_in(self.doubtful, "ann"), 502, "provider_answer_invalid")
        self.assertEqual((len(self.events("session_opened")), len(self.events("login_linked"))), before)
        self.broken.breaks("nothing")
        self.assertEqual(self.traveller().sign_in(self.doubtful, "ann").status, 303)

    def test_an_answer_of_another_issuer_is_refused(self):
        """RFC 9207: a code of one provider is not taken to another."""
        for iss in (self.plain.issuer, self.linking.issuer + "/", ""):
            traveller = self.traveller()
            path = traveller.travel(traveller.leave(self.trusted), "kay")
            self.assert_refused(traveller, traveller.arrive(changed(path, iss=iss)), 401, "token_issuer_wrong")

    def test_who_declines_is_told_so(self):
        traveller = self.traveller()
        answer = traveller.sign_in(self.trusted, "deny")
        self.assert_refused(traveller, answer, 401, "provider_refused")
        self.assertIn("access_denied", answer.json()["detail"])
        other = self.traveller()
        path = other.travel(other.leave(self.trusted), "deny")
        answer = other.arrive(changed(path, error="<script>alert(1)</script>"))
        self.assert_refused(other, answer, 401, "provider_refused")
        self.assertNotIn(b"script", answer.body)

    def test_nobody_is_made_known_by_signing_in(self):
        known = len(self.events("user_created"))
        for provider, who in ((self.trusted, "stranger"), (self.untrusted, "eve"), (self.trusted, "unverified.zoe")):
            traveller = self.traveller()  # nobody's address; a provider that is not trusted with it; one that has not looked
            self.assert_refused(traveller, traveller.sign_in(provider, who), 403, "login_unknown")
        self.assertEqual(len(self.events("user_created")), known)
        linked = {event["data"]["user_id"] for event in self.events("login_linked")}
        self.assertFalse(linked & {self.ids["eve"], self.ids["unverified.zoe"]})

    def test_a_provider_that_is_down_is_unreachable_and_soon_back(self):
        data = self.world.data("down")
        person(data, "ada")
        service, (provider,) = serve(self.world, data, 1, name="down")
        provider_id = add(data, provider, "--links-by-address")
        traveller = Traveller(service.port)
        path = traveller.travel(traveller.leave(provider_id))
        provider.process.stop()
        self.assert_refused(traveller, traveller.arrive(path), 503, "provider_unreachable")
        said = len(provider.process.output())
        provider.process.start(wait=False)
        harness.wait_until(lambda: "READY" in provider.process.output()[said:], 60, "ready: the provider")
        self.assertEqual(Traveller(service.port).sign_in(provider_id).status, 303)
        # Removed while somebody is there: nobody comes in through it, who is in stays, and what they linked is theirs to take away.
        inside, late = Traveller(service.port), Traveller(service.port)
        self.assertEqual(inside.sign_in(provider_id).status, 303)
        path = late.travel(late.leave(provider_id))
        removed = run("provider", "remove", provider_id, "--data", data.path)
        self.assertEqual(removed.returncode, 0, removed.stderr)
        self.assert_refused(late, late.arrive(path), 409, "provider_removed")
        self.assert_problem(late.ask("POST", "/v1/session/oidc", {"provider_id": provider_id}), 422, "reference_not_found")
        self.assertEqual(inside.ask("GET", "/v1/session").status, 200)
        (login,) = inside.ask("GET", "/v1/user/logins").json()["data"]
        self.assertIsNone(login["name"])
        self.assertEqual(inside.ask("DELETE", f"/v1/user/logins/{provider_id}").status, 204)
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_a_provider_that_does_not_know_us_is_the_operators_to_mend(self):
        data = self.world.data("unknown")
        service, (provider,) = serve(self.world, data, 1, name="unknown")
        wrong = add(data, provider, "--links-by-address", secret="another secret")
        traveller = Traveller(service.port)
        self.assert_refused(traveller, traveller.sign_in(wrong), 502, "provider_refuses_us")
        service.stop()

    def test_who_links_has_to_be_who_began(self):
        traveller = self.traveller()
        signed_in = traveller.ask("POST", "/v1/session", {"email": "eve@example.org", "password": PASSWORD})
        self.assertEqual(signed_in.status, 201, signed_in)
        path = traveller.travel(traveller.leave(self.trusted, "/v1/user/logins"), "eve.at.work")
        self.assertEqual(traveller.ask("POST", "/v1/session", {"email": "ann@example.org", "password": PASSWORD}).status, 201)
        self.assert_problem(traveller.arrive(path), 401, "state_wrong")
        path = traveller.travel(traveller.leave(self.trusted, "/v1/user/logins"), "ann.at.work")
        self.assertEqual(traveller.ask("DELETE", "/v1/session").status, 204)
        self.assert_problem(traveller.arrive(path), 401, "state_wrong")
        self.assert_problem(self.traveller().sign_in(self.trusted, "ann.at.work"), 403, "login_unknown")

    def test_it_begins_at_a_page_of_the_site_alone_and_returns_to_one(self):
        traveller = self.traveller()
        for headers in ({"Origin": None}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            self.assert_problem(traveller.ask("POST", "/v1/session/oidc", {"provider_id": self.trusted}, **headers), 403, "origin_refused")
        for return_to in ("https://evil.example/", "//evil.example", "/\\evil.example", "posts", "/a b"):
            refused = traveller.ask("POST", "/v1/session/oidc", {"provider_id": self.trusted, "return_to": return_to})
            self.assertEqual(self.assert_problem(refused, 422, "field_invalid")["param"], "/return_to")
        for provider_id in (NOBODY, self.ids["ada"], "idp_"):
            refused = traveller.ask("POST", "/v1/session/oidc", {"provider_id": provider_id})
            self.assertEqual(self.assert_problem(refused, 422, "reference_not_found")["param"], "/provider_id")
        self.assertEqual(traveller.kept, [])

    def test_who_begins_too_often_has_to_wait(self):
        traveller = Traveller(self.service.port, "127.0.0.99")
        answers = [traveller.ask("POST", "/v1/session/oidc", {"provider_id": self.trusted}) for _ in range(61)]
        self.assertEqual([answer.status for answer in answers], [200] * 60 + [429])
        self.assertGreater(int(answers[-1].headers["Retry-After"]), 1)

    def test_secrets_are_where_they_belong(self):
        traveller = self.traveller()
        url = traveller.leave(self.trusted)
        path = traveller.travel(url, "kay")
        cookie = traveller.cookie("openpost-flow")
        self.assertEqual(traveller.arrive(path).status, 303)
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        answered = {name: value[0] for name, value in parse_qs(urlsplit(path).query).items()}
        said = self.service.process.output().encode()
        held = b"".join(harness.stored_bytes(file) for file in self.data.path.rglob("*") if file.is_file())
        for secret in (SECRET, cookie, asked["state"], asked["nonce"], answered["code"], traveller.cookie("openpost"), "kay@example.org"):
            self.assertNotIn(secret.encode(), said)
            self.assertNotIn(secret.encode(), held)


class NoPassword(harness.Case):
    """Who always came through a provider proves by having come from there within the last ten minutes that it is them."""

    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.ahead = staticmethod(clock_ahead(cls.data.path.parent))
        cls.service, (cls.provider,) = serve(cls.world, cls.data, 1, ("--client-auth", "none"))
        cls.trusted = add(cls.data, cls.provider, "--public", "--links-by-address")
        cls.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.sources = iter(range(2, 250))

    def traveller(self):
        return Traveller(self.service.port, f"127.0.9.{next(self.sources)}", self.witness)

    def joined(self, name):
        """Somebody who took an invitation with an identity."""
        made = self.service.api.post("/v1/invitations", {"email": f"{name}@example.org", "name": name.title(), "role": "viewer"})
        self.assertEqual(made.status, 201, made)
        traveller = self.traveller()
        url = traveller.leave(self.trusted, "/v1/invitation/oidc", token=made.json()["accept_url"].partition("#")[2])
        self.assertEqual(traveller.arrive(traveller.travel(url, name)).status, 303)
        self.assertFalse(traveller.ask("GET", "/v1/user").json()["has_password"])
        return traveller

    def put(self, traveller, **body):
        return traveller.ask("PUT", "/v1/user/password", {"new_password": OTHER, **body})

    def changed(self, traveller, **body):
        return traveller.ask("PATCH", "/v1/user", body, **{"If-Match": "*"})

    def ended(self, traveller, **body):
        return traveller.ask("DELETE", "/v1/user", body, **{"If-Match": "*"})

    def assert_first_password(self, traveller, name):
        before = traveller.cookie("openpost")
        self.assertEqual(self.put(traveller).status, 204)
        self.assertNotEqual(traveller.cookie("openpost"), before)
        self.assertTrue(traveller.ask("GET", "/v1/user").json()["has_password"])
        there = self.traveller()
        self.assertEqual(there.ask("POST", "/v1/session", {"email": f"{name}@example.org", "password": OTHER}).status, 201)
        for other in (traveller, there):  # from now on it takes the password, however they came
            self.assertEqual(self.assert_problem(self.put(other), 422, "field_missing")["param"], "/old_password")
            self.assertEqual(self.assert_problem(self.ended(other), 422, "field_missing")["param"], "/password")
            self.assertEqual(self.assert_problem(self.changed(other, email="x@example.org"), 422, "field_missing")["param"], "/password")

    def test_a_sign_in_of_the_last_ten_minutes_is_the_proof_of_who_has_no_password(self):
        names = ("grace", "mary", "hedy", "rosa")
        people = {name: self.joined(name) for name in names}
        self.assert_problem(self.put(people["grace"], old_password=PASSWORD), 401, "sign_in_refused")  # nothing is their password
        self.assert_first_password(people.pop("rosa"), "rosa")
        person(self.data, "ada", "--workspace", "acme", "--role", "editor")
        ada = self.traveller()
        self.assertEqual(ada.sign_in(self.trusted, "ada").status, 303)  # who has one shows it, wherever they came from
        self.assertEqual(self.assert_problem(self.put(ada), 422, "field_missing")["param"], "/old_password")
        self.assertEqual(self.assert_problem(self.ended(ada), 422, "field_missing")["param"], "/password")

        self.service.stop()
        self.service.start(self.ahead(10 * 60 + 5))  # the provider's tokens are good for ten minutes and a little
        for name, traveller in people.items():
            self.assertEqual(traveller.ask("GET", "/v1/session").status, 200)
            self.assertEqual(self.changed(traveller, name=f"{name} the first").status, 200)  # this takes no proof
            for refused in (self.put(traveller), self.changed(traveller, email=f"{name}@example.net"), self.ended(traveller)):
                self.assert_problem(refused, 403, "recent_sign_in_required")
            self.assertEqual(traveller.sign_in(self.trusted, name).status, 303)
        self.assert_first_password(people["grace"], "grace")
        moved = self.changed(people["mary"], email="mary@example.net")
        self.assertEqual((moved.status, moved.json()["email"]), (200, "mary@example.net"), moved)
        gone = people["hedy"].ask("GET", "/v1/user").json()["id"]
        self.assertEqual(self.ended(people["hedy"]).status, 204)
        self.assert_problem(people["hedy"].ask("GET", "/v1/session"), 401, "unauthenticated")
        self.assert_problem(self.traveller().sign_in(self.trusted, "hedy"), 403, "login_unknown")
        (erased,) = [event["stream"] for event in self.data.events() if event["type"] == "user_erased"]
        self.assertEqual(erased, gone)


if __name__ == "__main__":
    harness.main()
