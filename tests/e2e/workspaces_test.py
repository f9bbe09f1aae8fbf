#!/usr/bin/env python3
"""Workspaces side by side: made by the operator beside a running service, each with settings, keys and an end of its own; an id of
another's is one that nobody has."""

import json
import pathlib
import re

import harness
from described import Described
from harness import Api, later, run, wait_until

UNKNOWN = {"post": "post_01ka0000000000000000000000", "int": "int_01ka0000000000000000000000"}


def created(data, slug, *options):
    """A workspace beside whatever runs: its id, and its owner's key."""
    made = run("workspace", "create", "--data", data.path, "--slug", slug, "--name", slug.title(), *options)
    assert made.returncode == 0, made.stderr
    workspace, key = made.stdout.splitlines()
    return workspace.removeprefix("workspace: "), key.removeprefix("key: ")


class Workspaces(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data()
        cls.service = cls.world.serve(cls.data)
        cls.main = cls.service.api
        cls.acme_id, key = created(cls.data, "acme", "--timezone", "Europe/Berlin")
        cls.acme = Api(cls.service.port, key)
        cls.acme.witness = cls.main.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())

    def listed(self):
        shown = run("workspace", "list", "--data", self.data.path, "--json")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        return {line["slug"]: line for line in map(json.loads, shown.stdout.splitlines())}

    def changed(self, api, change):
        now = api.get("/v1/workspace")
        return api.request("PATCH", "/v1/workspace", change, {"If-Match": now.headers["ETag"]})

    def test_an_agencys_operator_sees_every_workspace_and_a_tenant_its_own(self):
        account = self.acme.connect("alice.test")
        post = self.acme.publish("for acme alone", account, schedule={"at": later(7200)})
        line = self.listed()["acme"]
        self.assertEqual((line["id"], line["name"], line["posts_scheduled"], line["paused"]), (self.acme_id, "Acme", 1, False))
        self.assertEqual(self.acme.get("/v1/workspace").json()["id"], self.acme_id)
        self.assertNotIn(post["id"], self.main.get("/v1/posts").body.decode())
        own = {"post": post["id"], "int": account["id"]}

        def shown(method, path):
            answer = self.main.request(method, path, headers={"If-Match": "*"})
            kept = {name: value for name, value in answer.headers.items() if name not in ("Date", "Request-Id", "RateLimit")}
            return answer.status, kept, answer.body.replace(answer.json()["request_id"].encode(), b"")
        for method, path in (("GET", "/v1/posts/{post}"), ("DELETE", "/v1/posts/{post}"), ("POST", "/v1/posts/{post}/cancel"),
                             ("GET", "/v1/posts/{post}/history"), ("GET", "/v1/integrations/{int}"),
                             ("DELETE", "/v1/integrations/{int}"), ("POST", "/v1/integrations/{int}/pause")):
            foreign, unknown = (shown(method, path.format(**ids)) for ids in (own, UNKNOWN))
            self.assertEqual(foreign, unknown, (method, path))
            self.assertEqual(foreign[0], 404)
        self.assertEqual(self.acme.post(f"/v1/posts/{post['id']}/cancel").status, 200)

    def test_settings_are_changed_one_by_one_with_the_version_that_was_read(self):
        before = self.acme.get("/v1/workspace").json()
        after = self.changed(self.acme, {"name": "Acme, Inc.", "max_lateness_ms": 3600000, "slug": None})
        self.assertEqual(after.status, 200, after)
        after = after.json()
        self.assertEqual((after["name"], after["max_lateness_ms"], after["slug"], after["timezone"]),
                         ("Acme, Inc.", 3600000, before["slug"], "Europe/Berlin"))
        self.assertEqual(after["version"], before["version"] + 1)
        self.assert_problem(self.acme.request("PATCH", "/v1/workspace", {"name": "x"}), 428, "precondition_required")
        self.assert_problem(self.acme.request("PATCH", "/v1/workspace", {"name": "x"}, {"If-Match": '"1"'}), 412,
                            "precondition_failed")
        self.assert_problem(self.changed(self.acme, {"slug": "main"}), 409, "slug_taken")
        for change, param in (({"slug": "No!"}, "/slug"), ({"slug": ""}, "/slug"), ({"max_lateness_ms": 0}, "/max_lateness_ms"),
                              ({"max_lateness_ms": 59999}, "/max_lateness_ms"), ({"late_spacing_ms": -1}, "/late_spacing_ms"),
                              ({"late_spacing_ms": 86400001}, "/late_spacing_ms")):
            self.assertEqual(self.assert_problem(self.changed(self.acme, change), 422, "field_invalid")["param"], param, change)
        self.assert_problem(self.changed(self.acme, {"timezone": "Mars/Olympus"}), 422, "timezone_unknown")
        self.assertEqual(self.acme.get("/v1/workspace").json(), after)
        self.assertEqual(self.main.get("/v1/workspace").json()["slug"], "main")

    def test_a_workspace_ends_only_after_a_week_of_standing_still(self):
        _, key = created(self.data, "brief")
        api = Api(self.service.port, key)
        api.witness = self.main.witness
        problem = self.assert_problem(api.request("DELETE", "/v1/workspace", headers={"If-Match": "*"}), 409,
                                      "workspace_not_paused")
        self.assertNotIn("paused_at", problem)
        paused = api.post("/v1/workspace/pause", {"reason": "it ends"}).json()
        self.assertTrue(paused["paused"] and paused["paused_at"])
        problem = self.assert_problem(api.request("DELETE", "/v1/workspace", headers={"If-Match": "*"}), 409,
                                      "workspace_not_paused")
        self.assertEqual(problem["paused_at"], paused["paused_at"])
        self.assertEqual(round(harness.seconds_of(problem["deletable_at"]) - harness.seconds_of(paused["paused_at"])), 7 * 86400)
        self.assertTrue(self.listed()["brief"]["paused"])
        self.assertIsNone(api.post("/v1/workspace/resume").json()["paused_at"])

    def test_a_plan_bounds_what_begins_and_stops_nothing_that_is_scheduled(self):
        _, key = created(self.data, "small", "--timezone", "America/New_York")
        api = Api(self.service.port, key)
        api.witness = self.main.witness
        usage = api.get("/v1/usage").json()
        self.assertEqual((usage["plan"], usage["period_end"], {bound["most"] for bound in usage["bounds"]}), ("self_hosted", None, {None}))
        accounts = [api.connect(f"small{n}.test") for n in range(4)]
        post = api.publish("it was there before", accounts[0], schedule={"at": later(7200)})
        given = run("workspace", "plan", "--data", self.data.path, "--workspace", "small", "--set", "free", "--json")
        self.assertEqual(given.returncode, 0, given.stderr)
        usage = api.get("/v1/usage").json()
        self.assertEqual(usage["plan"], "free")
        self.assertEqual([(bound["what"], bound["most"], bound["used"]) for bound in usage["bounds"]],
                         [("integrations", 3, 4), ("members", 2, 0), ("scheduled_posts", 30, 1), ("requests_per_minute", 60, None)])
        refused = self.assert_problem(api.post("/v1/integrations", {"channel": "bluesky", "identifier": "more.test",
                                                                    "app_password": "x"}), 403, "plan_limit")
        self.assertEqual((refused["limit"], refused["most"], refused["used"]), ("integrations", 3, 4))
        self.assertEqual(refused["detail"], "The plan free allows 3 accounts, and there are 4: remove an account. Whoever runs the installation "
                                            "can give another plan (openpost workspace plan).")
        self.assertEqual(api.post(f"/v1/posts/{post['id']}/schedule", {"now": True}).status, 200)
        self.assertEqual(api.wait_post(post, "published")["status"], "published")
        self.assertEqual(api.get("/v1/usage").json()["published_targets"], 1)

    def test_nobody_is_a_member_before_somebody_is_invited_or_added(self):
        _, key = created(self.data, "empty")
        api = Api(self.service.port, key)
        self.assertEqual(api.get("/v1/members").json()["data"], [])
        (used,) = [bound["used"] for bound in api.get("/v1/usage").json()["bounds"] if bound["what"] == "members"]
        self.assertEqual(used, 0)

    def test_the_readme_tells_each_role_what_it_reads_and_writes(self):
        """By tests/access.csv, which is asked cell by cell."""
        root = pathlib.Path(__file__).parents[2]
        cells = {line.split(",")[0]: dict(zip(("owner", "admin", "editor", "viewer"), line.split(",")[2:]))
                 for line in (root / "tests/access.csv").read_text().splitlines() if ",own," in line}
        rows = dict(re.findall(r"^\| (`viewer`|`auditor`|`editor`|`admin`, `owner`) \| (.*) \|$", (root / "README.md").read_text(), re.MULTILINE))
        self.assertEqual(len(rows), 4)
        for noun, read, write in (("posts", "list_posts", "create_post"), ("series", "list_series", "create_series"), ("templates", "list_templates", "create_template"),
                                  ("accounts", "list_integrations", "connect_integration"), ("queues", "get_queue", "change_queue"),
                                  ("notifications", "list_notifications", None), ("settings", "get_workspace", "change_workspace"), ("API keys", None, "create_key"),
                                  ("punctuality", "punctuality", None), ("plan's use", None, "get_usage"), ("billing", None, "get_billing")):
            with self.subTest(noun):
                if read:
                    self.assertEqual(cells[read]["viewer"], "200")
                    self.assertIn(noun, rows["`viewer`"])
                if write:
                    self.assertEqual(cells[write]["viewer"], "403")
                    self.assertIn(noun, rows["`editor`" if cells[write]["editor"] != "403" else "`admin`, `owner`"])

    def test_what_plans_bound_stands_in_the_readme_and_in_the_help(self):
        root = pathlib.Path(__file__).parents[2]
        declared = [tuple(word.strip().replace("NONE", "-") for word in line.split(","))
                    for line in re.findall(r"^PLAN\((.*)\)$", (root / "core/decider/plan.def").read_text(), re.MULTILINE)]
        self.assertEqual(len(declared), 4)
        shown = [tuple(line.split()) for line in run("workspace", "--help").stdout.splitlines()]
        told = [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in (root / "README.md").read_text().splitlines()
                if line.startswith("| `")]
        for plan in declared:
            self.assertIn(plan, shown)
            self.assertIn(plan, told)

    def test_an_owner_alone_reads_what_is_billed(self):
        _, key = created(self.data, "billed", "--timezone", "Europe/Berlin")
        made = run("key", "--data", self.data.path, "--workspace", "billed", "--name", "it", "--role", "admin")
        owner, admin = Api(self.service.port, key), Api(self.service.port, made.stdout.splitlines()[-1].removeprefix("key: "))
        owner.witness = admin.witness = self.main.witness
        self.assertEqual(owner.get("/v1/billing").json(), {"plan": "self_hosted", "period_start": None, "period_end": None, "data": [],
                                                           "next_cursor": None})
        given = run("workspace", "plan", "--data", self.data.path, "--workspace", "billed", "--set", "team", "--json")
        billing = owner.get("/v1/billing").json()
        self.assertEqual((billing["plan"], billing["period_end"]), ("team", json.loads(given.stdout)["period_end"]))
        self.assertRegex(billing["period_end"], "T2[23]:00:00Z$")
        self.assertEqual(owner.get("/v1/notifications").json(), {"unread": None, "data": [], "next_cursor": None})
        self.assert_problem(admin.get("/v1/billing"), 403, "forbidden")
        self.assertEqual(admin.get("/v1/usage").json()["plan"], "team")
        run("workspace", "plan", "--data", self.data.path, "--workspace", "billed", "--set", "agency")
        self.assertEqual(owner.get("/v1/billing").json(), {**billing, "plan": "agency"})

    def test_the_keys_of_a_workspace_with_a_plan_may_each_ask_as_often_as_it_says(self):
        _, key = created(self.data, "often")
        api = Api(self.service.port, key)
        self.assertEqual(api.get("/v1/posts").headers["RateLimit-Policy"], f'"key";q={harness.RATE_LIMIT};w=60')
        planned = run("workspace", "plan", "--data", self.data.path, "--workspace", "often", "--set", "free")
        self.assertEqual(planned.returncode, 0, planned.stderr)
        self.assertEqual(api.get("/v1/posts").headers["RateLimit-Policy"], '"key";q=60;w=60')
        answers = [api.get("/v1/posts") for _ in range(80)]
        self.assertEqual((answers[0].status, answers[-1].status), (200, 429))
        self.assertTrue(answers[-1].headers["Retry-After"])
        other = run("key", "make", "--data", self.data.path, "--workspace", "often", "--name", "other", "--role", "viewer", "--json")
        self.assertEqual(Api(self.service.port, json.loads(other.stdout)["key"]).get("/v1/posts").status, 200)
        self.assertEqual(self.main.get("/v1/posts").status, 200)

    def test_what_the_operator_asks_for_wrongly_is_said_and_nothing_is_made(self):
        def made():  # what was refused elsewhere is told a second later, and which keys were used
            return [one for one in self.data.events() if one["type"] not in ("access_refused", "credentials_used")]
        before = made()
        for code, arguments in ((1, ("create", "--slug", "main", "--name", "x")),
                                (1, ("plan", "--workspace", "nobody", "--set", "team")),
                                (64, ("create", "--slug", "x")), (64, ("create", "--slug", "A", "--name", "x")),
                                (64, ("create", "--slug", "a", "--name", "x", "--timezone", "Mars/Olympus")),
                                (64, ("plan", "--workspace", "acme", "--set", "gold")), (64, ("plan", "--workspace", "acme")),
                                (64, ("list", "--slug", "acme")), (64, ("lose",)), (64, ())):
            ended = run("workspace", *arguments, "--data", self.data.path)
            self.assertEqual(ended.returncode, code, (arguments, ended))
            self.assertTrue(ended.stderr.startswith("openpost workspace: "), ended.stderr)
        self.assertEqual(made(), before)


