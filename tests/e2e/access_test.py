#!/usr/bin/env python3
"""Who may do what: each cell of tests/access.csv, asked over HTTP with a key of each role and by a member of it who is signed in, in
one's own workspace and for what is another's; each of tests/access_people.csv, by people who are in no workspace; and each of
tests/access_more.csv. A new route needs its lines there and, if its path has an id or it takes a body, a maker here."""

import csv
import http.client
import itertools
import json
import random
import re

import harness
from harness import Answer, Api, far, later, wait_until
from sign_in_test import OTHER, PASSWORD, Browser, person

ROLES = ("owner", "admin", "editor", "viewer", "auditor")
CALLERS = ROLES + ("nobody",)
OUTSIDE = ("operator", "stranger")
LIMITED = ("begin_sign_in", "begin_accept")  # by where they come from
UNUSUAL = ("approver", "over", "ended", "expired", "restricted")
ENDING = ("leave", "sign_out", "end_sessions", "set_password", "erase_user")  # whoever asks these is somebody else afterwards
PER_SOURCE = 40  # sign-ins from one IP address; 60 are the limit
DRAFT = {"content": {"text": "a draft"}}
ANY = {"If-Match": "*"}
ID = r"\b([a-z]{2,4})_[0-7][0-9a-hjkmnp-tv-z]{25}\b"


def routes():
    """{name: (method, path)} as gateway/route.def's text has them."""
    text = (harness.ROOT / "gateway/route.def").read_text()
    found = re.findall(r'^ROUTE\((\w+),\s*(\w+),\s*"([^"]+)"', text, re.M)
    assert len(found) == len(re.findall(r"^ROUTE\(", text, re.M)) > 30
    return {name: (method, path) for name, method, path in found}


def table(name, columns):
    """The lines of a table of tests/, each a dictionary."""
    lines = [line for line in (harness.ROOT / "tests" / name).read_text().splitlines() if line and line[0] != "#"]
    rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == columns and not any(None in row or None in row.values() for row in rows), name
    return rows


def cells():
    """{(route, where, whether signed in, caller): status} of access.csv, as many as there have to be."""
    rows = table("access.csv", ("route", "where", *CALLERS))
    wanted = [(name, where) for name in routes() for where in ("own", "foreign")]
    written = {(row["route"], row["where"]): {caller: int(row[caller]) for caller in CALLERS} for row in rows}
    plain = [key for key in written if not key[1].endswith("-session")]
    assert len(written) == len(rows) and sorted(plain) == sorted(wanted), f"twice, missing or of no route: {sorted({*plain} ^ {*wanted})}"
    found = {}
    for route, where in wanted:
        by_session = written.pop((route, where + "-session"), None)
        assert by_session != written[route, where], f"{route} {where}: a line for who is signed in that says nothing new"
        for caller in CALLERS:
            found[route, where, False, caller] = written[route, where][caller]
            found[route, where, True, caller] = (by_session or written[route, where])[caller]
    assert not [key for key in written if key not in wanted], "a line for who is signed in of no route"
    return found


def cells_of_people():
    """[(route, where, caller, status)] of access_people.csv: of routes about workspaces as people see them from outside."""
    text = (harness.ROOT / "gateway/route.def").read_text()
    outside = re.findall(r"^ROUTE\((\w+),(?:[^,]+,){4}\s*WORKSPACES?,", text, re.M)
    rows = table("access_people.csv", ("route", "where", *OUTSIDE))
    wanted = sorted((name, where) for name in outside for where in ("own", "foreign"))
    assert sorted((row["route"], row["where"]) for row in rows) == wanted, "twice, missing or of no such route"
    return [(row["route"], row["where"], caller, int(row[caller])) for row in rows for caller in OUTSIDE]


def more_cells():
    """{route: {column: what is written}} of access_more.csv."""
    rows = table("access_more.csv", ("route", "scope", *UNUSUAL))
    assert sorted(row["route"] for row in rows) == sorted(routes()), "twice, missing or of no route"
    return {row["route"]: row for row in rows}


