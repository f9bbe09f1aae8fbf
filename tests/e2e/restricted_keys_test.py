#!/usr/bin/env python3
"""What a key that is restricted to accounts is told, over HTTP and RPC, by what names other things: other keys' accounts, cursors, and
the post, series and template that a post was made of."""

import json
import re

import harness
from described import Described
from frames import Rpc, mint, sha256, tag_key, uuid_of
from harness import Api, later, wait_until

CREATE_KEY, REVOKE_KEY = 14, 15


class Restricted(harness.Case):
    @classmethod
    def make_world(cls):
        cls.rpc_port = harness.free_port()
        cls.service = cls.world.serve(options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.api = cls.service.api
        cls.document = Api(cls.service.port).get("/v1/openapi.json").json()
        cls.mine, cls.other = cls.api.connect("mine.test"), cls.api.connect("other.test")

    def made(self, body, path):
        answer = self.api.post(path, body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def key(self, name="narrow", role="admin", **more):
        return self.made({"name": name, "role": role, **more}, "/v1/api-keys")

    def by(self, key):
        """HTTP, where every answer is held against the description, and RPC."""
        api, rpc = Api(self.service.port, key["key"]), Rpc(self.rpc_port, tag_key(key["key"]))
        api.witness = Described(self.document)
        self.world.at_end(rpc.close)
        return api, rpc

    def narrow(self, **more):
        return self.by(self.key(integrations=[self.mine["id"]], **more))

    @staticmethod
    def asked(rpc, name, **arguments):
        refusal, answer = rpc.query(name, arguments)[:2]
        return json.loads(answer) if refusal == "" else refusal

    # Keys

    def test_it_is_told_no_account_of_another_key_that_is_not_there_for_it(self):
        mine, other = self.mine["id"], self.other["id"]
        api, rpc = self.narrow()
        wanted = {"theirs": [], "both": [mine], "none": [], "whole": None}
        given = {"theirs": [other], "both": [other, mine], "none": [], "whole": None}
        keys = {name: self.key(name, "viewer", **({} if ids is None else {"integrations": ids}))["id"] for name, ids in given.items()}
        listed = [api.get("/v1/api-keys?limit=200").json(), self.asked(rpc, "list_keys", limit=200)]
        for name, key in keys.items():
            one = [api.get("/v1/api-keys/" + key).json(), self.asked(rpc, "get_key", key_id=key)]
            for shown in one + [row for page in listed for row in page["data"] if row["id"] == key]:
                self.assertEqual(shown["integrations"], wanted[name], name)
            self.assertEqual(self.api.get("/v1/api-keys/" + key).json()["integrations"], given[name], "a whole key is told all")
        self.assertNotIn(other, json.dumps(listed))

    def test_it_makes_rotates_and_revokes_no_key_whatever_its_role(self):
        victim = self.key("victim", "viewer", integrations=[self.mine["id"]])
        for role in ("admin", "owner"):
            key = self.key("boss", role, integrations=[self.mine["id"]])
            api, rpc = self.by(key)
            for wish in ({}, {"integrations": [self.mine["id"]]}, {"integrations": [self.mine["id"], self.other["id"]]}):
                self.assert_problem(api.post("/v1/api-keys", {"name": "a", "role": "viewer", **wish}), 403, "scope_insufficient")
            fields = {"key_id": mint("key"), "name": "a", "role": "viewer", "fingerprint": sha256(tag_key("x"))}
            self.assertEqual(rpc.command(CREATE_KEY, fields)[0], "scope_insufficient")
            for named in (victim, key):
                self.assert_problem(api.post(f"/v1/api-keys/{named['id']}/rotate"), 403, "scope_insufficient")
                self.assert_problem(api.request("DELETE", "/v1/api-keys/" + named["id"]), 403, "scope_insufficient")
                self.assertEqual(rpc.command(REVOKE_KEY, {"key_id": named["id"]})[0], "scope_insufficient")
        self.assertIsNone(self.api.get("/v1/api-keys/" + victim["id"]).json()["revoked_at"])

    # Cursors

    def walk(self, ask):
        """The ids of a list that is asked for page by page, and all of its cursors, as what they are in hexadecimal of."""
        ids, cursors, cursor = [], [], None
        while True:
            page = ask(cursor)
            ids += [one["id"] for one in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return ids, cursors
            cursors.append(bytes.fromhex(cursor))

    def test_no_cursor_of_posts_shows_a_post_or_leads_to_a_hidden_one(self):
        api, rpc = self.narrow()
        seen, hidden = [], []
        for place in range(8):
            ids = (seen, hidden)[place % 2]
            ids.append(self.api.publish("in turn", (self.mine, self.other)[place % 2], schedule={"at": later(90000 + 60 * place)})["id"])
        whole = Rpc(self.rpc_port, tag_key(self.service.data.key))
        self.world.at_end(whole.close)
        for order in ("publish_at", "-publish_at", "created_at", "-created_at"):
            arguments = {"limit": 1, "order": order}
            pages = {program: self.walk(lambda cursor: self.asked(program, "list_posts", **arguments, **(
                {} if cursor is None else {"cursor": bytes.fromhex(cursor)}))) for program in (rpc, whole)}
            over_http = self.walk(lambda cursor: api.get(f"/v1/posts?limit=1&order={order}" + (f"&cursor={cursor}" if cursor else "")).json())
            wanted = seen if order[0] != "-" else seen[::-1]
            for ids, cursors in (pages[rpc], over_http):
                self.assertEqual([one for one in ids if one in seen + hidden], wanted)
                self.assertGreaterEqual(len(cursors), 3)
                for one in seen + hidden:
                    self.assertNotIn(uuid_of(one), b" ".join(cursors))
            self.assertEqual(self.asked(whole, "list_posts", limit=1, order=order, cursor=pages[rpc][1][0])["data"][0]["id"],
                             next(one for one in pages[whole][0][pages[whole][0].index(pages[rpc][0][0]) + 1:]),
                             "it is the place of the last one that it saw")

    def test_a_cursor_over_rpc_is_good_for_its_list_and_its_post_only(self):
        rpc = Rpc(self.rpc_port, tag_key(self.service.data.key))
        self.world.at_end(rpc.close)
        first, second = (self.api.publish("told", self.mine, schedule={"at": later(90000)})["id"] for _ in range(2))
        page = self.asked(rpc, "history", post_id=first, limit=1)
        cursor = bytes.fromhex(page["next_cursor"])
        rest = self.asked(rpc, "history", post_id=first, cursor=cursor)
        whole = self.api.get(f"/v1/posts/{first}/history").json()["data"]
        self.assertEqual((page["data"] + rest["data"], rest["next_cursor"]), (whole, None))
        self.assertEqual(self.asked(rpc, "history", post_id=second, cursor=cursor), "parameter_invalid")
        self.assertEqual(self.asked(rpc, "list_posts", cursor=cursor), "parameter_invalid")
        for wrong in (b"1", b"18446744073709551615", cursor[:-1], cursor + b"\0", cursor[:-1] + bytes([cursor[-1] ^ 1])):
            self.assertEqual(self.asked(rpc, "history", post_id=first, cursor=wrong), "parameter_invalid", wrong)
        listed = bytes.fromhex(self.asked(rpc, "list_posts", limit=1)["next_cursor"])
        self.assertEqual(len(self.asked(rpc, "list_posts", limit=1, cursor=listed)["data"]), 1)
        self.assertEqual(self.asked(rpc, "history", post_id=first, cursor=listed), "parameter_invalid")
        self.assertGreater(len(self.asked(rpc, "list_posts", limit=5, cursor=listed)["data"]), 0)
        for other in ({"order": "publish_at"}, {"label": "spring"}, {"q": "told"}, {"integration_id": self.mine["id"]}):
            self.assertEqual(self.asked(rpc, "list_posts", limit=1, cursor=listed, **other), "parameter_invalid", other)
        self.assertRegex(page["next_cursor"], re.compile("^([0-9a-f]{2})+$"))

    # What a post was made of

    def moved(self, post, account):
        """The post, once it goes to that account alone."""
        answer = self.api.request("PATCH", "/v1/posts/" + post, {"targets": [{"integration_id": account["id"]}]}, {"If-Match": "*"})
        self.assertEqual(answer.status, 200, answer)
        return post

    def made_of(self, account):
        """A post, a template and a series that go to an account, and of each a post that goes to the own one."""
        body = {"content": {"text": "made of"}, "targets": [{"integration_id": account["id"]}]}
        rule = {"frequency": "daily", "timezone": "UTC", "time": "09:30", "start": later(5 * 86400)[:10], "count": 1}
        post, template = self.made(body, "/v1/posts")["id"], self.made({**body, "name": "form"}, "/v1/templates")["id"]
        series = self.made({**body, "rule": rule}, "/v1/series")["id"]
        path = f"/v1/series/{series}/preview"
        wait_until(lambda: self.api.get(path).json()["data"][0]["post_id"], 30, "the series' post")
        copy, filled = self.made({}, f"/v1/posts/{post}/duplicate")["id"], self.made({}, f"/v1/templates/{template}/instantiate")["id"]
        repeated = self.api.get(path).json()["data"][0]["post_id"]
        return {name: (origin, self.moved(made, self.mine)) for name, origin, made in
                (("duplicate_of", post, copy), ("template_id", template, filled), ("series_id", series, repeated))}

    def shown(self, api, rpc, post):
        """A post as each way shows it."""
        listed = [api.get("/v1/posts?limit=200").json()["data"], self.asked(rpc, "list_posts", limit=200)["data"]]
        return [api.get("/v1/posts/" + post).json(), self.asked(rpc, "get_post", post_id=post),
                *(next(one for one in page if one["id"] == post) for page in listed)]

    def test_a_post_names_nothing_that_it_was_made_of_and_that_is_not_there(self):
        narrow, whole = self.narrow(role="editor"), self.by(self.key("whole"))
        own, hidden = self.made_of(self.mine), self.made_of(self.other)
        for name in own:
            for (origin, post), program, wanted in ((own[name], narrow, own[name][0]), (hidden[name], narrow, None),
                                                    (hidden[name], whole, hidden[name][0])):
                for shown in self.shown(*program, post):
                    self.assertEqual(shown[name], wanted, name)
                    self.assertEqual(origin in json.dumps(shown), wanted is not None)
                    self.assertEqual(shown["series_local"] is None, name != "series_id" or wanted is None)
                history = [program[0].get(f"/v1/posts/{post}/history").body, program[1].query("history", {"post_id": post})[1]]
                self.assertNotIn(origin.encode(), b"".join(history))
        edited = narrow[0].request("PATCH", "/v1/posts/" + hidden["template_id"][1], {"labels": ["a"]}, {"If-Match": "*"})
        self.assertEqual((edited.status, edited.json()["template_id"]), (200, None))
        copied = narrow[0].post(f"/v1/posts/{hidden['template_id'][1]}/duplicate")
        self.assertEqual((copied.status, copied.json()["template_id"], copied.json()["duplicate_of"]), (201, None, hidden["template_id"][1]))

    def test_a_filter_by_what_is_not_there_is_as_one_by_what_is_nowhere(self):
        narrow, whole = self.narrow(role="editor"), self.by(self.key("whole"))
        own, hidden = self.made_of(self.mine), self.made_of(self.other)
        nowhere = {"template_id": mint("tpl"), "series_id": mint("ser")}
        for name, unknown in nowhere.items():
            for (api, rpc), (origin, post), found in ((narrow, own[name], True), (narrow, hidden[name], False), (whole, hidden[name], True),
                                                      (narrow, (unknown, None), False), (whole, (unknown, None), False)):
                pages = [api.get(f"/v1/posts?{name}={origin}").json(), self.asked(rpc, "list_posts", **{name: origin})]
                for page in pages:
                    self.assertEqual([one["id"] for one in page["data"]], [post] if found else [], (name, found))
                    self.assertIsNone(page["next_cursor"])
            both = narrow[0].get(f"/v1/posts?{name}={hidden[name][0]}&{name}={own[name][0]}").json()["data"]
            self.assertEqual([one["id"] for one in both], [own[name][1]])


if __name__ == "__main__":
    harness.main()
