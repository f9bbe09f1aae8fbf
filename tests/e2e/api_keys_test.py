#!/usr/bin/env python3
"""API keys over HTTP: made, listed, rotated, revoked; what a key with scopes, one that is restricted to accounts, and one whose time is
over gets; and that nobody gives what they do not have."""

import json
import re
import threading
import time

import harness
from described import Described
from event_stream_test import Stream
from frames import REFUSED, Rpc, WELCOME, sha256, tag_key, uuid_of
from harness import Api, later
from keys_test import ACTS_WITHIN_S
from sign_in_test import Browser, person

KEY = r"op_{}_[0-9A-Za-z]{{43}}"
DELETE_INTEGRATION = 27
SCOPES = ("posts:read posts:write integrations:read integrations:write analytics:read members:read members:write keys:read keys:write "
          "settings:read settings:write log:read billing:read").split()


class Made(harness.Case):
    """One service for all cases, with three accounts."""

    @classmethod
    def make_world(cls):
        cls.rpc_port = harness.free_port()
        cls.data = cls.world.data()
        cls.service = cls.world.serve(cls.data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.document = Api(cls.service.port).get("/v1/openapi.json").json()
        cls.api = cls.open(cls.service.api.key)
        cls.accounts = [cls.api.connect(f"{name}.test") for name in ("alice", "bob", "carol")]

    @classmethod
    def open(cls, key):
        """The API with that key; every answer is held against the description."""
        api = Api(cls.service.port, key)
        api.witness = Described(cls.document)
        return api

    def make(self, name="ci", role="editor", by=None, **more):
        made = (by or self.api).post("/v1/api-keys", {"name": name, "role": role, **more})
        self.assertEqual(made.status, 201, made)
        self.assertEqual(made.headers["Location"], "/v1/api-keys/" + made.json()["id"])
        return made.json()

    def by(self, key):
        return self.open(key["key"])

    def refused(self, answer, status, code, param=None):
        problem = self.assert_problem(answer, status, code)
        self.assertEqual(problem["param"], param)
        return problem

    # Making

    def test_a_key_is_shown_once_and_opens_what_its_role_allows(self):
        key = self.make("night-2")
        self.assertRegex(key["key"], "^" + KEY.format("night-2") + "$")
        self.assertEqual(self.by(key).post("/v1/posts", {}).status, 201)
        self.assertEqual(self.by(key).get("/v1/api-keys").status, 403)
        read = self.api.get("/v1/api-keys/" + key["id"])
        text = key.pop("key")
        self.assertEqual(read.json(), key)
        self.assertEqual((key["role"], key["scopes"], key["integrations"], key["rotates"], key["expires_at"], key["revoked_at"]),
                         ("editor", None, None, None, None, None))
        for shown in (read.body, self.api.get("/v1/api-keys?limit=200").body, self.api.get("/v1/events?limit=200").body):
            self.assertNotIn(text[-20:].encode(), shown)

    def test_a_key_tells_who_made_it_also_when_they_are_gone(self):
        (owner,) = [one for one in self.listed() if one["name"] == "owner"]
        self.assertIsNone(owner["created_by"], "made at the data folder")
        self.assertNotIn(" by ", [line for line in self.shown() if owner["id"] in line][0])
        first = self.make("first", "admin")
        second = self.make("second", "admin", by=self.by(first))
        third = self.by(second).post(f"/v1/api-keys/{second['id']}/rotate", {}).json()
        self.assertEqual([one["created_by"] for one in (first, second, third)], [owner["id"], first["id"], second["id"]])
        self.assertEqual(self.api.request("DELETE", "/v1/api-keys/" + first["id"]).status, 204)
        for one, maker in ((second, first), (third, second)):
            self.assertEqual(self.api.get("/v1/api-keys/" + one["id"]).json()["created_by"], maker["id"])
            self.assertTrue([line for line in self.shown() if line.startswith(one["id"]) and f" by {maker['id']}" in line])
        rpc = Rpc(self.rpc_port, tag_key(self.service.api.key))
        self.addCleanup(rpc.close)
        self.assertEqual(json.loads(rpc.query("get_key", {"key_id": second["id"]})[1])["created_by"], first["id"])

    def test_the_key_of_a_member_who_left_still_names_them(self):
        user = person(self.data, "grace", "--workspace", "main", "--role", "admin")
        browser = Browser(self.service.port)
        self.assertEqual(browser.sign_in("grace").status, 201)
        made = browser.ask("POST", "/v1/api-keys", {"name": "hers", "role": "viewer"}).json()
        self.assertEqual(browser.ask("POST", "/v1/membership/leave").status, 204)
        maker = self.api.get("/v1/api-keys/" + made["id"]).json()["created_by"]
        actor = self.api.get("/v1/actors/" + maker).json()
        self.assertEqual((actor["kind"], actor["name"], actor["ended_at"] is None), ("member", "Grace", False))
        self.assertNotEqual(maker, user)

    def shown(self):
        return harness.run("key", "list", "--data", self.data.path).stdout.splitlines()

    def test_a_repeated_request_makes_one_key_and_shows_it_once(self):
        headers = {"Idempotency-Key": "make-it"}
        body = {"name": "once", "role": "viewer"}
        first = self.api.post("/v1/api-keys", body, headers)
        again = self.api.post("/v1/api-keys", body, headers)
        self.assertEqual((first.status, again.status, again.headers["Idempotent-Replayed"]), (201, 201, "true"))
        made = first.json()
        self.assertRegex(made["key"], KEY.format("once"))
        self.assertEqual(again.json(), {**made, "key": None})
        self.assertEqual([one["name"] for one in self.listed()].count("once"), 1)
        self.api.request("DELETE", "/v1/api-keys/" + made["id"])
        self.assertEqual(self.api.post("/v1/api-keys", body, headers).json(), {**made, "key": None}, "as it was then")
        self.refused(self.api.post("/v1/api-keys", {**body, "role": "editor"}, headers), 422, "idempotency_key_reused")

    def listed(self, limit=2):
        rows, path = [], f"/v1/api-keys?limit={limit}"
        while path:
            page = self.api.get(path).json()
            self.assertTrue(len(page["data"]) == limit or page["next_cursor"] is None)
            rows += page["data"]
            path = page["next_cursor"] and f"/v1/api-keys?limit={limit}&cursor={page['next_cursor']}"
        return rows

    def test_keys_are_listed_in_pages_in_the_order_of_their_making(self):
        made = [self.make(f"page-{n}")["id"] for n in range(5)]
        listed = [one["id"] for one in self.listed()]
        self.assertEqual([one for one in listed if one in made], made)
        self.assertEqual(len(set(listed)), len(listed))
        self.assertEqual(self.listed(200)[0]["name"], "owner")
        self.refused(self.api.get("/v1/api-keys?cursor=00"), 400, "cursor_invalid", "cursor")

    def test_each_fault_of_a_wish_is_told_with_its_place(self):
        good = {"name": "a", "role": "admin"}
        for more, status, code, param in (
                ({"name": "UPPER"}, 422, "field_invalid", "/name"),
                ({"name": ""}, 422, "field_invalid", "/name"),
                ({"name": "x" * 25}, 422, "field_too_long", "/name"),
                ({"role": "king"}, 422, "field_invalid", "/role"),
                ({"role": None}, 422, "field_missing", "/role"),
                ({"scopes": []}, 422, "field_invalid", "/scopes"),
                ({"scopes": ["posts:read", "posts:burn"]}, 422, "field_invalid", "/scopes/1"),
                ({"scopes": ["posts:read", 7]}, 422, "field_wrong_type", "/scopes/1"),
                ({"role": "viewer", "scopes": ["posts:write"]}, 422, "scope_above_role", "/scopes/0"),
                ({"integrations": [self.accounts[0]["id"], "int_nothing"]}, 422, "reference_not_found", "/integrations/1"),
                ({"expires_at": "2001-01-01T00:00:00Z"}, 422, "timestamp_past", "/expires_at"),
                ({"expires_at": "2101-01-01"}, 422, "timestamp_invalid", "/expires_at"),
                ({"role": "auditor"}, 422, "expiry_required", "/expires_at"),
                ({"role": "auditor", "expires_at": later(367 * 86400)}, 422, "expiry_required", "/expires_at"),
                ({"colour": "red"}, 422, "field_unknown", "/colour")):
            self.refused(self.api.post("/v1/api-keys", {**good, **more}), status, code, param)
        self.make("audit", "auditor", expires_at=later(86400))

    def test_nobody_gives_or_takes_what_is_above_their_own(self):
        admin = self.by(self.make("boss", "admin"))
        self.make("more", "admin", by=admin)
        self.refused(admin.post("/v1/api-keys", {"name": "a", "role": "owner"}), 403, "role_above_own", "/role")
        owner = next(one["id"] for one in self.listed() if one["name"] == "owner")
        self.assert_problem(admin.request("DELETE", "/v1/api-keys/" + owner), 403, "role_above_own")
        self.assert_problem(admin.post(f"/v1/api-keys/{owner}/rotate"), 403, "role_above_own")
        keeper = self.by(self.make("keeper", "admin", scopes=["keys:read", "keys:write"]))
        self.assert_problem(keeper.post("/v1/api-keys", {"name": "a", "role": "admin"}), 403, "role_above_own")
        self.assert_problem(keeper.post("/v1/api-keys", {"name": "a", "role": "editor", "scopes": ["posts:write"]}), 403, "role_above_own")
        self.make("narrow", "admin", by=keeper, scopes=["keys:read"])

    def test_an_id_that_names_no_key_here_names_nothing(self):
        other = self.world.data("elsewhere")
        key_id = harness.run("key", "list", "--data", other.path, "--json").stdout.split('"')[3]
        self.assertTrue(key_id.startswith("key_"))
        known = self.make("known")["id"]
        bodies = set()
        for unknown in (key_id, known[:-1] + ("0" if known[-1] != "0" else "1"), "key_x", known.replace("key_", "post_")):
            for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
                answer = self.api.request(method, f"/v1/api-keys/{unknown}{path}")
                self.assert_problem(answer, 404, "not_found")
                bodies.add(re.sub(b"req_[0-9a-z]+", b"", answer.body))
        self.assertEqual(len(bodies), 1)

    # The end

    def test_a_key_is_rotated_without_a_gap(self):
        first = self.make("turn", "editor", scopes=["posts:read", "posts:write"], integrations=[self.accounts[1]["id"]],
                          expires_at=later(86400))
        made = self.api.post(f"/v1/api-keys/{first['id']}/rotate")
        second = made.json()
        self.assertEqual((made.status, second["rotates"]), (201, first["id"]))
        for same in ("name", "role", "scopes", "integrations", "expires_at", "workspace_id"):
            self.assertEqual(second[same], first[same], same)
        self.assertNotEqual(second["key"], first["key"])
        self.assertEqual([self.by(key).get("/v1/posts").status for key in (first, second)], [200, 200])
        self.assertEqual(self.api.request("DELETE", "/v1/api-keys/" + first["id"]).status, 204)
        self.assertEqual([self.by(key).get("/v1/posts").status for key in (first, second)], [401, 200])
        third = self.api.post(f"/v1/api-keys/{second['id']}/rotate", {"expires_at": later(2 * 86400)}).json()
        self.assertGreater(third["expires_at"], second["expires_at"])
        self.refused(self.api.post(f"/v1/api-keys/{second['id']}/rotate", {"expires_at": later(-9)}), 422, "timestamp_past", "/expires_at")

    def test_a_revoked_key_stays_so_and_is_still_listed(self):
        key = self.make("gone")
        for headers in ({}, {}, {"Idempotency-Key": "end-it"}, {"Idempotency-Key": "end-it"}):
            self.assertEqual(self.api.request("DELETE", "/v1/api-keys/" + key["id"], headers=headers).status, 204)
        self.assertTrue(self.api.get("/v1/api-keys/" + key["id"]).json()["revoked_at"])
        self.refused(self.api.post(f"/v1/api-keys/{key['id']}/rotate"), 409, "key_revoked")
        self.assertIn(key["id"], [one["id"] for one in self.listed()])
        self.assertEqual(self.by(key).get("/v1/posts").status, 401)

    def ends_within_a_second(self, key, end):
        """Its stream, its RPC connection and its next request."""
        stream, api = Stream(self.by(key)), Api(self.service.port, key["key"])
        rpc = Rpc(self.rpc_port, tag_key(key["key"]), sha256(tag_key(key["key"]))[:16])
        self.world.at_end(rpc.close)
        ended = []
        reader = threading.Thread(target=lambda: (self.read_out(stream), ended.append(time.monotonic())))
        reader.start()
        self.assertEqual((stream.status, rpc.hello()[0], api.get("/v1/posts").status), (200, WELCOME, 200))
        at = end()
        self.assertEqual((api.get("/v1/posts").status, rpc.hello()[0]), (401, REFUSED))
        reader.join(10)
        self.assertFalse(reader.is_alive())
        took = ended[0] - at
        print(f"stream ended after {took * 1000:.0f} ms")
        self.assertLess(took, ACTS_WITHIN_S)

    @staticmethod
    def read_out(stream):
        while stream.next():
            pass

    def test_a_revoked_key_s_stream_ends_within_a_second(self):
        key = self.make("watcher", "auditor", expires_at=later(86400))

        def revoke():
            at = time.monotonic()
            self.assertEqual(self.api.request("DELETE", "/v1/api-keys/" + key["id"]).status, 204)
            return at
        self.ends_within_a_second(key, revoke)

    def test_an_expired_key_s_stream_ends_within_a_second(self):
        wall, now = time.time(), time.monotonic()
        key = self.make("brief", "auditor", expires_at=later(4))

        def wait():
            time.sleep(max(0, wall + 4.05 - time.time()))
            return now + 4
        self.ends_within_a_second(key, wait)

    # Scopes

    def test_a_key_with_a_scope_may_what_operations_name_it_and_nothing_else(self):
        account = self.accounts[0]["id"]
        post = self.api.post("/v1/posts", {"targets": [{"integration_id": account}]}).json()
        invited = self.api.post("/v1/invitations", {"email": "scoped@example.com", "role": "viewer"}).json()
        ids = {"post_id": post["id"], "target_id": post["targets"][0]["id"], "integration_id": account, "workspace_seq": 1,
               "key_id": self.make("named", "viewer")["id"], "member_id": invited["id"]}
        rule = {"frequency": "daily", "time": "09:00", "timezone": "UTC", "start": later(864000)[:10], "count": 1}
        series = self.api.post("/v1/series", {"rule": rule, "content": {"text": "repeats"}, "targets": [{"integration_id": account}]})
        ids["series_id"], ids["actor_id"] = series.json()["id"], ids["key_id"]
        ids["template_id"] = self.api.post("/v1/templates", {"name": "scoped", "content": {"text": "again"}}).json()["id"]
        for scope in SCOPES:
            api = self.open(self.make("scoped", "owner", scopes=[scope])["key"])
            for path, methods in self.document["paths"].items():
                for method, operation in methods.items():
                    needed = operation.get("x-required-scope")
                    if needed is None or operation["operationId"] == "stream_events" and needed == scope:
                        continue
                    answer = api.request(method.upper(), path.format(**ids) + "?colour=red", "{" if method != "get" else None)
                    self.assertEqual(answer.status == 403, needed != scope, (scope, method, path, answer))
                    if needed != scope:
                        problem = self.assert_problem(answer, 403, "scope_insufficient")
                        self.assertIn(" " + needed, problem["detail"])

    # Restricted to accounts

    def test_a_restricted_key_sees_its_accounts_and_what_goes_to_no_other(self):
        mine, other = self.accounts[0], self.accounts[1]
        key = self.make("client", "owner", integrations=[mine["id"]])
        self.assertEqual(key["integrations"], [mine["id"]])
        api = self.by(key)
        to = {name: self.api.publish(name, *accounts, schedule={"at": later(7200)}) for name, accounts in
              {"mine": [mine], "other": [other], "both": [mine, other]}.items()}
        to["nowhere"] = self.api.post("/v1/posts", {}).json()
        seen = {name: api.get("/v1/posts/" + post["id"]).status for name, post in to.items()}
        self.assertEqual(seen, {"mine": 200, "nowhere": 200, "other": 404, "both": 404})
        listed = {one["id"] for one in self.pages(api, "/v1/posts?limit=1&")}
        self.assertEqual({name for name, post in to.items() if post["id"] in listed}, {"mine", "nowhere"})
        self.assertEqual([one["id"] for one in self.pages(api, "/v1/integrations?limit=1&")], [mine["id"]])
        self.assertEqual(api.get("/v1/punctuality").status, 200)
        self.refused(api.get("/v1/punctuality?integration_id=" + other["id"]), 422, "parameter_invalid", "integration_id")
        unknown = self.api.get("/v1/posts/post_nothing")
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/history"), ("GET", "/deliveries"),
                             ("POST", f"/targets/{to['both']['targets'][0]['id']}/cancel")):
            answer = api.request(method, f"/v1/posts/{to['both']['id']}{path}")
            self.assertEqual(*(re.sub(b"req_[0-9a-z]+", b"", one.body) for one in (answer, unknown)), (method, path))
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/reconnect")):
            self.assert_problem(api.request(method, f"/v1/integrations/{other['id']}{path}"), 404, "not_found")

    def pages(self, api, path):
        rows, cursor = [], ""
        while cursor is not None:
            page = api.get(path + (cursor and "cursor=" + cursor)).json()
            self.assertTrue(page["data"] or page["next_cursor"] is None, "no page that looks like the end")
            rows += page["data"]
            cursor = page["next_cursor"]
        return rows

    def test_a_restricted_key_names_and_reaches_no_other_account(self):
        mine, other = self.accounts[0], self.accounts[1]
        api = self.by(self.make("client", "owner", integrations=[mine["id"]]))
        body = {"content": {"text": "x"}, "targets": [{"integration_id": mine["id"]}]}
        draft = api.post("/v1/posts", body)
        self.assertEqual(draft.status, 201, draft)
        both = {"targets": body["targets"] + [{"integration_id": other["id"]}]}
        self.refused(api.post("/v1/posts", {**body, **both}), 422, "reference_not_found", "/targets/1/integration_id")
        self.refused(api.request("PATCH", "/v1/posts/" + draft.json()["id"], both, {"If-Match": "*"}), 422, "reference_not_found",
                     "/targets/1/integration_id")
        for answer in (api.get("/v1/events"), api.get("/v1/events/stream"), api.get("/v1/log/proof/1"), api.get("/v1/log/checkpoint"),
                       api.post("/v1/api-keys", {"name": "a", "role": "viewer"}), api.post("/v1/workspace/pause"),
                       api.post("/v1/integrations", {"channel": "bluesky", "identifier": "new.test", "app_password": "x"})):
            self.assertIn("not restricted to accounts", self.assert_problem(answer, 403, "scope_insufficient")["detail"])
        nothing = self.by(self.make("none", "editor", integrations=[]))
        self.assertEqual(nothing.get("/v1/integrations").json()["data"], [])
        self.refused(nothing.post("/v1/posts", body), 422, "reference_not_found", "/targets/0/integration_id")

    def test_a_restricted_key_is_told_no_id_of_what_is_not_there_for_it(self):
        mine, other = self.api.connect("told.test"), self.accounts[1]
        by_key = self.make("narrow", "owner", integrations=[mine["id"]])
        api, rpc = self.by(by_key), Rpc(self.rpc_port, tag_key(by_key["key"]))
        self.world.at_end(rpc.close)
        both = self.api.publish("both", mine, other, schedule={"at": later(7200)})
        whole = Rpc(self.rpc_port, tag_key(self.service.api.key))
        self.world.at_end(whole.close)
        for posts in (0, 1):
            own = [self.api.publish("mine", mine, schedule={"at": later(9000)})["id"] for _ in range(posts)]
            told = self.refused(api.request("DELETE", "/v1/integrations/" + mine["id"]), 409, "integration_in_use")
            self.assertEqual(told.get("post_ids", []), own)
            known = self.refused(self.api.request("DELETE", "/v1/integrations/" + mine["id"]), 409, "integration_in_use")
            self.assertEqual(known["post_ids"], [both["id"], *own])
            for program, ids in ((rpc, own), (whole, [both["id"], *own])):
                answer = program.command(DELETE_INTEGRATION, {"integration_id": mine["id"]})
                self.assertEqual((answer[0], [one for one in answer if isinstance(one, list)][0]), ("integration_in_use", ids))

    def walk(self, ask):
        """The pages of a list, and all of its cursors: as they are, and what they are in hexadecimal of."""
        pages, cursors, cursor = [], b"", None
        while True:
            page = ask(cursor)
            pages.append([one["id"] for one in page["data"]])
            cursor = page["next_cursor"]
            if cursor is None:
                return pages, cursors
            cursors += cursor.encode() + (bytes.fromhex(cursor) if re.fullmatch("([0-9a-f]{2})+", cursor) else b"")

    def test_a_restricted_key_pages_through_what_it_sees_and_no_cursor_tells_of_more(self):
        mine, other = self.api.connect("paged.test"), self.api.connect("unpaged.test")
        second = self.api.connect("paged too.test")
        by_key = self.make("narrow", "admin", integrations=[mine["id"], second["id"]])
        api, rpc = self.by(by_key), Rpc(self.rpc_port, tag_key(by_key["key"]))
        self.world.at_end(rpc.close)
        seen = {"templates": [], "series": [], "integrations": [mine["id"], second["id"]]}
        hidden = [other["id"]]
        rule = {"frequency": "daily", "timezone": "UTC", "time": "09:30", "start": "2031-01-05"}
        for place, name in enumerate("abcdef"):
            account = (mine, other)[place % 2]
            body = {"content": {"text": "x"}, "targets": [{"integration_id": account["id"]}]}
            for kind, more in (("templates", {"name": name + ("-mine", "-hiddenname")[place % 2]}), ("series", {"rule": rule})):
                made = self.api.post("/v1/" + kind, {**body, **more})
                self.assertEqual(made.status, 201, made)
                (seen[kind] if account is mine else hidden).append(made.json()["id"])
        for kind, ids in seen.items():
            for ask in (lambda cursor: api.get(f"/v1/{kind}?limit=1" + (f"&cursor={cursor}" if cursor else "")).json(),
                        lambda cursor: json.loads(rpc.query("list_" + kind, {"limit": 1, **self.cursor_of(kind, cursor)})[1])):
                pages, cursors = self.walk(ask)
                self.assertEqual({len(page) for page in pages}, {1})
                self.assertEqual([page[0] for page in pages if page[0] in ids], ids)  # what goes to no account is seen, too
                self.assertNotIn(b"hiddenname", cursors)
                for one in hidden:
                    self.assertNotIn(one.encode(), cursors)
                    self.assertNotIn(uuid_of(one), cursors)

    def test_a_cursor_over_http_does_not_show_the_post_that_was_only_looked_at(self):
        mine, other = self.api.connect("shown.test"), self.api.connect("covered.test")
        api = self.by(self.make("narrow", integrations=[mine["id"]]))
        seen, hidden = [], []
        for place in range(8):
            ids = (seen, hidden)[place % 2]
            ids.append(self.api.publish("one after the other", (mine, other)[place % 2], schedule={"at": later(90000 + 60 * place)})["id"])
        page = "/v1/posts?limit=1&order=publish_at"
        pages, cursors = self.walk(lambda cursor: api.get(page + (f"&cursor={cursor}" if cursor else "")).json())
        self.assertEqual([one for ids in pages for one in ids if one in seen], seen)
        for one in hidden:
            self.assertNotIn(uuid_of(one), cursors)

    @staticmethod
    def cursor_of(kind, cursor):
        return {} if cursor is None else {"cursor": bytes.fromhex(cursor) if kind == "templates" else cursor.encode()}

    def test_a_restricted_key_is_not_told_whose_an_account_is_already(self):
        twin = self.api.connect("alice.test")
        sentence = "This account is connected already; reconnect that integration."
        for seen, message in (([twin], sentence), ([twin, self.accounts[0]], twin["error"]["message"])):
            key = self.make("narrow", integrations=[one["id"] for one in seen])
            rpc = Rpc(self.rpc_port, tag_key(key["key"]))
            self.world.at_end(rpc.close)
            for shown in (self.by(key).get("/v1/integrations/" + twin["id"]).json(), self.by(key).get("/v1/integrations").json()["data"][-1],
                          json.loads(rpc.query("get_integration", {"integration_id": twin["id"]})[1]),
                          json.loads(rpc.query("list_integrations")[1])["data"][-1]):
                self.assertEqual(shown["error"], {"code": "account_exists", "message": message, "retryable": False})
        self.assertIn(self.accounts[0]["id"], twin["error"]["message"])

    def test_a_restricted_key_is_told_of_no_approvals_that_the_whole_workspace_waits_for(self):
        mine, other = self.accounts[0], self.accounts[1]
        self.api.publish("theirs", other, schedule={"at": later(7200)})
        narrow = self.by(self.make("narrow", integrations=[mine["id"]]))
        self.addCleanup(self.api.request, "PATCH", "/v1/workspace", {"approval_policy": "none"}, {"If-Match": "*"})
        self.assertEqual(self.api.request("PATCH", "/v1/workspace", {"approval_policy": "any_approver"}, {"If-Match": "*"}).status, 200)
        path = "/v1/notifications?kind=approval.wanted"
        self.assertEqual(self.api.get(path).json()["data"][0]["post_id"], None)
        self.assertEqual([one for one in narrow.get(path).json()["data"] if one["post_id"] is None], [])


if __name__ == "__main__":
    harness.main()
