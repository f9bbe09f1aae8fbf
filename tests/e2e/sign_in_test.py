#!/usr/bin/env python3
"""People sign in with an address and a password, from pages of the site, and what ends their sessions ends them at once: a stream too.
Nobody is told what was wrong, nor how long it took to find out."""

import concurrent.futures
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import time

import harness
from harness import EXECUTABLE, Api, run

PASSWORD, OTHER = "correct horse staple", "another horse staple"
PAIRS = int(os.environ.get("OPENPOST_SIGN_IN_PAIRS", "20"))  # of tries whose times are compared; a person may be tried ten times
TRIES = 9
TIMED = -(-PAIRS // TRIES)
ACTS_WITHIN_S = 1
COOKIE = re.compile(r"openpost=([0-9A-Za-z]{43}); Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000")


def user(form, *arguments, password=PASSWORD):
    return subprocess.run([EXECUTABLE, "user", form, *map(str, arguments)], input=password + "\n", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, text=True)


def person(data, name, *options):
    """Makes one known, and returns the id."""
    made = user("create", "--data", data.path, "--email", f"{name}@example.com", "--name", name.title(), *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.splitlines()[0].removeprefix("id: ")


class Browser:
    """Somebody at a page of the site: its origin and, once signed in, its cookie go with every request."""

    def __init__(self, port, source="127.0.0.1"):
        self.api, self.origin, self.cookie = Api(port, None, source, timeout_s=120), f"http://127.0.0.1:{port}", None

    def ask(self, method, path, body=None, **headers):
        sent = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            sent["Cookie"] = f"openpost={self.cookie}"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.api.request(method, path, body, sent)
        given = COOKIE.fullmatch(answer.headers["Set-Cookie"] or "")
        if given:
            self.cookie = given[1]
        return answer

    def sign_in(self, name, password=PASSWORD, **headers):
        return self.ask("POST", "/v1/session", {"email": f"{name}@example.com", "password": password}, **headers)


class SignIn(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.ids = {name: person(cls.data, name, "--workspace", "acme", "--role", role)
                   for name, role in (("ada", "owner"), ("bob", "viewer"), ("eve", "editor"), ("ann", "admin"), ("joe", "admin"))}
        cls.ids["nobody"] = person(cls.data, "nobody")
        for number in range(TIMED):
            person(cls.data, f"timed{number}")
        cls.service = cls.world.serve(cls.data)

    def browser(self, name=None, password=PASSWORD):
        browser = Browser(self.service.port)
        if name:
            answer = browser.sign_in(name, password)
            self.assertEqual(answer.status, 201, answer)
            self.assertIsNotNone(browser.cookie)
        return browser

    def sent(self, method, path, pairs, body=b""):
        """What is answered to headers of which some are there twice, as no client of ours sends them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        connection.putrequest(method, path)
        for name, value in [*pairs, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        status, problem = answer.status, json.loads(answer.read() or b"{}")
        connection.close()
        return status, problem.get("code"), problem.get("param"), problem.get("detail")

    def test_a_header_that_says_who_or_what_is_meant_is_sent_once(self):
        """Two that differ, or not: the first is not taken in silence, nor the last."""
        once = "This header may be sent only once."
        eve = self.browser("eve")
        workspace = eve.ask("GET", "/v1/session").json()["workspaces"][0]["workspace_id"]
        cookie, origin = ("Cookie", f"openpost={eve.cookie}"), ("Origin", eve.origin)
        key, json_ = ("Authorization", f"Bearer {self.data.key}"), ("Content-Type", "application/json")
        mine = ("OpenPost-Workspace", workspace)
        for who in ([cookie, origin], [key]):
            self.assertEqual(self.sent("GET", "/v1/posts", [*who, mine])[0], 200)
            for second in (mine, ("OpenPost-Workspace", "ws_01h2xcejqtf2nbrexx3vqjhp41"), ("openpost-workspace", "")):
                self.assertEqual(self.sent("GET", "/v1/posts", [*who, mine, second]),
                                 (400, "malformed_request", "OpenPost-Workspace", once))
            for second in ("application/json", "text/plain"):
                self.assertEqual(self.sent("POST", "/v1/posts", [*who, json_, ("Content-Type", second)], b"{}"),
                                 (400, "malformed_request", "Content-Type", once))
            self.assertEqual(self.sent("GET", "/v1/events/stream", [*who, ("Last-Event-ID", "1"), ("Last-Event-ID", "2")]),
                             (400, "malformed_request", "Last-Event-ID", once))
            self.assertEqual(self.sent("POST", "/v1/posts", [*who, json_, ("Idempotency-Key", "a"), ("Idempotency-Key", "b")], b"{}"),
                             (422, "idempotency_key_invalid", "Idempotency-Key", once))
            draft = f"/v1/posts/{eve.ask('POST', '/v1/posts', {}).json()['id']}"
            self.assertEqual(self.sent("PATCH", draft, [*who, json_, ("If-Match", "*"), ("If-Match", "*")], b"{}")[:3],
                             (400, "malformed_request", "If-Match"))
        self.assertEqual(self.sent("GET", "/v1/posts", [key, key]), (401, "unauthenticated", None, "Authorization may be sent only once."))
        self.assertEqual(self.sent("GET", "/v1/posts", [cookie, cookie, origin]),
                         (401, "unauthenticated", None, "Cookie may be sent only once, with all cookies in it."))
        self.assertEqual(self.sent("POST", "/v1/posts", [cookie, origin, origin, json_], b"{}")[:3], (403, "origin_refused", "Origin"))

    def test_who_signs_in_may_do_what_the_role_may(self):
        ada, bob = self.browser("ada"), self.browser("bob")
        told = ada.ask("GET", "/v1/session").json()
        self.assertEqual((told["user_id"], told["method"], told["current"]), (self.ids["ada"], "password", True))
        self.assertEqual([(place["slug"], place["role"]) for place in told["workspaces"]], [("acme", "owner")])
        post = ada.ask("POST", "/v1/posts", {"content": {"text": "by a person"}})
        self.assertEqual(post.status, 201, post)
        self.assertTrue(post.json()["author_id"].startswith("mem_"))
        self.assertEqual(bob.ask("GET", "/v1/posts/" + post.json()["id"]).status, 200)
        self.assert_problem(bob.ask("POST", "/v1/posts", {"content": {"text": "no"}}), 403, "forbidden")
        shown = ada.ask("GET", "/v1/user").json()
        self.assertEqual((shown["name"], shown["email"], shown["has_password"]), ("Ada", "ada@example.com", True))
        created = [event for event in self.data.events() if event["type"] == "post_created"]
        self.assertEqual({event["actor"] for event in created}, {"member"})

    def test_nobody_is_told_what_was_wrong(self):
        browser = self.browser()
        wrong = browser.sign_in("ada", "incorrect horse staple")
        unknown = browser.sign_in("nobody.at.all", "incorrect horse staple")
        self.assert_problem(wrong, 401, "sign_in_refused")
        said, of_unknown = wrong.json(), unknown.json()
        said.pop("request_id"), of_unknown.pop("request_id")
        self.assertEqual(said, of_unknown)
        self.assertEqual(sorted(set(wrong.headers) - {"Date", "Request-Id"}), sorted(set(unknown.headers) - {"Date", "Request-Id"}))
        self.assertIsNone(browser.cookie)
        self.assertEqual(browser.ask("POST", "/v1/session", {"email": "ADA@EXAMPLE.COM", "password": PASSWORD}).status, 201)

    def test_what_is_no_sign_in_is_refused_by_its_form(self):
        browser = self.browser()
        for body, code in (({"email": "ada@example.com"}, "field_missing"), ({"email": "ada", "password": "x"}, "field_invalid"),
                           ({"email": "ada@example.com", "password": "x" * 257}, "field_too_long"),
                           ({"email": "ada@example.com", "password": "x", "more": 1}, "field_unknown")):
            self.assert_problem(browser.ask("POST", "/v1/session", body), 422, code)

    def test_only_pages_of_this_site_act(self):
        browser = self.browser("ada")
        wrong = ({"Origin": None}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": browser.origin + "/"},
                 {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"})
        for headers in wrong:
            problem = self.assert_problem(browser.ask("POST", "/v1/posts", {}, **headers), 403, "origin_refused")
            self.assertIn(f"Origin has to be {browser.origin}, ", problem["detail"])
            self.assert_problem(browser.ask("DELETE", "/v1/session", **headers), 403, "origin_refused")
            self.assert_problem(browser.sign_in("ada", **headers), 403, "origin_refused")
            self.assertEqual(browser.ask("GET", "/v1/posts", **headers).status, 200)
        self.assertEqual(browser.ask("POST", "/v1/posts", {}, Sec_Fetch_Site=None).status, 201)
        answer = browser.ask("GET", "/v1/posts")
        self.assertFalse([name for name in answer.headers if name.lower().startswith("access-control")])

    def test_a_cookie_that_is_in_doubt_opens_nothing(self):
        token = self.browser("ada").cookie
        for cookie in ("openpost=" + token[:-1], f"openpost={token}; openpost={token}", f"openpost={'0' * 43}; openpost={token}",
                       "__Host-openpost=" + token, "openpost=" + token[::-1], "openpost=", f'openpost="{token}"'):
            answer = Api(self.service.port).get("/v1/posts", headers={"Cookie": cookie})
            self.assert_problem(answer, 401, "unauthenticated")
        both = {"Cookie": "openpost=" + token, "Authorization": "Bearer op_no_key"}
        self.assert_problem(Api(self.service.port).get("/v1/posts", headers=both), 401, "unauthenticated")
        with_key = Api(self.service.port, self.data.key).get("/v1/session", headers={"Cookie": "openpost=" + token})
        self.assert_problem(with_key, 403, "session_required")

    def test_a_person_of_no_workspace_or_another_is_told_nothing_of_one(self):
        nobody, ada = self.browser("nobody"), self.browser("eve")
        self.assertEqual(nobody.ask("GET", "/v1/session").json()["workspaces"], [])
        problem = self.assert_problem(nobody.ask("GET", "/v1/posts"), 422, "workspace_required")
        self.assertIn("a member of no workspace", problem["detail"])
        acme = ada.ask("GET", "/v1/session").json()["workspaces"][0]["workspace_id"]
        for named in (acme, "acme"):
            self.assertEqual(ada.ask("GET", "/v1/workspace", OpenPost_Workspace=named).json()["id"], acme)
        for named in ("ACME", "acm", "acme ,acme", ""):
            self.assert_problem(ada.ask("GET", "/v1/posts", OpenPost_Workspace=named), 404, "not_found")
        answers = []
        for named in (acme, "ws_01h455vb4pex5vsknk084sn02q", "ws_", "acme", "nowhere"):
            answers.append(nobody.ask("GET", "/v1/posts", OpenPost_Workspace=named).json())
            answers[-1].pop("request_id")
        self.assertEqual(answers, [answers[0]] * 5)
        self.assertEqual(answers[0]["code"], "not_found")

    def test_sessions_are_listed_and_ended_one_by_one(self):
        here, there, stranger = self.browser("eve"), self.browser("eve"), self.browser("bob")
        listed = here.ask("GET", "/v1/sessions").json()["data"]
        self.assertEqual(sum(one["current"] for one in listed), 1)
        other = there.ask("GET", "/v1/session").json()["id"]
        self.assertIn(other, [one["id"] for one in listed])
        self.assert_problem(stranger.ask("DELETE", "/v1/sessions/" + other), 404, "not_found")
        self.assert_problem(here.ask("DELETE", "/v1/sessions/ses_01h455vb4pex5vsknk084sn02q"), 404, "not_found")
        self.assertEqual(here.ask("DELETE", "/v1/sessions/" + other).status, 204)
        self.assert_problem(there.ask("GET", "/v1/session"), 401, "unauthenticated")
        self.assertEqual(here.ask("GET", "/v1/session").status, 200)
        out = here.ask("DELETE", "/v1/session")
        self.assertEqual(out.status, 204)
        self.assertEqual(out.headers["Set-Cookie"], "openpost=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
        self.assert_problem(here.ask("GET", "/v1/session"), 401, "unauthenticated")

    def stream(self, browser, query=""):
        """A stream that has begun: its socket."""
        connection = socket.create_connection(("127.0.0.1", self.service.port), 10)
        connection.sendall(f"GET /v1/events/stream{query} HTTP/1.1\r\nHost: x\r\nCookie: openpost={browser.cookie}\r\n\r\n".encode())
        head = connection.recv(4096)
        self.assertIn(b" 200 OK", head)
        return connection

    def wait_closed(self, connection):
        """How long it takes to the end of the stream."""
        began = time.monotonic()
        connection.settimeout(10)
        said = b""
        while not said.endswith(b"0\r\n\r\n"):
            more = connection.recv(65536)
            said += more
            if not more:
                break
        connection.close()
        return time.monotonic() - began

    def test_a_session_that_ends_ends_its_streams_within_a_second(self):
        here, there = self.browser("ann"), self.browser("ann")
        workspace = there.ask("GET", "/v1/session").json()["workspaces"][0]["workspace_id"]
        streams = [self.stream(there), self.stream(there, "?workspace_id=" + workspace)]
        kept = self.stream(here)
        self.assertEqual(here.ask("DELETE", "/v1/sessions/" + there.ask("GET", "/v1/session").json()["id"]).status, 204)
        for stream in streams:
            self.assertLess(self.wait_closed(stream), ACTS_WITHIN_S)
        self.assertEqual(here.ask("POST", "/v1/session/end-all").status, 204)
        self.assertLess(self.wait_closed(kept), ACTS_WITHIN_S)
        self.assert_problem(here.ask("GET", "/v1/session"), 401, "unauthenticated")

    def test_a_new_password_takes_the_old_one_and_ends_the_other_sessions(self):
        here, there = self.browser("joe"), self.browser("joe")
        change = {"old_password": PASSWORD, "new_password": OTHER}
        self.assert_problem(here.ask("PUT", "/v1/user/password", {**change, "old_password": "wrong horse staple"}), 401, "sign_in_refused")
        for weak in ("short", "password1234", "aaaaaaaaaaaaaaaa"):
            self.assert_problem(here.ask("PUT", "/v1/user/password", {**change, "new_password": weak}), 422, "password_too_weak")
        before = here.cookie
        self.assertEqual(here.ask("PUT", "/v1/user/password", change).status, 204)
        self.assertNotEqual(here.cookie, before)
        self.assertEqual(here.ask("GET", "/v1/session").status, 200)
        self.assert_problem(there.ask("GET", "/v1/session"), 401, "unauthenticated")
        self.assert_problem(self.browser().sign_in("joe", PASSWORD), 401, "sign_in_refused")
        self.browser("joe", OTHER)
        again = user("password", self.ids["joe"], "--data", self.data.path, password=PASSWORD)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assert_problem(here.ask("GET", "/v1/session"), 401, "unauthenticated")
        self.browser("joe", PASSWORD)

    def test_an_idempotency_key_is_the_persons_in_whatever_session(self):
        here, there, stranger = self.browser("ada"), self.browser("ada"), self.browser("eve")
        draft, key = {"content": {"text": "once"}}, {"Idempotency_Key": "a-key-of-adas"}
        made = here.ask("POST", "/v1/posts", draft, **key)
        self.assertEqual((made.status, made.headers["Idempotent-Replayed"]), (201, None), made)
        for again in (here, there):
            replayed = again.ask("POST", "/v1/posts", draft, **key)
            self.assertEqual((replayed.status, replayed.headers["Idempotent-Replayed"]), (201, "true"), replayed)
            self.assertEqual(replayed.json(), made.json())
        self.assert_problem(there.ask("POST", "/v1/posts", {"content": {"text": "other"}}, **key), 422, "idempotency_key_reused")
        self.assertEqual(here.ask("DELETE", "/v1/session").status, 204)
        self.assertEqual(self.browser("ada").ask("POST", "/v1/posts", draft, **key).json()["id"], made.json()["id"])
        other = stranger.ask("POST", "/v1/posts", draft, **key)
        self.assertEqual((other.status, other.headers["Idempotent-Replayed"]), (201, None), other)
        self.assertNotEqual(other.json()["id"], made.json()["id"])

    def test_who_tries_too_often_has_to_wait(self):
        browser = Browser(self.service.port, "127.0.0.77")
        tries = [browser.ask("POST", "/v1/session", {"email": "guessed@example.com", "password": "x"}) for _ in range(11)]
        self.assertEqual([answer.status for answer in tries], [401] * 10 + [429])
        self.assertIn("with this address", self.assert_problem(tries[-1], 429, "rate_limited")["detail"])
        self.assertGreater(int(tries[-1].headers["Retry-After"]), 60)
        self.assert_problem(browser.ask("POST", "/v1/session", {"email": "other@example.com", "password": "x"}), 401, "sign_in_refused")

    def test_beyond_what_may_wait_it_is_busy_at_once(self):
        """Two are hashed, 64 wait: of a hundred that come together some are told to come again."""
        def one(number):
            return Browser(self.service.port, f"127.0.3.{number}").ask(
                "POST", "/v1/session", {"email": f"crowd{number}@example.com", "password": "incorrect horse staple"})
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(one, range(1, 101)))
        codes = [answer.json()["code"] for answer in answers]
        self.assertEqual(set(codes), {"sign_in_refused", "sign_in_busy"})
        self.assertGreaterEqual(codes.count("sign_in_refused"), 64)
        busy = next(answer for answer in answers if answer.status == 429)
        self.assert_problem(busy, 429, "sign_in_busy")
        self.assertTrue(busy.headers["Retry-After"].isdigit())

    def test_it_takes_as_long_whether_there_is_such_a_person_or_not(self):
        took = {True: [], False: []}
        for pair in range(PAIRS):
            for known in (pair % 2 == 0, pair % 2 != 0):
                browser = Browser(self.service.port, f"127.0.2.{pair % 200 + 1}")
                name = f"timed{pair // TRIES}" if known else f"absent{pair}"
                began = time.monotonic()
                self.assertEqual(browser.sign_in(name, "incorrect horse staple").status, 401)
                took[known].append((time.monotonic() - began) * 1000)
        figures = {known: [round(value, 1) for value in statistics.quantiles(times, n=10)] for known, times in took.items()}
        print(f"{PAIRS} pairs, deciles in ms: known {figures[True]}, unknown {figures[False]}")
        known, unknown = statistics.median(took[True]), statistics.median(took[False])
        self.assertLess(abs(known - unknown), 0.5 * max(known, unknown))  # a hash left out is nearly all of it

    def test_secrets_are_nowhere_but_in_the_browser(self):
        browser = self.browser("ada")
        held = harness.stored_bytes(self.data.path / "views" / "data.mdb") + harness.stored_bytes(self.data.path / "log" / "data.mdb")
        said = self.service.process.output().encode()
        for secret in (browser.cookie, PASSWORD, "ada@example.com"):
            self.assertNotIn(secret.encode(), held)
            self.assertNotIn(secret.encode(), said)
        self.assertNotIn(browser.cookie, json.dumps(browser.ask("GET", "/v1/session").json()))


class Start(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data()

    def test_passwords_never_travel_in_clear(self):
        for url, what in (("http://posts.example.com", "in clear"), ("posts.example.com", "expected https"), ("https://a/b", "expected https")):
            refused = run("serve", "--data", self.data.path, "--listen", f"127.0.0.1:{harness.free_port()}", "--public-url", url)
            self.assertEqual(refused.returncode, 64, refused.stderr)
            self.assertIn(what, refused.stderr)

    def test_behind_https_the_cookie_is_for_https_alone(self):
        person(self.data, "ada")
        service = self.world.serve(self.data, options=("--public-url", "https://posts.example.com"))
        browser = Browser(service.port)
        self.assertEqual(browser.sign_in("ada").status, 403)
        answer = browser.sign_in("ada", Origin="https://posts.example.com")
        self.assertEqual(answer.status, 201, answer)
        self.assertRegex(answer.headers["Set-Cookie"],
                         r"^__Host-openpost=[0-9A-Za-z]{43}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000$")
        service.stop()

    def test_the_command_refuses_what_is_not_right(self):
        for arguments, password, code, what in (
                (("create", "--data", self.data.path, "--email", "x@example.com", "--name", "X"), "short", 1, "12 to 256 bytes"),
                (("create", "--data", self.data.path, "--email", "x", "--name", "X"), PASSWORD, 64, "--email"),
                (("create", "--data", self.data.path, "--email", "x@example.com", "--name", "X", "--workspace", "none", "--role", "owner"),
                 PASSWORD, 1, "no such workspace"),
                (("create", "--data", self.data.path, "--email", "x@example.com", "--name", "X", "--role", "owner"), PASSWORD, 64, "--workspace"),
                (("password", "usr_01h455vb4pex5vsknk084sn02q", "--data", self.data.path), PASSWORD, 1, "no such person"),
                (("erase", "usr_01h455vb4pex5vsknk084sn02q", "--data", self.data.path), "", 1, "no such person"),
                (("password", "ada", "--data", self.data.path), PASSWORD, 64, "usr_"), (("rename",), "", 64, "the forms are")):
            said = user(*arguments, password=password)
            self.assertEqual(said.returncode, code, (arguments, said.stderr))
            self.assertIn(what, said.stderr)

    def test_who_is_refused_a_membership_is_not_made_known(self):
        data = self.world.data("full", "--slug", "full")

        def plan(name):
            self.assertEqual(run("workspace", "plan", "--data", data.path, "--workspace", "full", "--set", name).returncode, 0)
        plan("free")
        for name in ("first", "second"):
            person(data, name, "--workspace", "full", "--role", "viewer")
        third = ("create", "--data", data.path, "--email", "third@example.com", "--name", "Third", "--workspace", "full", "--role", "viewer")
        for served in (False, True):
            service = self.world.serve(data) if served else None
            refused = user(*third)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            for said in ("The plan free allows 2 members and open invitations, and there are 2", "openpost workspace plan", "nobody was made known"):
                self.assertIn(said, refused.stderr)
            self.assertNotIn("third", run("user", "list", "--data", data.path).stdout)
            if service:
                service.stop()
        plan("self_hosted")
        self.assertEqual(user(*third).returncode, 0)

    def test_an_auditor_is_made_for_a_time(self):
        data = self.world.data("audited", "--slug", "audited")
        form = ("create", "--data", data.path, "--name", "X", "--workspace", "audited", "--role")
        for number, (role, options, days) in enumerate((("auditor", (), 366), ("auditor", ("--until", "30d"), 30), ("viewer", ("--until", "7d"), 7))):
            made = user(*form, role, "--email", f"x{number}@example.com", *options)
            self.assertEqual(made.returncode, 0, made.stderr)
            until = made.stdout.splitlines()[2].removeprefix("until: ")
            self.assertAlmostEqual(harness.seconds_of(until), harness.seconds_of(harness.later(days * 86400)), delta=120)
        for role, until, code, what in (("auditor", "367d", 1, "within 366 days"), ("auditor", "1h", 64, "expected"),
                                        ("viewer", "2001-01-01T00:00:00Z", 64, "expected")):
            refused = user(*form, role, "--email", "wrong@example.com", "--until", until)
            self.assertEqual(refused.returncode, code, refused.stderr)
            self.assertIn("--until: ", refused.stderr)
            self.assertIn(what, refused.stderr)
        service = self.world.serve(data)
        members = service.api.get("/v1/members").json()["data"]
        self.assertEqual([(one["role"], one["until"] is not None) for one in members], [("auditor", True), ("auditor", True), ("viewer", True)])
        service.stop()

    def test_who_is_erased_without_a_service_is_invited_nowhere_any_more(self):
        data = self.world.data("invited", "--slug", "invited")
        service = self.world.serve(data)
        made = service.api.post("/v1/invitations", {"email": "gone@example.com", "role": "viewer"}).json()
        service.stop()
        gone = person(data, "gone")
        erased = user("erase", gone, "--data", data.path)
        self.assertEqual((erased.returncode, erased.stderr), (0, ""))
        self.assertEqual(erased.stdout, f"erased: {gone}\ninvitation withdrawn: {made['id']} of {made['workspace_id']}\n")

    def test_who_is_erased_signs_in_no_more_and_the_address_is_free(self):
        gone = person(self.data, "gone")
        erased = user("erase", gone, "--data", self.data.path)
        self.assertEqual(erased.returncode, 0, erased.stderr)
        self.assertNotEqual(person(self.data, "gone"), gone)


if __name__ == "__main__":
    harness.main()