def scopes():
    """Each scope's name, as core/message/choice.h has it."""
    words = re.search(r"define SCOPE_TABLE\(X\)(.*?)\n#define", (harness.ROOT / "core/message/choice.h").read_text(), re.S)[1]
    return re.findall(r'"([a-z]+:[a-z]+)"', words)


class Request:
    """What a route is asked: the ids of its path, its query, its body and headers."""

    def __init__(self, ids=None, body=None, query="", **headers):
        self.ids, self.body, self.query, self.headers = ids or {}, body, query, headers


class Side:
    """A workspace with a key of each role. A method with a route's name makes afresh what the route is asked about, and returns
    the Request; a route without one is asked as it is."""

    def __init__(self, data, slug):
        self.slug, self.count, self.read_up_to = slug, itertools.count(), 0
        self.keys = {role: self.make_key(data, slug, role) for role in ROLES}

    @staticmethod
    def make_key(data, slug, role):
        made = harness.run("key", "make", "--data", data.path, "--workspace", slug, "--name", role, "--role", role)
        assert made.returncode == 0, made.stderr
        return made.stdout.splitlines()[-1].removeprefix("key: ")

    def begin(self, service):
        self.sandbox, self.api = service.sandbox, Api(service.port, self.keys["owner"])
        self.account = self.connected()
        self.workspace = self.done("GET", "/v1/workspace")["id"]
        return self

    def asked(self, route):
        return getattr(self, route, Request)()

    def done(self, method, path, body=None, **headers):
        answer = self.api.request(method, path, body, headers)
        assert answer.status < 300, (method, path, answer)
        return answer.json() if answer.body else None

    def named(self):
        return f"{self.slug}{next(self.count)}.test"

    def connected(self):
        return self.api.connect(self.named())["id"]

    def post(self, **more):
        return self.done("POST", "/v1/posts", {**DRAFT, "targets": [{"integration_id": self.account}], **more})

    def scheduled(self):
        return self.post(schedule={"at": later(7200)})

    def ended(self, fault, status):
        """A post whose target has that status, for the platform did that."""
        text = f"{fault} {self.slug} {next(self.count)}"
        self.sandbox.rule(fault, contains=text)
        post = self.post(content={"text": text}, schedule={"now": True})
        wait_until(lambda: self.api.read_post(post)["targets"][0]["status"] == status, 60, status)
        return post

    def of_post(self):
        return Request({"post_id": self.post()["id"]})

    get_post = post_deliveries = post_history = duplicate_post = of_post

    def sign_in(self):
        return Request(body={"email": "somebody@example.com", "password": "correct horse staple"})

    def accept(self):
        return Request(body={"token": "0" * 43, "password": "correct horse staple"})

    def end_session(self):
        return Request({"session_id": "ses_01h455vb4pex5vsknk084sn02q"})

    def change_user(self):
        return Request(body={"name": "Another"}, **ANY)

    def erase_user(self):
        return Request(body={"password": "correct horse staple"}, **ANY)

    def set_password(self):
        return Request(body={"old_password": "correct horse staple", "new_password": "another horse staple"})

    def begin_sign_in(self):
        return Request(body={"provider_id": "idp_01h455vb4pex5vsknk084sn02q"})

    link_login = begin_sign_in

    def begin_accept(self):
        return Request(body={"token": "0" * 43, "provider_id": "idp_01h455vb4pex5vsknk084sn02q"})

    def unlink_login(self):
        return Request({"provider_id": "idp_01h455vb4pex5vsknk084sn02q"})

    def of_account(self):
        return Request({"integration_id": self.account})

    get_integration = of_account

    def of_target(self, post, body=None):
        return Request({"post_id": post["id"], "target_id": post["targets"][0]["id"]}, body)

    def create_post(self):
        return Request(body={**DRAFT, "targets": [{"integration_id": self.account}]})

    def create_series(self):
        """None of its posts is made: it begins too late for that."""
        return Request(body={"rule": {"frequency": "weekly", "time": "09:30", "timezone": "UTC", "start": far()},
                             **DRAFT, "targets": [{"integration_id": self.account}]})

    def of_series(self, body=None, **headers):
        return Request({"series_id": self.done("POST", "/v1/series", self.create_series().body)["id"]}, body, **headers)

    get_series = preview_series = pause_series = resume_series = end_series = of_series

    def change_series(self):
        return self.of_series({"rule": {"time": "10:30"}}, **ANY)

    def create_template(self):
        return Request(body={"name": self.named(), "targets": [{"integration_id": self.account}]})

    def template(self, body=None, **headers):
        return Request({"template_id": self.done("POST", "/v1/templates", self.create_template().body)["id"]}, body, **headers)

    get_template = template

    def change_template(self):
        return self.template({"name": self.named()}, **ANY)

    def delete_template(self):
        return self.template(**ANY)

    def instantiate_template(self):
        return self.template({})

    def list_posts(self):
        return Request(query=f"?integration_id={self.account}")

    def punctuality(self):
        return Request(query=f"?integration_id={self.account}")

    def edit_post(self):
        return Request({"post_id": self.post()["id"]}, {"labels": ["edited"]}, **ANY)

    def delete_post(self):
        return Request({"post_id": self.post()["id"]}, **ANY)

    def schedule_post(self):
        return Request({"post_id": self.post()["id"]}, {"at": later(7200)})

    def approve_post(self):
        return Request({"post_id": self.scheduled()["id"]}, {"content_sha256": 64 * "0"})

    def cancel_post(self):
        return Request({"post_id": self.scheduled()["id"]})

    def retry_post(self):
        return Request({"post_id": self.ended("refuse", "failed")["id"]}, {"at": later(7200)})

    def cancel_target(self):
        return self.of_target(self.scheduled())

    def swap_targets(self):
        other = self.scheduled()
        return self.of_target(self.scheduled(), {"post_id": other["id"], "target_id": other["targets"][0]["id"]})

    def resolve_target(self):
        return self.of_target(self.ended("error_after_accepting", "unknown"), {"resolution": "abandoned"})

    def connect_integration(self):
        return Request(body={"channel": "bluesky", "identifier": self.named(), "app_password": "app-password"})

    def reconnect_integration(self):
        return Request({"integration_id": self.connected()}, {"identifier": self.named(), "app_password": "another"})

    def pause_integration(self):
        return Request({"integration_id": self.connected()})

    def resume_integration(self):
        account = self.connected()
        self.done("POST", f"/v1/integrations/{account}/pause")
        return Request({"integration_id": account})

    get_queue = preview_queue = of_account

    def change_queue(self):
        slots = [{"weekday": "monday", "time": "09:00"}]
        return Request({"integration_id": self.connected()}, {"slots": slots}, **ANY)

    pause_queue = pause_integration

    def resume_queue(self):
        account = self.connected()
        self.done("POST", f"/v1/integrations/{account}/queue/pause")
        return Request({"integration_id": account})

    def delete_integration(self):
        return Request({"integration_id": self.connected()}, **ANY)

    def notification(self):
        """The newest; one is there when a post went out."""
        if not hasattr(self, "told"):
            self.post(schedule={"now": True})
            self.told = wait_until(lambda: self.done("GET", "/v1/notifications?kind=post.published")["data"], 60, "told")
        return self.told[0]["id"]

    def read_notifications(self):
        return Request(body={"up_to": self.notification(), "ids": [self.notification()]})

    def choose_notifications(self):
        return Request(body={"hidden": ["post.published"]}, **ANY)

    def log_proof(self):
        return Request({"workspace_seq": "1"})

    def first_event(self, post):
        """The workspace_seq of a post that was just made."""
        while True:
            page = self.done("GET", f"/v1/events?limit=200&after={self.read_up_to}")["data"]
            self.read_up_to = page[-1]["workspace_seq"]
            for event in page:
                if event["stream"] == post["id"]:
                    return event["workspace_seq"]

    def pause_workspace(self):
        self.done("POST", "/v1/workspace/resume")
        return Request()

    def change_workspace(self):
        return Request(body={"name": self.named()}, **ANY)

    def delete_workspace(self):
        return Request(**ANY)

    def key(self):
        return Request({"key_id": self.done("POST", "/v1/api-keys", {"name": "more", "role": "viewer"})["id"]})

    get_key = rotate_key = revoke_key = key

    def get_actor(self):
        return Request({"actor_id": self.key().ids["key_id"]})

    def create_key(self):
        return Request(body={"name": "more", "role": "viewer", "integrations": [self.account]})

    def invited(self, **headers):
        return Request({"member_id": self.done("POST", "/v1/invitations", self.invite().body)["id"]}, **headers)

    get_member = withdraw_invitation = invited

    def change_member(self):
        request = self.invited(**ANY)
        request.body = {"role": "viewer"}
        return request

    def remove_member(self):
        return self.invited(**ANY)

    def invite(self):
        return Request(body={"email": f"somebody@{self.named()}", "role": "editor"})

    def create_tenant(self):
        return Request(body={"slug": f"{self.slug}-{next(self.count)}", "name": "One more", "timezone": "UTC"})

    def of_workspace(self):
        return Request({"workspace_id": self.workspace})

    get_tenant = pause_tenant = resume_tenant = of_workspace


