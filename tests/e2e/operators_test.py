#!/usr/bin/env python3
"""Operators: people who see to all workspaces from outside. They list, make, pause and resume them, in their own name, and read
nothing in those where they are no member; anybody else sees the workspaces that they are in, and no others."""

import json
import re

import harness
from described import Described
from frames import Rpc, tag_key
from harness import Api, free_port, run
from sign_in_test import Browser, person
from workspaces_test import created

UNKNOWN = "ws_01ka0000000000000000000000"
MEMBERS_ROUTE = re.compile(r'^ROUTE\((\w+),\s*(\w+),\s*"([^"]+)",\s*(VIEWER|EDITOR|ADMIN|OWNER|AUDIT)\b', re.M)


class Operators(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.ids = {name: person(cls.data, name, *options) for name, options in (
            ("olga", ()), ("otto", ()), ("omar", ("--workspace", "acme", "--role", "viewer")),
            ("mia", ("--workspace", "acme", "--role", "admin")), ("nobody", ()))}
        for name in ("olga", "otto", "omar"):
            cls.trust("--grant", name)
        cls.rpc_port = free_port()
        cls.service = cls.world.serve(cls.data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.other_id, other = created(cls.data, "other", "--timezone", "Europe/Berlin")
        cls.acme, cls.other = cls.service.api, Api(cls.service.port, other)
        cls.acme_id = cls.acme.get("/v1/workspace").json()["id"]
        cls.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())

    @classmethod
    def trust(cls, option, name):
        done = run("user", "operator", "--data", cls.data.path, option, f"{name}@example.com")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def browser(self, name):
        browser = Browser(self.service.port)
        browser.api.witness = self.witness
        self.assertEqual(browser.sign_in(name).status, 201)
        return browser

    def made(self, browser, slug, status=201, key=None, **more):
        body = {"slug": slug, "name": slug.title(), "timezone": "Europe/Berlin", **more}
        answer = browser.ask("POST", "/v1/workspaces", body, **({"Idempotency_Key": key} if key else {}))
        self.assertEqual(answer.status, status, answer)
        return answer

    def slugs(self, browser):
        found, cursor = [], ""
        while cursor is not None:
            page = browser.ask("GET", "/v1/workspaces?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
            self.assertLessEqual(len(page["data"]), 2)
            found += page["data"]
            cursor = page["next_cursor"]
        self.assertEqual([one["id"] for one in found], sorted(one["id"] for one in found))
        return [one["slug"] for one in found]

    def test_an_operator_sees_all_workspaces_and_anybody_else_their_own(self):
        olga, mia = self.browser("olga"), self.browser("mia")
        for number in range(3):
            self.made(olga, f"listed-{number}")
        seen = self.slugs(olga)
        self.assertLess({"acme", "other", "listed-0", "listed-1", "listed-2"}, set(seen) | {None})
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual((self.slugs(mia), self.slugs(self.browser("nobody"))), (["acme"], []))
        shown = mia.ask("GET", f"/v1/workspaces/{self.acme_id}")
        self.assertEqual((shown.status, shown.json()["slug"], shown.json()["status"]), (200, "acme", "active"))
        foreign, unknown = (mia.ask("GET", f"/v1/workspaces/{name}") for name in (self.other_id, UNKNOWN))
        self.assert_problem(foreign, 404, "not_found")
        said = [{**answer.json(), "request_id": None} for answer in (foreign, unknown)]
        self.assertEqual(said[0], said[1])
        self.assertEqual(olga.ask("GET", f"/v1/workspaces/{self.other_id}").json()["timezone"], "Europe/Berlin")
        self.assert_problem(olga.ask("GET", f"/v1/workspaces/{UNKNOWN}"), 404, "not_found")
        self.assert_problem(self.acme.get("/v1/workspaces"), 403, "session_required")
        self.assertEqual([browser.ask("GET", "/v1/user").json()["operator"] for browser in (olga, mia)], [True, False])

    def test_an_operator_makes_a_workspace_and_owns_it(self):
        olga = self.browser("olga")
        answer = self.made(olga, "founded", plan="team")
        tenant = answer.json()
        self.assertEqual((answer.headers["Location"], answer.headers["ETag"]),
                         (f"/v1/workspaces/{tenant['id']}", f'"{tenant["version"]}"'))
        self.assertEqual((tenant["plan"], tenant["status"], tenant["pause_reason"]), ("team", "active", None))
        self.assertLess(tenant["period_start"], tenant["period_end"])
        within = {"OpenPost_Workspace": tenant["id"]}
        (member,) = olga.ask("GET", "/v1/members", **within).json()["data"]
        self.assertEqual((member["user_id"], member["role"]), (self.ids["olga"], "owner"))
        self.assertEqual(olga.ask("GET", "/v1/api-keys", **within).json()["data"], [])
        self.assertEqual(olga.ask("POST", "/v1/posts", {"content": {"text": "mine"}}, **within).status, 201)
        events = [event for event in self.data.events() if event["stream"].partition("_")[2] == tenant["id"].partition("_")[2]]
        self.assertEqual([event["type"] for event in events], ["workspace_created", "plan_changed", "member_added"])
        self.assertEqual({(event["actor"], event["actor_id"]) for event in events}, {("operator", self.ids["olga"])})
        self.assert_problem(self.made(olga, "founded", 409), 409, "slug_taken")

    def test_what_is_no_workspace_is_refused_by_its_form(self):
        olga = self.browser("olga")
        for more, code, param in (({"slug": "Not A Slug"}, "field_invalid", "/slug"), ({"plan": "golden"}, "field_invalid", "/plan"),
                                  ({"timezone": "Mars/Olympus", "plan": "team"}, "timezone_unknown", "/timezone"),
                                  ({"name": None}, "field_missing", "/name"), ({"owner": "me"}, "field_unknown", "/owner")):
            body = {"slug": "formless", "name": "Formless", "timezone": "UTC", **more}
            problem = self.assert_problem(olga.ask("POST", "/v1/workspaces", body), 422, code)
            self.assertEqual(problem["param"], param)

    def test_making_one_again_with_the_same_key_gives_the_first_answer_whatever_became_of_it(self):
        otto = self.browser("otto")
        first = self.made(otto, "repeated", key="one")
        path = f"/v1/workspaces/{first.json()['id']}"
        self.assertEqual(otto.ask("POST", path + "/pause", {"reason": "enough"}).json()["status"], "paused")
        again = self.made(otto, "repeated", key="one")
        self.assertEqual((again.body, again.headers["Idempotent-Replayed"]), (first.body, "true"))
        self.assert_problem(self.made(otto, "another", 422, key="one"), 422, "idempotency_key_reused")
        members = otto.ask("GET", "/v1/members", OpenPost_Workspace=first.json()["id"]).json()["data"]
        self.assertEqual(len(members), 1)
        # Who left does not come back by asking again.
        invited = otto.ask("POST", "/v1/invitations", {"email": "mia@example.com", "role": "owner"},
                           OpenPost_Workspace=first.json()["id"]).json()
        mia = self.browser("mia")
        self.assertEqual(mia.ask("POST", "/v1/invitation/accept", {"token": invited["accept_url"].partition("#")[2]}).status, 201)
        self.assertEqual(otto.ask("POST", "/v1/membership/leave", OpenPost_Workspace=first.json()["id"]).status, 204)
        self.assertEqual(self.made(otto, "repeated", key="one").body, first.body)
        self.assert_problem(otto.ask("GET", "/v1/posts", OpenPost_Workspace=first.json()["id"]), 404, "not_found")

    def test_an_operator_stops_a_workspace_in_their_own_name(self):
        olga, mia = self.browser("olga"), self.browser("mia")
        path = f"/v1/workspaces/{self.acme_id}"
        for name, code in ((self.acme_id, "forbidden"), (self.other_id, "not_found"), (UNKNOWN, "not_found")):
            for act in ("pause", "resume"):
                self.assert_problem(mia.ask("POST", f"/v1/workspaces/{name}/{act}"), 403 if code == "forbidden" else 404, code)
        self.assert_problem(mia.ask("POST", "/v1/workspaces", {"slug": "mine", "name": "Mine", "timezone": "UTC"}), 403, "forbidden")
        tag = olga.ask("GET", path).headers["ETag"]
        paused = olga.ask("POST", path + "/pause", {"reason": "an incident"}, If_Match=tag)
        self.assertEqual((paused.status, paused.json()["status"], paused.json()["pause_reason"]), (200, "paused", "an incident"))
        self.assert_problem(olga.ask("POST", path + "/resume", If_Match=tag), 412, "precondition_failed")
        shown = self.acme.get("/v1/workspace").json()
        self.assertEqual((shown["paused"], shown["pause_reason"]), (True, "an incident"))
        self.assertEqual(olga.ask("POST", path + "/resume", If_Match=paused.headers["ETag"]).json()["status"], "active")
        events = [event for event in self.acme.get("/v1/events?limit=200").json()["data"]
                  if event["type"] in ("workspace_paused", "workspace_resumed")]
        self.assertEqual([(event["actor"], event["actor_id"]) for event in events], 2 * [("operator", self.ids["olga"])])

    def test_who_acted_from_outside_is_said_to_be_an_operator_there_alone_and_for_ever(self):
        olga, omar = self.browser("olga"), self.browser("omar")
        resumed = omar.ask("POST", f"/v1/workspaces/{self.other_id}/resume")  # nothing new, so no event: who did nothing is not there
        self.assertEqual(resumed.status, 200)
        self.assert_problem(self.other.get("/v1/actors/" + self.ids["omar"]), 404, "not_found")
        tenant = self.made(olga, "watched").json()["id"]
        for act in ("pause", "resume"):
            self.assertEqual(omar.ask("POST", f"/v1/workspaces/{tenant}/{act}").status, 200)
        first = [event for event in self.data.events() if event.get("actor_id") == self.ids["omar"] and event["type"] == "workspace_paused"][0]
        within = {"OpenPost_Workspace": tenant}
        actor = olga.ask("GET", "/v1/actors/" + self.ids["omar"], **within)
        self.assertEqual(actor.json(), {"id": self.ids["omar"], "kind": "operator", "name": None, "role": None, "since": first["time"],
                                        "ended_at": None})
        made = olga.ask("POST", "/v1/api-keys", {"name": "reader", "role": "admin"}, **within).json()
        rpc = Rpc(self.rpc_port, tag_key(made["key"]))
        self.addCleanup(rpc.close)
        self.assertEqual(json.loads(rpc.query("get_actor", {"user_id": self.ids["omar"]})[1]), actor.json())
        self.trust("--revoke", "omar")
        self.assertEqual(olga.ask("GET", "/v1/actors/" + self.ids["omar"], **within).json(), actor.json())
        self.trust("--grant", "omar")
        for user in (self.ids["omar"], self.ids["mia"]):
            self.assert_problem(self.other.get("/v1/actors/" + user), 404, "not_found")

    def test_an_operator_reads_and_does_nothing_in_a_workspace_where_they_are_no_member(self):
        olga, omar, mia = (self.browser(name) for name in ("olga", "omar", "mia"))
        routes = MEMBERS_ROUTE.findall((harness.ROOT / "gateway/route.def").read_text())
        self.assertGreater(len(routes), 35)
        post = self.other.post("/v1/posts", {"content": {"text": "for other alone"}}).json()
        names = {"post_id": post["id"], "workspace_seq": "1"}
        before = self.other.get("/v1/events?limit=200").json()
        for name, method, path, _ in routes:
            asked = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "x"), path)
            for browser in (olga, omar):  # omar is a viewer elsewhere: no less, no more
                answer = browser.ask(method, asked, {} if method in ("POST", "PATCH") else None, If_Match="*",
                                     OpenPost_Workspace=self.other_id)
                self.assert_problem(answer, 404, "not_found")
        self.assertEqual(self.other.get("/v1/events?limit=200").json(), before)
        told = olga.ask("GET", "/v1/posts", OpenPost_Workspace=self.other_id).json()
        self.assertEqual((told["param"], told["detail"][:55]),
                         ("OpenPost-Workspace", "The workspace is there, and you are no member of it: so"))
        strange = [browser.ask("GET", "/v1/posts", OpenPost_Workspace=name).json()
                   for browser, name in ((olga, UNKNOWN), (mia, self.other_id), (mia, UNKNOWN))]
        self.assertEqual([(one["detail"], one["param"]) for one in strange], 3 * [(told["title"], None)])
        self.assertEqual(omar.ask("GET", "/v1/posts", OpenPost_Workspace=self.acme_id).status, 200)
        self.assert_problem(omar.ask("POST", "/v1/posts", {}, OpenPost_Workspace=self.acme_id), 403, "forbidden")

    def test_who_is_an_operator_no_longer_is_none_from_the_next_request_on(self):
        nobody = self.browser("nobody")
        path = f"/v1/workspaces/{self.other_id}"
        self.assert_problem(nobody.ask("GET", path), 404, "not_found")
        self.assertEqual(self.trust("--grant", "nobody"), f"operator: {self.ids['nobody']}\n")
        self.assertIn("(it was so already)", self.trust("--grant", "nobody"))
        self.assertEqual(nobody.ask("GET", path).status, 200)
        lines = run("user", "list", "--data", self.data.path).stdout.splitlines()
        (line,) = [line for line in lines if "nobody@example.com" in line]
        self.assertEqual(line.split(), [self.ids["nobody"], "operator", "0", "nobody@example.com", "Nobody"])
        self.trust("--revoke", "nobody")
        self.assert_problem(nobody.ask("GET", path), 404, "not_found")
        self.assert_problem(nobody.ask("POST", path + "/pause"), 404, "not_found")
        self.assert_problem(nobody.ask("POST", "/v1/workspaces", {"slug": "no", "name": "No", "timezone": "UTC"}), 403, "forbidden")
        unknown = run("user", "operator", "--data", self.data.path, "--grant", "stranger@example.com")
        self.assertEqual((unknown.returncode, unknown.stderr), (1, "openpost user: nobody signs in with this address\n"))
        for wrong in ((), ("--grant", "a@b.c", "--revoke", "a@b.c")):
            self.assertEqual(run("user", "operator", "--data", self.data.path, *wrong).returncode, 64)


if __name__ == "__main__":
    harness.main()
