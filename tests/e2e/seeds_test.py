#!/usr/bin/env python3
"""What the product promises of workspaces, members, roles, keys, sign-in and billing, sentence by sentence: each case is one of them,
in short words, against the whole service over HTTP, and over RPC where keys and scopes are meant. Where a promise is read otherwise
than it was first said, the case says so. Media, mail and webhooks are promised elsewhere."""

import json
import re
import subprocess

import harness
from described import Described
from frames import REFUSED, Rpc, WELCOME, sha256, tag_key
from harness import Api, later, run, wait_until
from programs_test import EXAMPLE
from sign_in_test import PASSWORD, Browser, person
from workspace_end_test import DAY_S, clock_ahead
from workspaces_test import created

ROLES = ("owner", "admin", "editor", "viewer")
TYPEID = r"^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"
ANY = {"If_Match": "*"}


class Seeds(harness.Case):
    """An agency with two clients, a workspace each; people of every role in the first, in Berlin."""

    @classmethod
    def make_world(cls):
        cls.data = cls.world.data()
        cls.acme_id, cls.acme_key = created(cls.data, "acme", "--timezone", "Europe/Berlin")
        cls.globex_id, cls.globex_key = created(cls.data, "globex", "--timezone", "America/New_York")
        for role in ROLES:
            person(cls.data, role, "--workspace", "acme", "--role", role)
        cls.rpc_port = harness.free_port()
        cls.service = cls.world.serve(cls.data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.people = {}
        for role in ROLES:
            cls.people[role] = Browser(cls.service.port)
            assert cls.people[role].sign_in(role).status == 201
            cls.people[role].api.witness = witness
        cls.acme, cls.globex = Api(cls.service.port, cls.acme_key), Api(cls.service.port, cls.globex_key)
        cls.acme.witness = cls.globex.witness = witness
        cls.account, cls.other_account = cls.acme.connect("acme.test"), cls.globex.connect("globex.test")

    def done(self, role, method, path, body=None, **headers):
        answer = self.people[role].ask(method, path, body, **headers)
        self.assertLess(answer.status, 300, (role, method, path, answer))
        return answer.json() if answer.body else None

    def refused(self, role, method, path, body=None, code="forbidden", **headers):
        self.assert_problem(self.people[role].ask(method, path, body, **headers), 403, code)

    def key(self, api=None, **more):
        made = (api or self.acme).post("/v1/api-keys", {"name": "seed", "role": "editor", **more})
        self.assertEqual(made.status, 201, made)
        return made.json()

    def rpc(self, key):
        rpc = Rpc(self.rpc_port, tag_key(key), sha256(tag_key(key))[:16])
        try:
            return rpc.hello()
        finally:
            rpc.close()

    def draft(self, role="editor", **more):
        return self.done(role, "POST", "/v1/posts", {"content": {"text": "a draft"}, "targets": [{"integration_id": self.account["id"]}], **more})

    # A workspace is your organization.

    def test_a_workspace_owns_its_channels_posts_members_and_billing(self):
        """Media come with the media store."""
        post = self.draft()
        for path in ("/v1/integrations", "/v1/posts", "/v1/members", "/v1/api-keys"):
            owners = {api: {one["workspace_id"] for one in api.get(path + "?limit=200").json()["data"]} for api in (self.acme, self.globex)}
            self.assertLessEqual(owners[self.acme], {self.acme_id}, path)
            self.assertLessEqual(owners[self.globex], {self.globex_id}, path)
        self.assertEqual(run("workspace", "plan", "--data", self.data.path, "--workspace", "globex", "--set", "team").returncode, 0)
        self.assertEqual((self.globex.get("/v1/billing").json()["plan"], self.acme.get("/v1/billing").json()["plan"]), ("team", "self_hosted"))
        self.assert_problem(self.globex.get("/v1/posts/" + post["id"]), 404, "not_found")

    def test_every_api_key_is_scoped_to_one_workspace(self):
        key = self.key(name="one-place", role="admin")
        self.assertEqual(key["workspace_id"], self.acme_id)
        api = Api(self.service.port, key["key"])
        self.assertEqual(api.get("/v1/posts", headers={"OpenPost-Workspace": self.globex_id}).status, 200)  # it has no say: the key's
        foreign = self.globex.publish("globex's own", self.other_account, schedule={"at": later(7200)})
        for method, path in (("GET", f"/v1/posts/{foreign['id']}"), ("POST", f"/v1/posts/{foreign['id']}/cancel"),
                             ("GET", f"/v1/integrations/{self.other_account['id']}")):
            self.assert_problem(api.request(method, path), 404, "not_found")
        self.assert_problem(api.post("/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": self.other_account["id"]}]}),
                            422, "reference_not_found")
        written = subprocess.run([EXAMPLE, f"tcp://127.0.0.1:{self.rpc_port}", key["key"]], stdout=subprocess.PIPE, timeout=60, text=True)
        self.assertEqual(written.returncode, 0, written)
        (post,) = set(re.findall(r"post_[0-9a-z]{26}", written.stdout.partition("\n")[0]))
        self.assertEqual(self.acme.get("/v1/posts/" + post).status, 200)
        self.assert_problem(self.globex.get("/v1/posts/" + post), 404, "not_found")
        self.assertNotIn(foreign["id"], written.stdout)

    def test_an_agency_has_one_workspace_per_client(self):
        """Its operator sees all of them; one of its people may be a member of several, and says which is meant."""
        listed = run("workspace", "list", "--data", self.data.path, "--json")
        self.assertLessEqual({"acme", "globex"}, {json.loads(line)["slug"] for line in listed.stdout.splitlines()})
        token = self.globex.post("/v1/invitations", {"email": "editor@example.com", "role": "viewer"}).json()["accept_url"].partition("#")[2]
        self.done("editor", "POST", "/v1/invitation/accept", {"token": token})
        try:
            problem = self.assert_problem(self.people["editor"].ask("GET", "/v1/posts"), 422, "workspace_required")
            self.assertEqual(problem["param"], "OpenPost-Workspace")
            self.assertIn("header OpenPost-Workspace, by its id or its slug: GET /v1/workspaces lists", problem["detail"])
            self.assertEqual({one["slug"] for one in self.done("editor", "GET", "/v1/workspaces")["data"]}, {"acme", "globex"})
            places = {place["workspace_id"]: place["role"] for place in self.done("editor", "GET", "/v1/session")["workspaces"]}
            self.assertEqual(places, {self.acme_id: "editor", self.globex_id: "viewer"})
            body = {"content": {"text": "for one client"}}
            self.refused("editor", "POST", "/v1/posts", body, OpenPost_Workspace=self.globex_id)
            self.assertEqual(self.done("editor", "POST", "/v1/posts", body, OpenPost_Workspace=self.acme_id)["workspace_id"], self.acme_id)
        finally:
            self.done("editor", "POST", "/v1/membership/leave", OpenPost_Workspace=self.globex_id)

    # Member and role.

    def test_members_belong_to_a_workspace_with_one_of_four_roles(self):
        """There is a fifth, the auditor, whose access ends by itself."""
        self.assertLessEqual(set(ROLES), {one["role"] for one in self.acme.get("/v1/members?limit=200").json()["data"]})
        for role in ROLES:
            made = self.done("owner", "POST", "/v1/invitations", {"email": f"new-{role}@example.com", "role": role})
            self.assertEqual((made["role"], made["workspace_id"]), (role, self.acme_id))
        auditor = {"email": "auditor@example.com", "role": "auditor"}
        self.assert_problem(self.people["owner"].ask("POST", "/v1/invitations", auditor), 422, "expiry_required")
        self.assertEqual(self.done("owner", "POST", "/v1/invitations", {**auditor, "until": later(DAY_S)})["role"], "auditor")
        for wrong in ("king", "Owner", "", None):
            self.assertEqual(self.people["owner"].ask("POST", "/v1/invitations", {**auditor, "role": wrong}).status, 422, wrong)

    def test_an_owner_has_full_access_with_billing_and_member_management(self):
        for path in ("/v1/billing", "/v1/notifications", "/v1/usage", "/v1/members", "/v1/invitations", "/v1/api-keys", "/v1/events",
                     "/v1/posts", "/v1/integrations", "/v1/punctuality", "/v1/workspace", "/v1/log/checkpoint"):
            self.assertEqual(self.people["owner"].ask("GET", path).status, 200, path)
        member = self.done("owner", "POST", "/v1/invitations", {"email": "other-owner@example.com", "role": "owner"})
        self.assertEqual(self.done("owner", "PATCH", "/v1/members/" + member["id"], {"role": "viewer"}, **ANY)["role"], "viewer")
        self.done("owner", "DELETE", "/v1/invitations/" + member["id"])
        self.assert_problem(self.people["owner"].ask("DELETE", "/v1/workspace", **ANY), 409, "workspace_not_paused")
        post = self.draft("owner", schedule={"at": later(7200)})
        self.done("owner", "POST", f"/v1/posts/{post['id']}/cancel")

    def test_an_admin_manages_channels_and_members_and_no_billing(self):
        made = self.done("admin", "POST", "/v1/integrations", {"channel": "bluesky", "identifier": "by-admin.test", "app_password": "x"})
        path = "/v1/integrations/" + made["id"]
        wait_until(lambda: self.done("admin", "GET", path)["status"] == "connected", 20, "connected")
        self.assertTrue(self.done("admin", "POST", path + "/pause")["paused"])
        self.assertFalse(self.done("admin", "POST", path + "/resume")["paused"])
        self.done("admin", "DELETE", path, **ANY)
        member = self.done("admin", "POST", "/v1/invitations", {"email": "by-admin@example.com", "role": "editor"})
        self.done("admin", "PATCH", "/v1/members/" + member["id"], {"role": "admin"}, **ANY)
        self.done("admin", "DELETE", "/v1/members/" + member["id"], **ANY)
        self.refused("admin", "POST", "/v1/invitations", {"email": "above@example.com", "role": "owner"}, "role_above_own")
        self.refused("admin", "GET", "/v1/billing")
        self.refused("admin", "DELETE", "/v1/workspace", **ANY)
        self.assertEqual(self.done("admin", "GET", "/v1/usage")["plan"], "self_hosted")  # what is bounded, not what is billed

    def test_an_editor_drafts_schedules_and_publishes(self):
        post = self.draft()
        self.assertEqual(post["status"], "draft")
        self.assertEqual(self.done("editor", "POST", f"/v1/posts/{post['id']}/schedule", {"at": later(7200)})["status"], "scheduled")
        self.done("editor", "POST", f"/v1/posts/{post['id']}/schedule", {"now": True})
        self.acme.wait_post(post, "published")
        for method, path, body in (("GET", "/v1/members", None), ("POST", "/v1/integrations", {"channel": "bluesky", "identifier": "x.test",
                                   "app_password": "x"}), ("GET", "/v1/api-keys", None), ("PATCH", "/v1/workspace", {"name": "x"}),
                                   ("GET", "/v1/billing", None), ("POST", "/v1/workspace/pause", None)):
            self.refused("editor", method, path, body, **ANY)

    def test_a_viewer_reads_analytics_and_schedules_and_changes_nothing(self):
        """Analytics: the punctuality report, which is all there is of them so far."""
        post = self.draft(schedule={"at": later(7200)})
        self.assertEqual(self.done("viewer", "GET", "/v1/posts/" + post["id"])["publish_at"], post["publish_at"])
        self.assertIn(post["id"], [one["id"] for one in self.done("viewer", "GET", "/v1/posts?status=scheduled")["data"]])
        for path in ("/v1/punctuality", "/v1/integrations", f"/v1/posts/{post['id']}/history", f"/v1/posts/{post['id']}/deliveries"):
            self.done("viewer", "GET", path)
        for method, path, body in (("POST", "/v1/posts", {"content": {"text": "x"}}), ("PATCH", f"/v1/posts/{post['id']}", {"labels": ["x"]}),
                                   ("POST", f"/v1/posts/{post['id']}/cancel", None), ("POST", f"/v1/posts/{post['id']}/schedule", {"now": True}),
                                   ("POST", f"/v1/integrations/{self.account['id']}/pause", None), ("GET", "/v1/usage", None)):
            self.refused("viewer", method, path, body, **ANY)

    # Timezone.

    def test_times_are_kept_in_utc_and_shown_in_the_workspaces_display_timezone(self):
        """An API shows both: UTC, and beside it the workspace's local time. The setting is changed where settings are."""
        at = "2027-07-01T12:00:00+02:00"
        post = self.draft(schedule={"at": at})
        self.assertEqual((post["publish_at"], post["publish_at_local"], post["timezone"]),
                         ("2027-07-01T10:00:00Z", "2027-07-01T12:00:00+02:00", "Europe/Berlin"))
        (event,) = [one for one in self.data.events() if one["type"] == "post_scheduled" and one["stream"] == post["id"]]
        self.assertEqual(event["data"]["publish_at"], "2027-07-01T10:00:00Z")
        self.done("admin", "PATCH", "/v1/workspace", {"timezone": "Asia/Kathmandu"}, **ANY)
        try:
            shown = self.acme.read_post(post)
            self.assertEqual((shown["publish_at"], shown["publish_at_local"]), ("2027-07-01T10:00:00Z", "2027-07-01T15:45:00+05:45"))
        finally:
            self.done("admin", "PATCH", "/v1/workspace", {"timezone": "Europe/Berlin"}, **ANY)

    def test_schedules_use_the_workspaces_timezone_and_a_post_may_have_its_own(self):
        at = "2027-01-15T09:00:00Z"
        plain, own = self.draft(schedule={"at": at}), self.draft(schedule={"at": at}, timezone="America/New_York")
        self.assertEqual((plain["timezone"], plain["publish_at_local"]), ("Europe/Berlin", "2027-01-15T10:00:00+01:00"))
        self.assertEqual((own["timezone"], own["publish_at_local"]), ("America/New_York", "2027-01-15T04:00:00-05:00"))
        self.assertEqual(plain["publish_at"], own["publish_at"])

    # API key.

    def test_an_api_key_authenticates_a_request(self):
        key = self.key(name="request")["key"]
        self.assertEqual(Api(self.service.port, key).get("/v1/posts").status, 200)
        self.assertEqual(self.rpc(key)[0], WELCOME)
        for wrong in (None, "op_request_" + "0" * 43, key[:-1], key + "0", key.swapcase()):
            self.assert_problem(Api(self.service.port, wrong).get("/v1/posts"), 401, "unauthenticated")
            if wrong:
                self.assertEqual(self.rpc(wrong)[0], REFUSED)

    def test_keys_are_created_and_revoked_in_the_settings(self):
        made = self.done("admin", "POST", "/v1/api-keys", {"name": "settings", "role": "viewer"})
        self.assertIn(made["id"], [one["id"] for one in self.done("admin", "GET", "/v1/api-keys?limit=200")["data"]])
        api = Api(self.service.port, made["key"])
        self.assertEqual(api.get("/v1/posts").status, 200)
        self.done("admin", "DELETE", "/v1/api-keys/" + made["id"])
        self.assert_problem(api.get("/v1/posts"), 401, "unauthenticated")
        self.assertEqual(self.rpc(made["key"])[0], REFUSED)
        for role in ("editor", "viewer"):
            self.refused(role, "POST", "/v1/api-keys", {"name": "settings", "role": "viewer"})

    def test_keys_have_named_prefixes_for_rotation_without_downtime(self):
        old = self.key(name="deploy-bot")
        self.assertRegex(old["key"], r"^op_deploy-bot_[0-9A-Za-z]{43}$")
        new = self.acme.post(f"/v1/api-keys/{old['id']}/rotate").json()
        self.assertRegex(new["key"], r"^op_deploy-bot_[0-9A-Za-z]{43}$")
        self.assertEqual((new["rotates"], new["name"], new["role"]), (old["id"], old["name"], old["role"]))
        apis = [Api(self.service.port, one["key"]) for one in (old, new)]
        self.assertEqual([api.get("/v1/posts").status for api in apis], [200, 200])
        self.assertEqual([self.rpc(one["key"])[0] for one in (old, new)], [WELCOME, WELCOME])
        self.assertEqual(self.acme.request("DELETE", "/v1/api-keys/" + old["id"]).status, 204)
        self.assertEqual([api.get("/v1/posts").status for api in apis], [401, 200])
        self.assertEqual([self.rpc(one["key"])[0] for one in (old, new)], [REFUSED, WELCOME])

    # Tables, and who sees their rows.

    def test_a_workspace_has_an_id_a_slug_a_plan_with_limits_and_a_timezone(self):
        shown = self.acme.get("/v1/workspace").json()
        self.assertRegex(shown["id"], TYPEID.format("ws"))
        self.assertEqual((shown["slug"], shown["plan"], shown["timezone"]), ("acme", "self_hosted", "Europe/Berlin"))
        workspace_id, key = created(self.data, "bounded")
        self.assertEqual(run("workspace", "plan", "--data", self.data.path, "--workspace", workspace_id, "--set", "free").returncode, 0)
        api = Api(self.service.port, key)
        self.assertEqual(api.get("/v1/workspace").json()["plan"], "free")
        usage = api.get("/v1/usage").json()
        self.assertEqual({bound["what"]: bound["most"] for bound in usage["bounds"]},
                         {"integrations": 3, "members": 2, "scheduled_posts": 30, "requests_per_minute": 60})
        for number in range(3):
            api.connect(f"bounded{number}.test")
        self.assert_problem(api.post("/v1/integrations", {"channel": "bluesky", "identifier": "more.test", "app_password": "x"}), 403, "plan_limit")

    def test_a_member_has_an_id_a_workspace_a_role_and_permissions(self):
        made = self.done("owner", "POST", "/v1/invitations", {"email": "approver@example.com", "role": "editor", "permissions": ["approve"]})
        self.assertRegex(made["id"], TYPEID.format("mem"))
        self.assertEqual((made["workspace_id"], made["role"], made["permissions"]), (self.acme_id, "editor", ["approve"]))

    def test_a_social_account_has_a_workspace_a_platform_a_status_and_when_its_token_expires(self):
        """It is called an integration, its platform a channel."""
        shown = self.acme.get("/v1/integrations/" + self.account["id"]).json()
        self.assertRegex(shown["id"], TYPEID.format("int"))
        self.assertEqual((shown["workspace_id"], shown["channel"], shown["status"]), (self.acme_id, "bluesky", "connected"))
        self.assertGreater(harness.seconds_of(shown["token_expires_at"]), harness.seconds_of(shown["created_at"]))

    def test_a_post_has_a_workspace_and_an_author(self):
        me = next(one for one in self.acme.get("/v1/members?limit=200").json()["data"] if one["email"] == "editor@example.com")
        by_person, key = self.draft(), self.key(name="author")
        by_key = Api(self.service.port, key["key"]).post("/v1/posts", {"content": {"text": "by a program"}}).json()
        self.assertEqual((by_person["workspace_id"], by_person["author_id"]), (self.acme_id, me["id"]))
        self.assertEqual((by_key["workspace_id"], by_key["author_id"]), (self.acme_id, key["id"]))
        for author, post in ((me["id"], by_person), (key["id"], by_key)):
            listed = [one["id"] for one in self.acme.get(f"/v1/posts?limit=200&author_id={author}").json()["data"]]
            self.assertIn(post["id"], listed)

    def test_every_row_is_seen_by_its_workspace_alone(self):
        """There are no tables to be secured row by row: whoever asks is let in to one workspace, and the rest is nowhere. A person
        who is a member of both has one id in both."""
        self.draft()
        self.globex.publish("globex's", self.other_account, schedule={"at": later(7200)})
        paths = ("/v1/workspace", "/v1/posts?limit=200", "/v1/integrations?limit=200", "/v1/members?limit=200", "/v1/invitations?limit=200",
                 "/v1/api-keys?limit=200", "/v1/events?limit=200", "/v1/punctuality", "/v1/billing", "/v1/notifications", "/v1/usage")
        seen = {}
        for api, other in ((self.acme, self.globex_id), (self.globex, self.acme_id)):
            said = b"".join(api.get(path).body for path in paths).decode()
            self.assertNotIn(other, said)
            seen[api] = set(re.findall(r"\b(?:post|tgt|int|mem|key|evt|ntf)_[0-9a-z]{26}\b", said))
        self.assertTrue(min(map(len, seen.values())) > 3)
        self.assertEqual(seen[self.acme] & seen[self.globex], set())

    def test_ids_in_answers_can_be_referenced_safely(self):
        """As they are, for as long as the thing is there; what they name is somebody else's business for somebody else."""
        for path, kind in (("/v1/posts", "post"), ("/v1/integrations", "int"), ("/v1/members", "mem"), ("/v1/api-keys", "key")):
            for one in self.acme.get(path).json()["data"]:
                self.assertRegex(one["id"], TYPEID.format(kind))
                self.assertEqual(self.acme.get(f"{path}/{one['id']}").json()["id"], one["id"])
                self.assert_problem(self.globex.get(f"{path}/{one['id']}"), 404, "not_found")
                self.assert_problem(self.acme.get(f"{path}/{one['id'].upper()}"), 404, "not_found")

    # Integrating safely.

    def test_a_teammates_change_is_not_overwritten(self):
        post = self.draft()
        seen = self.people["editor"].ask("GET", "/v1/posts/" + post["id"]).headers["ETag"]
        self.done("admin", "PATCH", "/v1/posts/" + post["id"], {"content": {"text": "the teammate's"}}, If_Match=seen)
        late = self.people["editor"].ask("PATCH", "/v1/posts/" + post["id"], {"content": {"text": "mine"}}, If_Match=seen)
        self.assert_problem(late, 412, "precondition_failed")
        self.assert_problem(self.people["editor"].ask("PATCH", "/v1/posts/" + post["id"], {"content": {"text": "mine"}}), 428,
                            "precondition_required")
        self.assertEqual(self.acme.read_post(post)["content"]["text"], "the teammate's")

    def test_the_description_tells_what_authentication_each_operation_requires(self):
        description = Api(self.service.port).get("/v1/openapi.json").json()
        self.assertTrue(description["components"]["securitySchemes"])
        open_to_all = set()
        for path, operations in description["paths"].items():
            for method, operation in operations.items():
                if method not in ("get", "post", "put", "patch", "delete"):
                    continue
                answer = Api(self.service.port).request(method.upper(), path)
                needs = operation.get("security", description.get("security")) not in ([], [{}])
                self.assertEqual(answer.status == 401 and answer.json()["code"] == "unauthenticated", needs, (method, path, answer))
                if not needs:
                    open_to_all.add(path)
        self.assertEqual(open_to_all, {"/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/v1/session", "/v1/invitation/accept",
                                       "/v1/providers", "/v1/session/oidc", "/v1/session/oidc/callback", "/v1/invitation/oidc"})


