#!/usr/bin/env python3
"""Who may do what: each cell of tests/access.csv, asked over HTTP with a key of each role, in one's own workspace and for what is
another's. A new route needs its two lines there and, if its path has an id or it takes a body, a maker here."""

import csv
import http.client
import itertools
import json
import random
import re

import harness
from harness import Answer, Api, later, wait_until

ROLES = ("owner", "admin", "editor", "viewer", "auditor")
CALLERS = ROLES + ("nobody",)
DRAFT = {"content": {"text": "a draft"}}
ANY = {"If-Match": "*"}
ID = r"\b([a-z]{2,4})_[0-7][0-9a-hjkmnp-tv-z]{25}\b"


def routes():
    """{name: (method, path)} as gateway/route.def's text has them."""
    text = (harness.ROOT / "gateway/route.def").read_text()
    found = re.findall(r'^ROUTE\((\w+),\s*(\w+),\s*"([^"]+)"', text, re.M)
    assert len(found) == len(re.findall(r"^ROUTE\(", text, re.M)) > 30
    return {name: (method, path) for name, method, path in found}


def cells():
    """[(route, where, caller, status)] of access.csv, as many as there have to be."""
    lines = [line for line in (harness.ROOT / "tests/access.csv").read_text().splitlines() if line and line[0] != "#"]
    table = list(csv.DictReader(lines))
    assert table[0].keys() == {"route", "where", *CALLERS}, table[0]
    wanted = {(name, where) for name in routes() for where in ("own", "foreign")}
    written = [(line["route"], line["where"]) for line in table]
    assert sorted(written) == sorted(wanted), f"twice, missing or of no route: {sorted(set(written) ^ wanted)}"
    return [(line["route"], line["where"], caller, int(line[caller])) for line in table for caller in CALLERS]


class Request:
    """What a route is asked: the ids of its path, its query, its body and headers."""

    def __init__(self, ids=None, body=None, query="", **headers):
        self.ids, self.body, self.query, self.headers = ids or {}, body, query, headers


class Side:
    """A workspace with a key of each role. A method with a route's name makes afresh what the route is asked about, and returns
    the Request; a route without one is asked as it is."""

    def __init__(self, data, slug):
        self.slug, self.count = slug, itertools.count()
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

    def cancel_post(self):
        return Request({"post_id": self.scheduled()["id"]})

    def retry_post(self):
        return Request({"post_id": self.ended("refuse", "failed")["id"]}, {"at": later(7200)})

    def cancel_target(self):
        return self.of_target(self.scheduled())

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

    def delete_integration(self):
        return Request({"integration_id": self.connected()}, **ANY)

    def log_proof(self):
        return Request({"workspace_seq": "1"})

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


def nobodys(text):
    """The text with each id replaced by one of its kind that names nothing."""
    return re.sub(ID, lambda found: found[1] + "_0" + "".join(random.choices("0123456789abcdefghjkmnpqrstvwxyz", k=25)), text)


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
        cls.routes, cls.made = routes(), {}

    def ask(self, route, key, request, change=str):
        """The answer to the request, its ids changed. Of a stream the head alone."""
        method, path = self.routes[route]
        for name, value in request.ids.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"{route}: no maker of Side gives the ids of {path}"
        body = None if request.body is None else change(json.dumps(request.body))
        headers = {"Content-Type": "application/json"} if body else {}
        headers.update({"Authorization": f"Bearer {key}"} if key else {}, **request.headers)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
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

    def request(self, route, where, changes):
        """A request about what nothing has changed yet; those that are refused change nothing and share one."""
        side = self.own if where == "own" else self.other
        if changes:
            return side.asked(route)
        if (route, where) not in self.made:
            self.made[route, where] = side.asked(route)
        return self.made[route, where]

    def check(self, route, where, caller, status):
        for key in ("", "op_nobody_" + "0" * 43) if caller == "nobody" else (self.own.keys[caller],):
            request = self.request(route, where, status < 300)
            answer = self.ask(route, key, request)
            self.assertEqual(answer.status, status, f"{route} {where} {caller}: {answer}")
            if where == "foreign" and status != 401:
                self.assert_shows_nothing(route, key, request, answer)

    def assert_shows_nothing(self, route, key, request, answer):
        asked = json.dumps([request.ids, request.query, request.body])
        for name in {found[0] for found in re.finditer(ID, asked)} | {self.other.workspace, self.other.account}:
            self.assertNotIn(name, answer.body.decode())
        if re.search(ID, asked):
            self.assertEqual(self.told(answer), self.told(self.ask(route, key, request, nobodys)), route)

    def test_each_cell_of_the_table_is_as_written(self):
        table = cells()
        for route, where, caller, status in table:
            with self.subTest(route=route, where=where, caller=caller):
                self.check(route, where, caller, status)
        print(f"{len(table)} cells of {len(self.routes)} routes", flush=True)


if __name__ == "__main__":
    harness.main()