class Alone(harness.Case):
    def test_workspaces_are_made_and_listed_without_a_service_too(self):
        data = self.world.data()
        _, key = created(data, "acme", "--max-lateness", "90m")
        made = run("workspace", "create", "--data", data.path, "--slug", "other", "--name", "Ö", "--json")
        self.assertEqual(set(json.loads(made.stdout)), {"workspace_id", "key"})
        lines = run("workspace", "list", "--data", data.path).stdout.splitlines()
        self.assertEqual([line.split()[1] for line in lines], ["main", "acme", "other"])
        service = self.world.serve(data)
        workspace = Api(service.port, key).get("/v1/workspace").json()
        self.assertEqual((workspace["slug"], workspace["max_lateness_ms"]), ("acme", 90 * 60 * 1000))
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_an_account_that_is_refused_takes_no_place_until_it_is_tried_again(self):
        data = self.world.data("places")
        service = self.world.serve(data, name="places")
        api = service.api
        self.assertEqual(run("workspace", "plan", "--data", data.path, "--workspace", "main", "--set", "free").returncode, 0)

        def used():
            return next(bound["used"] for bound in api.get("/v1/usage").json()["bounds"] if bound["what"] == "integrations")

        def refuse(identifier):
            made = api.post("/v1/integrations", {"channel": "bluesky", "identifier": identifier, "app_password": "wrong"})
            self.assertEqual(made.status, 201, made)
            wait_until(lambda: api.get(f"/v1/integrations/{made.json()['id']}").json()["status"] == "refused", 30, "the password is wrong")
            return made.json()["id"]

        refused = [refuse(f"wrong{number}.test") for number in range(4)]
        self.assertEqual(used(), 0)
        kept = [api.connect(f"right{number}.test") for number in range(3)]
        self.assertEqual(used(), 3)
        again = {"identifier": "wrong0.test", "app_password": "right"}
        self.assert_problem(api.post(f"/v1/integrations/{refused[0]}/reconnect", again), 403, "plan_limit")
        self.assertEqual(api.request("DELETE", f"/v1/integrations/{refused[1]}", headers={"If-Match": "*"}).status, 204)
        self.assertEqual(used(), 3)
        self.assertEqual(api.request("DELETE", f"/v1/integrations/{kept[0]['id']}", headers={"If-Match": "*"}).status, 204)
        tried = [api.post(f"/v1/integrations/{one}/reconnect", {**again, "identifier": f"wrong{number}.test"}).status for number, one in ((0, refused[0]), (2, refused[2]))]
        self.assertEqual((tried, used()), ([200, 403], 3))  # one place is left, and who is being connected has it
        wait_until(lambda: api.get(f"/v1/integrations/{refused[0]}").json()["status"] == "connected", 30, "the password is right")
        self.assertEqual(used(), 3)
        service.stop()
        self.assert_verified_and_replayed(data)


if __name__ == "__main__":
    harness.main()