class Billing(harness.Case):
    def test_a_notification_tells_that_billing_is_due(self):
        """To owners, in the list that a dashboard shows; as mail and as a webhook's event it goes out with those."""
        data = self.world.data()
        ahead = clock_ahead(data.path.parent)
        workspace_id, key = created(data, "acme")
        _, other = created(data, "globex")
        self.assertEqual(run("workspace", "plan", "--data", data.path, "--workspace", "acme", "--set", "team").returncode, 0)
        person(data, "owner", "--workspace", "acme", "--role", "owner")
        person(data, "admin", "--workspace", "acme", "--role", "admin")
        service = harness.Serve(self.world, data).start(ahead(32 * DAY_S))
        api, people = Api(service.port, key), {}
        api.witness = Described(Api(service.port).get("/v1/openapi.json").json())
        wait_until(lambda: api.get("/v1/notifications").json()["data"], 20, "told that billing is due")
        (told,) = api.get("/v1/notifications").json()["data"]
        (billed,) = api.get("/v1/billing").json()["data"]
        (due,) = [event for event in data.events() if event["type"] == "billing_due"]
        self.assertEqual((told["kind"], told["period"], due["workspace_id"]), ("billing.due", billed, workspace_id))
        self.assertEqual(billed["plan"], "team")
        self.assertEqual(billed["period_end"], api.get("/v1/billing").json()["period_start"])
        for name in ("owner", "admin"):
            people[name] = Browser(service.port)
            self.assertEqual(people[name].sign_in(name, PASSWORD).status, 201)
        self.assertEqual(people["owner"].ask("GET", "/v1/notifications").json(), {"unread": 1, "data": [{**told, "read": False}], "next_cursor": None})
        self.assertEqual(people["admin"].ask("GET", "/v1/notifications").json(), {"unread": 0, "data": [], "next_cursor": None})
        self.assertEqual(Api(service.port, other).get("/v1/notifications").json()["data"], [])


if __name__ == "__main__":
    harness.main()