def nobodys(text):
    """The text with each id replaced by one of its kind, as well formed and as old, that names nothing."""
    return re.sub(ID, lambda found: found[0][:-12] + "".join(random.choices("0123456789abcdefghjkmnpqrstvwxyz", k=12)), text)


class Key:
    """Who comes with a key, or with none."""

    person = None

    def __init__(self, text):
        self.headers = {"Authorization": f"Bearer {text}"} if text else {}


class Cookie:
    """Who comes from a page of the site, with a cookie. A method with a route's name returns what only they can ask."""

    numbers = itertools.count()

    def __init__(self, port, cookie, name=None):
        self.port, self.person, self.user = port, name, None
        self.headers = {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin", "Cookie": f"openpost={cookie}"}

    @classmethod
    def source(cls):
        return f"127.0.1.{1 + next(cls.numbers) // PER_SOURCE}"

    @classmethod
    def of_somebody(cls, data, port, slug, role):
        """Somebody new, a member with that role, signed in. The command line makes no auditors: they are viewers first."""
        return cls.of_person(data, port, "--workspace", slug, "--role", "viewer" if role == "auditor" else role)

    @classmethod
    def of_person(cls, data, port, *options):
        name = f"p{next(cls.numbers)}"
        person(data, name, *options)
        browser = Browser(port, cls.source())
        answer = browser.sign_in(name)
        assert answer.status == 201, answer
        caller = cls(port, browser.cookie, name)
        caller.user = answer.json()["user_id"]
        return caller

    def another_session(self):
        answer = Browser(self.port, self.source()).sign_in(self.person)
        assert answer.status == 201, answer
        return answer.json()["id"]

    def sign_in(self, _):
        return Request(body={"email": f"{self.person}@example.com", "password": PASSWORD})

    def set_password(self, _):
        return Request(body={"old_password": PASSWORD, "new_password": OTHER})

    def erase_user(self, _):
        return Request(body={"password": PASSWORD}, **ANY)

    def end_session(self, stranger):
        return Request({"session_id": (stranger or self).another_session()})


class Access(harness.Case):
    @classmethod
    def make_world(cls):
        data = cls.world.data("data", "--slug", "first")
        made = harness.run("workspace", "create", "--data", data.path, "--slug", "second", "--name", "Second")
        assert made.returncode == 0, made.stderr
        own, other = Side(data, "first"), Side(data, "second")
        service = cls.world.serve(data)
        cls.own, cls.other, cls.port = own.begin(service), other.begin(service), service.port
        wait_until(lambda: own.api.get("/v1/log/checkpoint").status == 200, 60, "a checkpoint")
        cls.routes, cls.made, cls.data, cls.asked = routes(), {}, data, 0
        cls.table, cls.more = cells(), more_cells()
        cls.stranger = Cookie.of_somebody(data, cls.port, "second", "owner")
        cls.members = {role: cls.member(role) for role in ROLES}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if not cls.any_failed:
            print(f"access: {cls.asked} cells of {len(cls.routes)} routes, all as written", flush=True)

    @classmethod
    def member(cls, role, **more):
        caller = Cookie.of_somebody(cls.data, cls.port, "first", role)
        change = {**({"role": role, "until": later(86400)} if role == "auditor" else {}), **more}
        if change:
            cls.change(caller, **change)
        return caller

    @classmethod
    def change(cls, caller, **change):
        members = cls.own.done("GET", "/v1/members?limit=200")["data"]
        (member,) = [one["id"] for one in members if one["user_id"] == caller.user]
        cls.own.done("PATCH", f"/v1/members/{member}", change, **ANY)

    def ask(self, route, caller, request, change=str):
        """The answer to the request, its ids changed. Of a stream the head alone."""
        method, path = self.routes[route]
        for name, value in request.ids.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"{route}: no maker of Side gives the ids of {path}"
        body = None if request.body is None else change(json.dumps(request.body))
        headers = {"Content-Type": "application/json"} if body else {}
        headers.update({**caller.headers, **request.headers})
        source = (Cookie.source(), 0) if route in LIMITED else None
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=source)
        try:
            connection.request(method, change(path + request.query), body, headers)
            response = connection.getresponse()
            streams = response.headers["Content-Type"] == "text/event-stream"
            return Answer(response.status, response.getheaders(), b"" if streams else response.read())
        finally:
            connection.close()

    @staticmethod
    def told(answer):
        """What an answer says, whatever it was asked for by which name, and when."""
        headers = [(name, re.sub(r"\b[rt]=\d+", "", re.sub(ID, "ID", value))) for name, value in answer.headers if name != "Date"]
        return answer.status, headers, re.sub(ID, "ID", answer.body.decode())

    def request(self, route, where, caller, changes):
        """A request about what nothing has changed yet; those that are refused change nothing and share one."""
        side = self.own if where == "own" else self.other
        if route == "log_proof" and where == "own":
            return self.own_event(caller)
        if caller.person and hasattr(caller, route):
            return getattr(caller, route)(None if where == "own" else self.stranger)
        if changes:
            return side.asked(route)
        if (route, where) not in self.made:
            self.made[route, where] = side.asked(route)
        return self.made[route, where]

    def own_event(self, caller):
        """The position of the first event of a post that the caller wrote; of any post, where they may write none."""
        written = self.ask("create_post", caller, self.own.create_post())
        post = json.loads(written.body) if written.status == 201 else self.own.post()
        return Request({"workspace_seq": str(self.own.first_event(post))})

    def check(self, route, where, caller, status):
        """One request, and the answer to it."""
        request = self.request(route, where, caller, status < 300)
        answer = self.ask(route, caller, request)
        self.assertEqual(answer.status, status, f"{route} {where}: {answer}")
        if where == "foreign" and status != 401:
            self.assert_shows_nothing(route, caller, request, answer)
        return answer

    def assert_shows_nothing(self, route, caller, request, answer):
        asked = json.dumps([request.ids, request.query, request.body])
        for name in {found[0] for found in re.finditer(ID, asked)} | {self.other.workspace, self.other.account}:
            self.assertNotIn(name, answer.body.decode())
        if re.search(ID, asked):
            self.assertEqual(self.told(answer), self.told(self.ask(route, caller, request, nobodys)), route)

    def test_each_cell_is_as_written_for_a_key(self):
        nobody = (Key(""), Key("op_nobody_" + "0" * 43))
        for (route, where, signed_in, role), status in self.table.items():
            if not signed_in:
                with self.subTest(route=route, where=where, key=role):
                    for caller in nobody if role == "nobody" else (Key(self.own.keys[role]),):
                        self.check(route, where, caller, status)
                    type(self).asked += 1

    def test_each_cell_is_as_written_for_who_is_signed_in(self):
        nobody = Cookie(self.port, "0" * 43)
        for (route, where, signed_in, role), status in self.table.items():
            if signed_in:
                with self.subTest(route=route, where=where, member=role):
                    is_new = route in ENDING and role != "nobody"
                    self.check(route, where, self.member(role) if is_new else self.members.get(role, nobody), status)
                    type(self).asked += 1

    def test_each_cell_is_as_written_for_who_is_in_no_workspace(self):
        callers = {name: Cookie.of_person(self.data, self.port) for name in OUTSIDE}
        done = harness.run("user", "operator", "--data", self.data.path, "--grant", f"{callers['operator'].person}@example.com")
        self.assertEqual(done.returncode, 0, done.stderr)
        for route, where, caller, status in cells_of_people():
            with self.subTest(route=route, where=where, caller=caller):
                request = self.request(route, where, callers[caller], status < 300)
                answer = self.ask(route, callers[caller], request)
                self.assertEqual(answer.status, status, answer)
                if caller == "stranger":
                    self.assert_shows_nothing(route, callers[caller], request, answer)
                type(self).asked += 1

    def unusual(self):
        """{column of access_more.csv: what makes one for a route}. Those whose time is to be over are made first, and waited for."""
        over = [self.member("viewer") for _ in range(1 + len(ENDING))]
        until = later(2)
        for caller in over:
            self.change(caller, until=until)
        made = self.own.done("POST", "/v1/api-keys", {"name": "brief", "role": "owner", "expires_at": until})
        narrow = self.own.done("POST", "/v1/api-keys", {"name": "narrow", "role": "admin", "integrations": [self.own.account]})
        approver, ended, expired = self.member("viewer", permissions=["approve"]), self.member("owner"), Key(made["key"])
        self.check("sign_out", "own", ended, 204)
        wait_until(lambda: self.ask("get_workspace", expired, Request()).status == 401, 30, "the end of a key")
        for caller in over:
            wait_until(lambda: not json.loads(self.ask("get_session", caller, Request()).body)["workspaces"], 30, "a membership's end")
        return {"approver": lambda route: self.member("viewer", permissions=["approve"]) if route in ENDING else approver,
                "over": lambda route: over[ENDING.index(route) if route in ENDING else -1],
                "ended": lambda route: ended, "expired": lambda route: expired,
                "restricted": lambda route: Key(narrow["key"])}

    def test_each_cell_is_as_written_for_who_is_out_of_the_ordinary(self):
        makers = self.unusual()
        for route, row in self.more.items():
            for column, make in makers.items():
                with self.subTest(route=route, caller=column):
                    self.check(route, "own", make(route), int(row[column]))
                    type(self).asked += 1

    def test_each_scope_opens_the_routes_that_are_written_and_no_other(self):
        named = {row["scope"].rstrip("*") for row in self.more.values()} - {"-", "none"}
        self.assertEqual(sorted(named), sorted(scopes()))
        for scope in scopes():
            made = self.own.done("POST", "/v1/api-keys", {"name": "scoped", "role": "owner", "scopes": [scope]})
            for route, row in self.more.items():
                with self.subTest(route=route, scope=scope):
                    opens = row["scope"] in (scope, "-")
                    answer = self.check(route, "own", Key(made["key"]), self.table[route, "own", False, "owner"] if opens else 403)
                    if not opens and row["scope"] != "none":
                        code = "role_above_own" if row["scope"] == scope + "*" else "scope_insufficient"
                        self.assertEqual(json.loads(answer.body)["code"], code)
                    type(self).asked += 1


if __name__ == "__main__":
    harness.main()
