#!/usr/bin/env python3
"""What another program may not say: a number that would be read as absent, a text with U+0000. Each is refused by a code that no client
takes for an outage, and says which value it is, as HTTP does."""

import datetime
import json
import re
import time

import harness
from access_rpc_test import LOG_QUERIES, Asking, commands, queries
from frames import Rpc, derive, instance, mint, pack, sha256, tag_key
from harness import Api, far, free_port, wait_until
from workspaces_test import created

CREATE_POST, EDIT_POST, SCHEDULE_POST, CHANGE_WORKSPACE, CREATE_SERIES, CHANGE_SERIES = 40, 41, 43, 80, 180, 181
CHANGE_QUEUE, ADD_SLOT, SWAP_TARGETS, CREATE_TEMPLATE, CHANGE_TEMPLATE = 150, 151, 155, 160, 161
ANY = {"If-Match": "*"}


class WhatProgramsSay(harness.Case):
    @classmethod
    def make_world(cls):
        port = cls.port = free_port()
        cls.service = cls.world.serve(options=("--rpc", f"127.0.0.1:{port}"))
        cls.api = cls.service.api
        cls.account = cls.api.connect("alice.test")["id"]
        cls.rpc = Rpc(port, tag_key(cls.service.data.key))
        cls.world.at_end(cls.rpc.close)

    def target(self, owner):
        return {"target_id": derive("tgt", 9, owner, self.account), "integration_id": self.account, "channel": "bluesky"}

    def series(self, series, **more):
        return {"series_id": series, "timezone": "UTC", "frequency": "daily", "every": 1, "time": "09:30", "start": far(),
                "parts": [{"text": "again"}], "targets": [self.target(series)], **more}

    def body(self, **rule):
        return {"rule": {"frequency": "daily", "timezone": "UTC", "time": "09:30", "start": far(), **rule},
                "content": {"text": "again"}, "targets": [{"integration_id": self.account}]}

    def assert_fault(self, told, answer, code="field_invalid"):
        """Told over RPC what HTTP told: code, place and sentence."""
        problem = self.assert_problem(answer, 422, code)
        self.assertEqual((told[0], *told[-2:]), (code, problem["param"], problem["detail"]))

    def test_a_series_that_begins_too_far_ahead_is_refused(self):
        written = self.api.post("/v1/series", self.body()).json()
        for start in ("2199-01-05", "9999-12-31"):
            self.assert_fault(self.rpc.command(CREATE_SERIES, self.series(mint("ser"), start=start, is_far=False)),
                              self.api.post("/v1/series", self.body(start=start)), "timestamp_too_far")
            self.assert_fault(self.rpc.command(CHANGE_SERIES, self.series(written["id"], start=start), 1),
                              self.api.request("PATCH", f"/v1/series/{written['id']}", {"rule": {"start": start}}, ANY), "timestamp_too_far")

    def test_what_the_ledger_refuses_is_told_by_its_place_too(self):
        past, far = 978307200000, 4133980800000
        draft = self.api.post("/v1/posts", {"content": {"text": "a"}, "targets": [{"integration_id": self.account}]}).json()
        path, nobody = f"/v1/posts/{draft['id']}", mint("int")

        def create(targets, at_ms=None):
            post = mint("post")
            given = [{"target_id": derive("tgt", 9, post, one["integration_id"]), "channel": "bluesky",
                      **{name: one[name] for name in ("integration_id", "at_ms") if name in one}} for one in targets]
            body = {"content": {"text": "a"}, "targets": [{"integration_id": one["integration_id"], **({"at": self.text(one["at_ms"])} if "at_ms" in one else {})}
                                                          for one in targets], **({"schedule": {"at": self.text(at_ms)}} if at_ms else {})}
            told = self.rpc.command(CREATE_POST, {"post_id": post, "parts": [{"text": "a"}], "targets": given, **({"at_ms": at_ms} if at_ms else {})})
            return told, self.api.post("/v1/posts", body)

        own = {"integration_id": self.account}
        for targets, at_ms, code in (([own], past, "timestamp_past"), ([own], far, "timestamp_too_far"),
                                     ([{**own, "at_ms": past}], int(time.time() * 1000) + 9_000_000, "timestamp_past"),
                                     ([own, own], None, "target_duplicate"), ([own, {"integration_id": nobody}], None, "reference_not_found")):
            with self.subTest(code=code):
                self.assert_fault(*create(targets, at_ms), code)
        self.assert_fault(self.rpc.command(SCHEDULE_POST, {"post_id": draft["id"], "at_ms": past}),
                          self.api.post(path + "/schedule", {"at": self.text(past)}), "timestamp_past")
        for rule, words in (({"until": "2001-01-01"}, {"until": "2001-01-01"}), ({"times": 3}, {"count": 3})):
            self.assert_fault(self.rpc.command(CREATE_SERIES, self.series(mint("ser"), start="2000-01-05", **rule)),
                              self.api.post("/v1/series", self.body(start="2000-01-05", **words)), "timestamp_past")
        other, target = mint("post"), draft["targets"][0]["id"]
        scheduled = self.api.publish("b", {"id": self.account}, schedule={"at": harness.later(9000)})
        mine = scheduled["targets"][0]["id"]
        for there, its in ((other, mine), (draft["id"], mine), (draft["id"], target)):
            told = self.rpc.command(SWAP_TARGETS, {"post_id": scheduled["id"], "target_id": mine, "other_post_id": there, "other_target_id": its})
            answer = self.api.post(f"/v1/posts/{scheduled['id']}/targets/{mine}/swap", {"post_id": there, "target_id": its})
            if answer.status == 422:
                self.assert_fault(told, answer, "reference_not_found")
            else:
                self.assertEqual(told[0], self.assert_problem(answer, 409, "post_not_scheduled")["code"])

    def test_a_target_on_another_channel_than_its_accounts_is_told_by_its_place(self):
        """Of whatever names targets; over HTTP nobody says a channel."""
        draft = self.api.post("/v1/posts", {"content": {"text": "a"}}).json()["id"]
        series = self.api.post("/v1/series", self.body()).json()["id"]
        template, text = mint("tpl"), {"parts": [{"text": "a"}]}
        self.assertEqual(self.rpc.command(CREATE_TEMPLATE, {"template_id": template, "name": "stays", **text})[0], "")
        for code, version, name, stream, fields in (
                (CREATE_POST, 0, "post_id", mint("post"), text), (EDIT_POST, 1, "post_id", draft, text),
                (CREATE_TEMPLATE, 0, "template_id", mint("tpl"), {"name": "new", **text}), (CHANGE_TEMPLATE, 1, "template_id", template, {"name": "stays", **text}),
                (CREATE_SERIES, 0, "series_id", mint("ser"), self.series(series)), (CHANGE_SERIES, 1, "series_id", series, self.series(series))):
            with self.subTest(code=code):
                targets = [{**self.target(stream), "channel": "linkedin"}]
                told = self.rpc.command(code, {**fields, name: stream, "targets": targets}, *((version,) if version else ()))
                self.assertEqual((told[0], *told[-2:]), ("reference_not_found", "/targets/0/channel", "The account is on another channel."))

    def test_an_id_that_is_taken_is_so_whosever_it_is(self):
        _, key = created(self.service.data, "neighbour")
        other = Rpc(self.port, tag_key(key))
        self.addCleanup(other.close)
        for make, change, fields in ((CREATE_POST, EDIT_POST, {"post_id": mint("post"), "parts": [{"text": "a"}]}),
                                     (CREATE_TEMPLATE, CHANGE_TEMPLATE, {"template_id": mint("tpl"), "name": "a", "parts": [{"text": "a"}]})):
            self.assertEqual(self.rpc.command(make, fields)[0], "")
            own, foreign = self.rpc.command(make, fields), other.command(make, fields)
            self.assertEqual((own[0], foreign[0]), ("exists", "exists"))
            self.assertEqual(other.command(change, fields, 1)[0], "not_found")
        foreign = Api(self.api.port, key).get("/v1/posts?limit=1")
        self.assertEqual(foreign.json()["data"], [])

    @staticmethod
    def text(time_ms):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ms // 1000))

    def test_a_series_that_ends_after_no_time_is_refused_and_not_endless(self):
        for wrong, rule in (({"times": 0}, {"count": 0}), ({"frequency": "monthly", "month_day": 0}, {"frequency": "monthly", "month_day": 0}),
                            ({"every": 0}, {"interval": 0})):
            with self.subTest(**rule):
                self.assert_fault(self.rpc.command(CREATE_SERIES, self.series(mint("ser"), **wrong)),
                                  self.api.post("/v1/series", self.body(**rule)))
                written = self.api.post("/v1/series", self.body()).json()
                self.assert_fault(self.rpc.command(CHANGE_SERIES, self.series(written["id"], **wrong), 1),
                                  self.api.request("PATCH", f"/v1/series/{written['id']}", {"rule": rule}, ANY))
                self.assertEqual(self.api.get(f"/v1/series/{written['id']}").json(), written)
        self.assertEqual(self.rpc.query("preview_series", {"series_id": written["id"], "limit": 0})[0], "parameter_invalid")
        self.assert_problem(self.api.get(f"/v1/series/{written['id']}/preview?limit=0"), 422, "parameter_invalid")
        cleared = self.api.request("PATCH", f"/v1/series/{written['id']}", {"rule": {"count": None, "interval": None}}, ANY)
        self.assertEqual((cleared.status, cleared.json()["rule"]["count"], cleared.json()["rule"]["interval"]), (200, None, 1))

    def test_no_other_number_of_zero_is_read_as_absent(self):
        for name in ("max_lateness_ms", "late_spacing_ms"):
            told = self.rpc.command(CHANGE_WORKSPACE, {"workspace_id": self.api.get("/v1/workspace").json()["id"], name: 0})
            self.assertEqual((told[0], told[-2]), ("field_invalid", "/" + name))
            self.assert_problem(self.api.request("PATCH", "/v1/workspace", {name: 0}, ANY), 422, "field_invalid")
        for fields, param in (({"not_after_ms": 0}, "/not_after"), ({"at_ms": 0}, "/at"), ({"targets": "own"}, "/targets/0/at")):
            post = mint("post")
            fields = {"targets": [{**self.target(post), "at_ms": 0}]} if fields == {"targets": "own"} else fields
            told = self.rpc.command(CREATE_POST, {"post_id": post, "parts": [{"text": "when?"}], **fields})
            self.assertEqual((told[0], told[-2]), ("field_invalid", param))
        key, tag = mint("key"), tag_key(mint("key"))
        told = self.rpc.command(14, {"key_id": key, "name": "endless", "role": "viewer", "fingerprint": sha256(tag), "expires_ms": 0})
        self.assertEqual((told[0], told[-2]), ("field_invalid", "/expires_at"))
        for arguments in ({"limit": 0}, {"publish_before": 0}, {"publish_after": 0}, {"statuses": 0}):
            self.assertEqual(self.rpc.query("list_posts", arguments)[0], "parameter_invalid", arguments)

    def test_an_instant_that_nobody_could_be_shown_is_refused(self):
        """RFC 3339 ends with the year 9999."""
        late = 253402300800000
        own = {**self.target(post := mint("post")), "at_ms": late}
        for code, fields, param in (
                (CREATE_POST, {"not_after_ms": late}, "/not_after"), (CREATE_POST, {"at_ms": late}, "/at"),
                (CREATE_POST, {"post_id": post, "targets": [own]}, "/targets/0/at"), (CREATE_POST, {"not_after_ms": 2**48 - 1}, "/not_after")):
            told = self.rpc.command(code, {"post_id": mint("post"), "parts": [{"text": "when?"}], **fields})
            self.assertEqual((told[0], told[-2]), ("timestamp_invalid", param))
        self.assertEqual(self.rpc.command(CREATE_POST, {"post_id": (post := mint("post")), "parts": [{"text": "a"}], "not_after_ms": late - 1})[0], "")
        self.assertEqual(self.api.get("/v1/posts/" + post).json()["not_after"], "9999-12-31T23:59:59.999Z")
        self.assert_problem(self.api.post("/v1/posts", {"not_after": "10000-01-01T00:00:00Z"}), 422, "timestamp_invalid")
        key = {"key_id": mint("key"), "name": "endless", "role": "viewer", "fingerprint": sha256(tag_key(mint("key"))), "expires_ms": late}
        told = self.rpc.command(14, key)
        self.assertEqual((told[0], told[-2]), ("timestamp_invalid", "/expires_at"))
        for name in ("publish_before", "publish_after"):
            self.assertEqual(self.rpc.query("list_posts", {name: late})[0], "parameter_invalid")
            self.assertEqual(self.rpc.query("list_posts", {name: late - 1})[0], "")

    def test_a_filter_by_what_nobody_has_is_refused_and_not_empty(self):
        for name, value, kind in (("label", "%00", {"label": "\0"}), ("label", "a%00b", {"label": "a\0b"}),
                                  ("author_id", self.account, {"author_id": self.account}), ("author_id", "post_x", {"author_id": "post_x"})):
            problem = self.assert_problem(self.api.get(f"/v1/posts?{name}={value}"), 422, "parameter_invalid")
            self.assertEqual(problem["param"], name)
            self.assertEqual(self.rpc.query("list_posts", kind)[0], "parameter_invalid")
        post = self.api.post("/v1/posts", {"labels": ["a b"]}).json()
        for author in (post["author_id"], post["author_id"].replace("key_", "mem_")):
            mine = author == post["author_id"]
            self.assertEqual(post["id"] in [one["id"] for one in self.api.get("/v1/posts?author_id=" + author).json()["data"]], mine)
            self.assertEqual(self.rpc.query("list_posts", {"author_id": author})[0], "")

    def test_a_slots_id_is_minted_as_any_other(self):
        wrong = {"nil": "slt_" + 26 * "0", "2017": mint("slt", 1500000000 - time.time()), "ahead": mint("slt", 2 * 86400),
                 "random": "slt_" + mint("slt")[4:14] + "0" + mint("slt")[15:]}
        slot = {"integration_id": self.account, "weekday": 4, "minute": 60}
        for name, slot_id in wrong.items():
            told = self.rpc.command(ADD_SLOT, {**slot, "slot_id": slot_id})
            self.assertEqual((told[0], told[-2]), ("field_invalid", "/slot_id"), name)
            slots = [{"slot_id": mint("slt"), "weekday": 1, "minute": 60}, {"slot_id": slot_id, "weekday": 2, "minute": 60}]
            whole = {"integration_id": self.account, "replace": True, "slots": slots}
            self.assertEqual(self.rpc.command(CHANGE_QUEUE, whole)[0], "", name)  # a queue may have it from before
            self.assertEqual(self.rpc.command(CHANGE_QUEUE, {**whole, "slots": []})[0], "")
        added = mint("slt")
        for minute in (60, 60):
            self.assertEqual(self.rpc.command(ADD_SLOT, {**slot, "slot_id": added, "minute": minute})[0], "")
        shown = self.api.get(f"/v1/integrations/{self.account}/queue").json()["slots"]
        self.assertEqual([one["id"] for one in shown], [added])
        kept = [{"slot_id": added, "weekday": 4, "minute": 60}, {"slot_id": mint("slt"), "weekday": 5, "minute": 60}]
        self.assertEqual(self.rpc.command(CHANGE_QUEUE, {"integration_id": self.account, "replace": True, "slots": kept})[0], "")

    def test_a_filter_that_names_nothing_is_refused_and_not_left_out(self):
        self.assertEqual(self.api.post("/v1/posts", {"content": {"text": "one"}}).status, 201)
        for wrong in (1, 1 << 31, 1 << 32, 1 << 63, 2 | 1 << 32):
            for name in ("statuses", "attention", "approvals"):
                self.assertEqual(self.rpc.query("list_posts", {name: wrong})[0], "parameter_invalid", (name, wrong))
            self.assertEqual(self.rpc.query("list_notifications", {"kinds": wrong})[0], "parameter_invalid", wrong)
        for name in ("series_id", "template_id", "integration_id"):
            self.assertEqual(self.rpc.query("list_posts", {name: mint("post")})[0], "parameter_invalid", name)
            self.assert_problem(self.api.get(f"/v1/posts?{name}={mint('post')}"), 422, "parameter_invalid")
        for q, told in (("a" * 256, ""), ("a" * 257, "parameter_invalid")):
            self.assertEqual(self.rpc.query("list_posts", {"q": q})[0], told)
            self.assertEqual(self.api.get("/v1/posts?q=" + q).status, 422 if told else 200)
        for known in ({"statuses": 2}, {"attention": 2}, {"approvals": 2}, {"series_id": mint("ser")}, {"template_id": mint("tpl")}):
            self.assertEqual(self.rpc.query("list_posts", known)[0], "", known)
        self.assertEqual(self.rpc.query("list_notifications", {"kinds": 2})[0], "")

    def test_a_text_with_a_nul_is_no_outage(self):
        """Of every question by every argument of text, of every command by every field: for ever the same answer, and nobody's fault but
        the sender's."""
        row = (harness.ROOT / "projections/row.def").read_text()
        texts = re.findall(r"^  MAYBE\((?:word|text), +(\w+),", re.search(r"RECORD\(query_args,.*?END\(query_args\)", row, re.S).group(0), re.M)
        self.assertEqual(texts, ["label", "order", "q"])
        for name in queries():
            if name in LOG_QUERIES:
                self.assertEqual(self.rpc.query(name, b"\n\0\n1\n")[0], "" if name == "verifier" else "parameter_invalid", name)
            elif name not in ("get_workspace", "get_usage"):  # which read no arguments
                for text in texts:
                    self.assertEqual(self.rpc.query(name, {text: "a\0b"})[0], "parameter_invalid", (name, text))
        self.assertEqual(self.rpc.query("list_posts\0")[0], "query_unknown")
        self.assertEqual(self.rpc.query("list_posts", {"cursor": b"\0"})[0], "parameter_invalid")
        asking, asked = Asking(self.rpc, {}), 0
        for name, (code, required) in commands().items():
            for kind, field in required:
                if kind in ("word", "text"):
                    asked += 1
                    fields = {other: asking.value(kind_, other) for kind_, other in required}
                    self.assertEqual(self.rpc.command(code, {**fields, field: "a\0b"})[0], "command_invalid", (name, field))
        self.assertGreater(asked, 30)
        for fields in ({"parts": [{"text": "a\0b"}]}, {"link": "\0"}, {"labels": [{"name": "\0"}]}, {"metadata": [{"key": "a", "value": "\0"}]}):
            self.assertEqual(self.rpc.command(CREATE_POST, {"post_id": mint("post"), **fields})[0], "command_invalid", fields)
        for login in ({"identifier": "a\0b", "password": "x"}, {"identifier": "a.test", "password": "\0"}):
            self.assertEqual(self.rpc.seal(mint("sec"), mint("int"), pack(login)), "frame_invalid", login)

    def test_an_argument_that_there_is_not_is_told_and_not_left_out(self):
        """What is misspelt would answer another question: all posts instead of those of a label."""
        for name, arguments, param, takes in (
                ("list_posts", {"lable": "spring"}, "lable", ("label", "publish_before", "cursor")), ("list_posts", {"limit": 1, "post_id": mint("post")}, "post_id", ()),
                ("get_post", {"post_id": mint("post"), "limit": 5}, "limit", ("post_id",)), ("list_series", {"label": "spring"}, "label", ("limit", "cursor")),
                ("get_workspace", {"limit": 5}, "limit", ()), ("list_posts", {"\xff": 1}, "\xff", ()), ("list_posts", {"a" * 200: 1}, "?", ())):
            with self.subTest(name, **arguments):
                code, result = self.rpc.query(name, arguments)
                told = json.loads(result)
                self.assertEqual((code, told["param"]), ("parameter_unknown", param))
                for taken in takes:
                    self.assertIn(taken, told["detail"])
        self.assertEqual(self.rpc.query("get_workspace", {"limit": 5})[1], b'{"param":"limit","detail":"This question takes no arguments."}')
        self.assertEqual(self.assert_problem(self.api.get("/v1/posts?lable=spring"), 422, "parameter_unknown")["param"], "lable")

    def test_a_field_that_there_is_not_is_told_and_nothing_is_done(self):
        def post(**more):
            owner = mint("post")
            return owner, {"post_id": owner, "parts": [{"text": "a"}], "targets": [self.target(owner)], **more}

        owner, fields = post()
        misspelt = {**fields, "targets": [{**fields["targets"][0], "at": 1}]}
        for given, param in ((post(lables=[{"name": "spring"}])[1], "/lables"), ({**fields, "at": 1}, "/at"), ({**fields, "a/b~": 1}, "/a~1b~0"),
                             (misspelt, "/targets/0/at"), ({**fields, "parts": [{"text": "a", "txet": "b"}]}, "/parts/0/txet")):
            told = self.rpc.command(CREATE_POST, given)
            self.assertEqual((told[0], told[-2]), ("field_unknown", param))
            self.assertIn("There is no such field.", told[-1])
            self.assertEqual(self.api.get(f"/v1/posts/{given['post_id']}").status, 404)
        told = self.rpc.command(14, {"key_id": mint("key"), "nmae": "a", "role": "viewer", "fingerprint": sha256(b"a")})
        self.assertEqual((told[0], told[-2]), ("field_unknown", "/nmae"))  # not that name is missing: it is there, misspelt
        self.assertIn(" name, ", told[-1])
        self.assertEqual(self.rpc.command(14, {"key_id": mint("key"), "role": "viewer", "fingerprint": sha256(b"a")})[0], "command_invalid")
        self.assertEqual(self.rpc.command(CREATE_POST, fields)[0], "")
        self.assertEqual(self.assert_problem(self.api.post("/v1/posts", {"content": {"text": "a"}, "lables": []}), 422, "field_unknown")["param"], "/lables")

    def test_nobody_takes_a_series_post_before_it_is_made(self):
        """Who sees a series can compute which ids its posts will have: to have one first would stop it for good, also out of another workspace."""
        other = Rpc(self.port, tag_key(created(self.service.data, "squatters")[1]))
        self.world.at_end(other.close)
        rule = {"frequency": "daily", "time": "09:30", "timezone": "UTC", "start": far(), "count": 4}
        start = datetime.date.today() + datetime.timedelta(days=2)
        rule["start"] = start.isoformat()
        series = self.api.post("/v1/series", {**self.body(), "rule": rule}).json()["id"]
        day = (start - datetime.date(1970, 1, 1)).days

        def ids(generation):
            return {instance(series, generation, day + i, 570) for i in range(4)}

        def posts(status):
            return {one["id"] for one in self.api.get(f"/v1/posts?series_id={series}&status={status}").json()["data"]}

        wait_until(lambda: posts("scheduled") == ids(1), 30, "the posts are made, under the ids that one can compute")
        for rpc in (other, self.rpc):
            for post in ids(2):
                told = rpc.command(CREATE_POST, {"post_id": post, "parts": [{"text": "mine"}]})
                self.assertEqual((told[0], told[-2]), ("field_invalid", "/post_id"))
        self.assertEqual(self.api.post(f"/v1/series/{series}/pause").status, 200)
        wait_until(lambda: posts("cancelled") == ids(1), 30, "what was paused is taken back")
        self.assertEqual(self.api.post(f"/v1/series/{series}/resume").status, 200)
        wait_until(lambda: posts("scheduled") == ids(2), 30, "what is resumed is made again")

    def test_a_new_id_is_a_uuidv7_of_now(self):
        zeros, ones = "_" + "0" * 26, "_7" + "z" * 25
        for bad in (zeros, ones, mint("", -40 * 365 * 86400), mint("", 25 * 3600)):
            for code, prefix, fields in ((CREATE_POST, "post", {"parts": [{"text": "a"}]}), (CREATE_TEMPLATE, "tpl", {"name": "a", "parts": [{"text": "a"}]}),
                                         (CREATE_SERIES, "ser", None), (14, "key", {"name": "a", "role": "viewer", "fingerprint": sha256(b"a")})):
                name = {"post": "post_id", "tpl": "template_id", "ser": "series_id", "key": "key_id"}[prefix]
                told = self.rpc.command(code, {**(self.series(prefix + bad) if fields is None else fields), name: prefix + bad})
                self.assertEqual((told[0], told[-2:]), ("field_invalid", ["/" + name, "A new id is a UUIDv7 of the moment in which it is made."]))
        for bad in (ones, mint("", 25 * 3600)):
            told = self.rpc.command(CREATE_POST, {"post_id": mint("post"), "parts": [{"text": "a"}]}, command="cmd" + bad)
            self.assertEqual((told[0], told[-2]), ("field_invalid", "/command_id"))
        for ahead_s in (23 * 3600, -365 * 86400):  # a clock in another zone, and what was written offline
            self.assertEqual(self.rpc.command(CREATE_POST, {"post_id": mint("post", ahead_s), "parts": [{"text": "a"}]})[0], "")

    def test_what_may_be_zero_is_taken(self):
        post = mint("post")
        now = self.rpc.command(CREATE_POST, {"post_id": post, "parts": [{"text": "now"}], "now": False, "targets": [self.target(post)]})
        self.assertEqual(now[0], "")
        self.assertEqual(self.api.get(f"/v1/posts/{post}").json()["status"], "draft")
        self.assertEqual(self.api.request("PATCH", f"/v1/integrations/{self.account}/queue",
                                          {"slots": [{"weekday": "monday", "time": "00:00"}]}, ANY).status, 200)


if __name__ == "__main__":
    harness.main()
