#!/usr/bin/env python3
"""What a request may say: for each fault its code and where it stands; of two faults the one that comes first in the order
401, 404 (path), 403, 405/413/415/400, 422 shape, 409 state, 428/412, 422 rules; and what a repeated request is answered."""

import concurrent.futures
import signal

import harness
from described import Described
from harness import Api, far, later

DRAFT = {"content": {"text": "a draft"}}
PAST, FAR = "2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"
NOWHERE = "int_01h2xcejqtf2nbrexx3vqjhp41"


class Input(harness.Case):
    """One service for all cases; each makes what it needs."""

    @classmethod
    def make_world(cls):
        data = cls.world.data()
        viewer = data.another_key("viewer", "viewer")
        cls.service = cls.world.serve(data)
        cls.api, cls.viewer = cls.service.api, Api(cls.service.port, viewer)
        cls.api.witness = cls.viewer.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.integration = cls.api.connect("alice.test")
        cls.target = {"integration_id": cls.integration["id"]}

    def draft(self, **more):
        made = self.api.post("/v1/posts", {**DRAFT, **more})
        self.assertEqual(made.status, 201, made)
        return made.json()

    def assert_table(self, method, path, rows, headers=None, status=422):
        for body, code, param in rows:
            with self.subTest(body=body):
                problem = self.assert_problem(self.api.request(method, path, body, headers), status, code)
                self.assertEqual(problem["param"], param)

    def refused_bodies(self, own):
        """What create and edit refuse alike; own is a target that is there."""
        return [
            ({"colour": 1}, "field_unknown", "/colour"),
            ({"a/b~c": 1}, "field_unknown", "/a~1b~0c"),
            ({"content": []}, "field_wrong_type", "/content"),
            ({"content": {"text": 7}}, "field_wrong_type", "/content/text"),
            ({"content": {"text": "x" * 65537}}, "field_too_long", "/content/text"),
            ({"content": {"text": "a", "parts": [{"text": "b"}]}}, "field_invalid", "/content/parts"),
            ({"content": {"parts": [7]}}, "field_wrong_type", "/content/parts/0"),
            ({"content": {"parts": [{"text": "a"}, {}]}}, "field_missing", "/content/parts/1/text"),
            ({"content": {"parts": [{"text": "a", "b": 1}]}}, "field_unknown", "/content/parts/0/b"),
            ({"content": {"parts": [{"text": "a"}] * 26}}, "field_too_long", "/content/parts"),
            ({"content": {"link": "https://x/" + "y" * 4096}}, "field_too_long", "/content/link"),
            ({"content": {"first_comment": True}}, "field_wrong_type", "/content/first_comment"),
            ({"content": {"media": [{"id": "med_x"}]}}, "not_yet_available", "/content/media"),
            ({"targets": {}}, "field_wrong_type", "/targets"),
            ({"targets": [7]}, "field_wrong_type", "/targets/0"),
            ({"targets": [{}]}, "field_missing", "/targets/0/integration_id"),
            ({"targets": [{"integration_id": 7}]}, "field_wrong_type", "/targets/0/integration_id"),
            ({"targets": [own, {"integration_id": NOWHERE}]}, "reference_not_found", "/targets/1/integration_id"),
            ({"targets": [own, {"integration_id": "x"}]}, "reference_not_found", "/targets/1/integration_id"),
            ({"targets": [own, own]}, "target_duplicate", "/targets/1/integration_id"),
            ({"targets": [{**own, "hue": 1}]}, "field_unknown", "/targets/0/hue"),
            ({"targets": [{**own, "at": "soon"}]}, "timestamp_invalid", "/targets/0/at"),
            ({"targets": [{**own, "variant": []}]}, "field_wrong_type", "/targets/0/variant"),
            ({"targets": [{**own, "variant": {"text": 7}}]}, "field_invalid", "/targets/0/variant"),
            ({"targets": [{**own, "variant": {"tekst": "a"}}]}, "field_unknown", "/targets/0/variant/tekst"),
            ({"targets": [{**own, "platform_settings": {"a": 1.5}}]}, "field_invalid", "/targets/0/platform_settings"),
            ({"targets": [{**own, "platform_settings": {"a": "x" * 65536}}]}, "field_too_long",
             "/targets/0/platform_settings"),
            ({"targets": [own] * 51}, "field_too_long", "/targets"),
            ({"timezone": "Mars/Olympus"}, "timezone_unknown", "/timezone"),
            ({"timezone": "x" * 65}, "field_too_long", "/timezone"),
            ({"not_after": "2026-04-20T14:00:00"}, "timestamp_offset_required", "/not_after"),
            ({"not_after": "2026-02-30T14:00:00Z"}, "timestamp_invalid", "/not_after"),
            ({"labels": "a"}, "field_wrong_type", "/labels"),
            ({"labels": ["a", 7]}, "field_wrong_type", "/labels/1"),
            ({"labels": ["a", ""]}, "field_invalid", "/labels/1"),
            ({"labels": ["x" * 257]}, "field_too_long", "/labels/0"),
            ({"labels": [str(n) for n in range(21)]}, "field_too_long", "/labels"),
            ({"metadata": []}, "field_wrong_type", "/metadata"),
            ({"metadata": {"k": 1}}, "field_wrong_type", "/metadata/k"),
            ({"metadata": {"": "v"}}, "field_invalid", "/metadata/"),
            ({"metadata": {"a/b": "v" * 257}}, "field_too_long", "/metadata/a~1b"),
            ({"metadata": {str(n): "v" for n in range(21)}}, "field_too_long", "/metadata"),
        ]

    def test_create_names_the_fault_and_its_place(self):
        complete = {**DRAFT, "targets": [self.target]}
        self.assert_table("POST", "/v1/posts", self.refused_bodies(self.target) + [
            ({"schedule": {}}, "schedule_ambiguous", "/schedule"),
            ({"schedule": 7}, "field_wrong_type", "/schedule"),
            ({"schedule": {"when": "now"}}, "field_unknown", "/schedule/when"),
            ({"schedule": {"now": 1}}, "field_wrong_type", "/schedule/now"),
            ({"schedule": {"next_slot": 1}}, "field_wrong_type", "/schedule/next_slot"),
            ({"schedule": {"next_slot": True, "now": True}}, "schedule_ambiguous", "/schedule"),
            ({"draft": True, "schedule": {"now": True}}, "schedule_ambiguous", "/draft"),
            ({**complete, "schedule": {"at": PAST}}, "timestamp_past", "/schedule/at"),
            ({**complete, "schedule": {"at": FAR}}, "timestamp_too_far", "/schedule/at"),
            ({**complete, "targets": [{**self.target, "at": PAST}], "schedule": {"at": later(900)}}, "timestamp_past",
             "/targets/0/at"),
            ({**DRAFT, "schedule": {"now": True}}, "target_missing", "/targets"),
            ({"targets": [self.target], "schedule": {"now": True}}, "content_missing", "/content"),
            ({**complete, "content": {}, "schedule": {"now": True}}, "content_missing", "/content"),
            ({**complete, "content": {"text": ""}, "schedule": {"now": True}}, "content_missing", "/content/text"),
            ({"content": {"text": " "}, "schedule": {"now": True}}, "content_missing", "/content/text"),
            ({**complete, "content": {"parts": [{"text": ""}]}, "schedule": {"now": True}}, "content_missing",
             "/content/parts"),
            ({**complete, "content": {"text": ""}, "schedule": {"at": PAST}}, "timestamp_past", "/schedule/at"),
            ({**complete, "targets": [{**self.target, "platform_settings": {"format": "x"}}], "schedule": {"now": True}},
             "content_violation", "/targets/0/platform_settings/format"),
            ({**complete, "content": {"text": "x", "link": "ftp://x"}, "schedule": {"now": True}}, "content_violation",
             "/content/link"),
            ({**complete, "content": {"parts": [{"text": "a"}, {"text": "b" * 3001}]}, "schedule": {"now": True},
              "targets": [{**self.target, "platform_settings": {"format": "post"}}]}, "content_violation",
             "/content/parts")])

    def test_the_fault_is_told_beside_what_is_right(self):
        target = {**self.target, "variant": {"txt": "a"}}
        for body, right in (({"not_after": "soon"}, "2026-12-24T18:00:00Z"), ({"not_after": "2026-04-20T14:00:00"}, "2026-12-24T18:00:00Z"),
                            ({"contents": {}}, "The fields are: content, targets, schedule, draft, timezone, not_after, labels, metadata."),
                            ({"schedule": {"when": "now"}}, "The fields are: at, next_slot, now."),
                            ({"targets": [target]}, "text, parts, link and first_comment")):
            self.assertIn(right, self.api.post("/v1/posts", body).json()["detail"])
        self.assertIn("there are none here.", self.api.post("/v1/workspace/resume", {"now": True}).json()["detail"])
        for query, right in (("/v1/posts?publish_after=soon", "2026-12-24T18:00:00Z"), ("/v1/posts?stats=draft", "There are: status, attention, integration_id,"),
                             ("/v1/workspace?x=1", "takes no query parameters.")):
            self.assertIn(right, self.api.get(query).json()["detail"])

    def test_edit_names_the_fault_and_its_place(self):
        post = self.draft(targets=[self.target])
        tag = {"If-Match": f'"{post["version"]}"'}
        self.assert_table("PATCH", "/v1/posts/" + post["id"], self.refused_bodies(self.target), tag)
        scheduled = self.api.publish("for later", self.integration, schedule={"at": later(7200)})
        tag = {"If-Match": f'"{scheduled["version"]}"'}
        self.assert_table("PATCH", "/v1/posts/" + scheduled["id"], [
            ({"targets": []}, "target_missing", "/targets"),
            ({"content": None}, "content_missing", "/content"),
            ({"content": {"text": ""}}, "content_missing", "/content/text"),
            ({"content": {"link": "x"}}, "content_violation", "/content/link"),
            ({"targets": [{**self.target, "at": PAST}]}, "timestamp_past", "/targets/0/at")], tag)

    def test_the_other_requests_name_the_fault_and_its_place(self):
        post = self.draft(targets=[self.target])
        path = "/v1/posts/" + post["id"]
        self.assert_table("POST", path + "/schedule", [
            ({"when": 1}, "field_unknown", "/when"), ({"at": 7}, "field_wrong_type", "/at"),
            ({"at": "2026-04-20T14:00:00"}, "timestamp_offset_required", "/at"), ({}, "schedule_ambiguous", ""),
            ({"at": PAST}, "timestamp_past", "/at"), ({"at": FAR}, "timestamp_too_far", "/at"),
            ({"next_slot": True, "at": PAST}, "schedule_ambiguous", "")])
        self.assert_table("POST", path + "/retry", [
            ({"next_slot": True}, "field_unknown", "/next_slot"), ({"at": "x"}, "timestamp_invalid", "/at"),
            ({}, "schedule_ambiguous", "")])
        self.assert_table("POST", f"{path}/targets/{post['targets'][0]['id']}/resolve", [
            ({}, "field_missing", "/resolution"), ({"resolution": "gone"}, "field_invalid", "/resolution"),
            ({"resolution": "absent", "retry": "yes"}, "field_wrong_type", "/retry"),
            ({"resolution": "published", "url": "x"}, "field_invalid", "/url"),
            ({"resolution": "published", "url": "ftp://x/1"}, "field_invalid", "/url"),
            ({"resolution": "published", "url": "https://" + "x" * 2048}, "field_too_long", "/url")])
        account = {"channel": "bluesky", "identifier": "bob.test", "app_password": "secret"}
        self.assert_table("POST", "/v1/integrations", [
            ({**account, "channel": None}, "field_missing", "/channel"), ({**account, "channel": "y"}, "field_invalid", "/channel"),
            ({**account, "channel": "tiktok"}, "not_yet_available", "/channel"),
            ({**account, "identifier": ""}, "field_invalid", "/identifier"),
            ({**account, "app_password": "x" * 257}, "field_too_long", "/app_password"),
            ({**account, "service": "https://x/y"}, "field_invalid", "/service"),
            ({**account, "password": "x"}, "field_unknown", "/password")])
        self.assert_table("POST", f"/v1/integrations/{self.integration['id']}/reconnect", [
            ({"identifier": "alice.test"}, "field_missing", "/app_password"),
            ({**account, "channel": "x"}, "field_invalid", "/channel"),
            ({**account, "service": "https://elsewhere.example"}, "field_invalid", "/service")])
        self.assert_table("POST", "/v1/workspace/pause", [
            ({"reason": 7}, "field_wrong_type", "/reason"), ({"reason": "x" * 1001}, "field_too_long", "/reason")])

    def test_a_channel_without_an_adapter_is_answered_with_those_that_have_one(self):
        for channel, told in (("tiktok", r"\bfor: bluesky\.$"), ("myspace", r"^Expected is one of: x, .*\bbluesky\b")):
            problem = self.api.post("/v1/integrations", {"channel": channel, "identifier": "bob.test", "app_password": "secret"}).json()
            self.assertRegex(problem["detail"], told)

    def test_numbers_are_taken_from_the_lowest_to_the_highest_that_the_description_says(self):
        schemas = Api(self.api.port).get("/v1/openapi.json").json()["components"]["schemas"]
        monthly = {"frequency": "monthly", "timezone": "UTC", "time": "09:30", "start": far()}

        def series(rule):
            return self.api.post("/v1/series", {"rule": {**monthly, **rule}, "content": {"text": "a"}, "targets": [self.target]})

        def settings(patch):
            return self.api.request("PATCH", "/v1/workspace", patch, {"If-Match": "*"})

        for name, send, good in (("series_rule", series, 201), ("workspace_patch", settings, 200)):
            numbers = {member: one for member, one in schemas[name]["properties"].items() if "integer" in one.get("type", ())}
            self.assertGreater(len(numbers), 1, name)
            for member, one in numbers.items():
                for value, status in ((one["minimum"] - 1, 422), (one["minimum"], good), (one["maximum"], good), (one["maximum"] + 1, 422)):
                    self.assertEqual(send({member: value}).status, status, (name, member, value))

    def test_a_whole_number_that_does_not_fit_is_told_by_its_field(self):
        for number in ("9223372036854775808", "-9223372036854775809", "18446744073709551616"):
            for method, path, body, param in (
                    ("POST", "/v1/posts", '{"content":{"text":%s},"labels":["9223372036854775808"]}', "/content/text"),
                    ("POST", "/v1/posts", '{"labels":["a",%s]}', "/labels/1"), ("PATCH", "/v1/workspace", '{"max_lateness_ms":%s}', "/max_lateness_ms")):
                answer = self.api.request(method, path, (body % number).encode(), {"If-Match": "*"} if method == "PATCH" else {})
                self.assertEqual((answer.status, answer.json()["param"]), (422, param), answer)
        answer = self.api.request("POST", "/v1/posts", b'{"labels":[9223372036854775808],"a":1,"a":2}')
        self.assertIn("twice", self.assert_problem(answer, 400, "malformed_json")["detail"])
        answer = self.api.post("/v1/posts", '{"parts":[' + ",".join(["1"] * 600000) + "]}")
        self.assertIn("100,000 values", self.assert_problem(answer, 400, "malformed_json")["detail"])

    def test_a_request_that_takes_nothing_takes_an_empty_object_and_nothing_else(self):
        post = self.draft(targets=[self.target])
        path, account = "/v1/posts/" + post["id"], "/v1/integrations/" + self.integration["id"]
        for one in (path + "/cancel", path + "/duplicate", f"{path}/targets/{post['targets'][0]['id']}/cancel",
                    account + "/pause", account + "/resume", "/v1/workspace/resume"):
            self.assert_table("POST", one, [({"reason": "x"}, "field_unknown", "/reason")])
            self.assert_problem(self.api.post(one, "[]"), 400, "malformed_json")
        for body in (None, {}):
            self.assertEqual(self.api.post(path + "/duplicate", body).status, 201)

    def test_who_is_too_late_is_told_of_not_after(self):
        post = self.draft(targets=[self.target], content={"text": "a"}, not_after=PAST)
        for body, param in (({"now": True}, "/now"), ({"at": later(3600)}, "/at")):
            answer = self.api.post(f"/v1/posts/{post['id']}/schedule", body)
            problem = self.assert_problem(answer, 409, "lateness_exceeded")
            self.assertEqual(problem["param"], param)
            self.assertIn("not_after", problem["detail"])

    def test_a_parameter_at_fault_is_named(self):
        for query, code, status in (
                ("colour=red", "parameter_unknown", 422), ("status=purple", "parameter_invalid", 422), ("status=deleted", "parameter_invalid", 422),
                ("attention=purple", "parameter_invalid", 422),
                ("integration_id=x", "parameter_invalid", 422), ("author_id=x", "parameter_invalid", 422),
                ("publish_after=soon", "timestamp_invalid", 422),
                ("publish_before=2026-04-20T14:00:00", "timestamp_offset_required", 422),
                ("order=up", "parameter_invalid", 422), ("limit=0", "parameter_invalid", 422), ("q=", "parameter_invalid", 422),
                ("q=%20", "parameter_invalid", 422), ("q=%E3%80%80", "parameter_invalid", 422), ("q=%C2%AD", "parameter_invalid", 422), ("q=" + "x" * 257, "parameter_invalid", 422),
                ("label=%ff", "parameter_invalid", 422), ("cursor=00", "cursor_invalid", 400)):
            problem = self.assert_problem(self.api.get("/v1/posts?" + query), status, code)
            self.assertEqual(problem["param"], query.partition("=")[0])
        for path, param in (("/v1/punctuality?from=x", "from"), ("/v1/punctuality?integration_id=" + NOWHERE, "integration_id"),
                            ("/v1/punctuality?to=2001-01-01", "to"), ("/v1/events?after=x", "after"),
                            ("/v1/events/stream?after=x", "after"),
                            ("/v1/events?limit=5&limit=6", "limit"), ("/v1/integrations?limit=x", "limit")):
            self.assertEqual(self.assert_problem(self.api.get(path), 422, "parameter_invalid")["param"], param)

    def test_a_cursor_leads_on_in_the_history_of_its_own_post_only(self):
        mine, other = (self.draft(), self.draft())
        for post in (mine, other):
            path = "/v1/posts/" + post["id"]
            self.assertEqual(self.api.request("PATCH", path, {"labels": ["b"]}, {"If-Match": "*"}).status, 200)
        cursor = self.api.get(f"/v1/posts/{mine['id']}/history?limit=1").json()["next_cursor"]
        self.assertEqual(len(self.api.get(f"/v1/posts/{mine['id']}/history?cursor={cursor}").json()["data"]), 1)
        answer = self.api.get(f"/v1/posts/{other['id']}/history?cursor={cursor}")
        self.assertEqual(self.assert_problem(answer, 400, "cursor_invalid")["param"], "cursor")

    def test_a_locked_post_tells_since_when_and_until_when(self):
        post = self.api.publish("locked at once", self.integration, schedule={"at": later(240)})
        path = "/v1/posts/" + post["id"]
        post = self.api.wait_post(post, "queued")
        for method, one, body in (("PATCH", path, {"labels": ["a"]}), ("PATCH", path, {"targets": []}),
                                  ("POST", path + "/schedule", {"at": later(900)}), ("POST", path + "/schedule", {"now": True})):
            problem = self.assert_problem(self.api.request(method, one, body), 409, "post_locked")
            self.assertEqual((problem["locked_at"], problem["publish_at"]), (post["locked_at"], post["publish_at"]))
        self.assertEqual(self.api.post(path + "/cancel").status, 200)

    # Order.

    def test_of_two_faults_the_first_in_order_is_told(self):
        post = self.draft(targets=[self.target])
        path = "/v1/posts/" + post["id"]
        locked = self.api.publish("locked", self.integration, schedule={"at": later(240)})
        closed = "/v1/posts/" + self.api.wait_post(locked, "queued")["id"]
        text, stale = {"Content-Type": "text/plain"}, {"If-Match": '"999"'}
        nobody, long = Api(self.api.port, "op_x_" + "0" * 43), b"x" * (3 << 20)
        for who, method, where, body, headers, status, code in (
                (nobody, "POST", "/v1/nowhere", None, None, 401, "unauthenticated"),
                (nobody, "GET", path, None, None, 401, "unauthenticated"),
                (nobody, "POST", "/v1/posts", "{", None, 401, "unauthenticated"),
                (self.viewer, "DELETE", "/v1/posts/post_x", None, None, 404, "not_found"),
                (self.viewer, "PUT", "/v1/nowhere", "{", text, 404, "route_not_found"),
                (self.viewer, "PUT", "/v1/posts/post_x", None, None, 404, "not_found"),
                (self.viewer, "PUT", path + "/cancel", None, None, 403, "forbidden"),
                (self.viewer, "POST", "/v1/posts", "{", text, 403, "forbidden"),
                (self.viewer, "PUT", "/v1/posts", "{", text, 405, "method_not_allowed"),
                (self.api, "PUT", "/v1/posts?colour=1", "{", text, 405, "method_not_allowed"),
                (self.api, "POST", "/v1/posts?colour=1", "{", text, 415, "unsupported_media_type"),
                (self.api, "POST", "/v1/posts?colour=1", "{", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
                (self.api, "POST", "/v1/posts?colour=1", "{", {"Content-Encoding": "identity"}, 400, "malformed_json"),
                (self.api, "POST", "/v1/posts?colour=1", "{", None, 400, "malformed_json"),
                (self.api, "POST", "/v1/posts", "{", {"Idempotency-Key": "\u00e9"}, 400, "malformed_json"),
                (self.api, "POST", "/v1/posts", long, text, 413, "body_too_large"),
                (self.api, "PATCH", path + "?colour=1", "{", {"If-Match": "x"}, 400, "malformed_json"),
                (self.api, "PATCH", closed + "?colour=1", {"colour": 1}, {"If-Match": "x"}, 400, "malformed_request"),
                (self.api, "POST", closed + "/schedule?colour=1", {"at": later(900)}, stale, 422, "parameter_unknown"),
                (self.api, "PATCH", closed, {"colour": 1}, stale, 422, "field_unknown"),
                (self.api, "PATCH", closed, {"timezone": "x"}, stale, 422, "timezone_unknown"),
                (self.api, "POST", closed + "/cancel", {"colour": 1}, stale, 422, "field_unknown"),
                (self.api, "PATCH", closed, {"targets": [self.target] * 2}, stale, 409, "post_locked"),
                (self.api, "PATCH", closed, {"content": {"link": "x"}}, None, 409, "post_locked"),
                (self.api, "POST", closed + "/schedule", {"at": PAST}, stale, 409, "post_locked"),
                (self.api, "DELETE", closed, None, None, 409, "post_not_draft"),
                (self.api, "PATCH", path, {"targets": [self.target] * 2}, None, 428, "precondition_required"),
                (self.api, "PATCH", path, {"targets": [self.target] * 2}, stale, 412, "precondition_failed"),
                (self.api, "POST", path + "/schedule", {"at": PAST}, stale, 412, "precondition_failed"),
                (self.api, "POST", path + "/schedule", {"at": PAST}, None, 422, "timestamp_past")):
            with self.subTest(method=method, where=where, code=code):
                answer = who.request(method, where, body, headers)
                self.assertEqual((answer.status, answer.json()["code"]), (status, code), answer)
        self.assertEqual(self.api.post(closed + "/cancel").status, 200)

    def test_a_body_is_utf_8_and_says_no_other_charset(self):
        for charset, status in (("latin1", 415), ('"ISO-8859-1"', 415), ("utf-16; v=1", 415), ("UTF-8", 201), ('"utf-8"', 201)):
            answer = self.api.request("POST", "/v1/posts", '{"content":{"text":"a"}}', {"Content-Type": f"application/json; charset={charset}"})
            self.assertEqual(answer.status, status, answer)
            if status == 415:
                self.assertIn("UTF-8", self.assert_problem(answer, 415, "unsupported_media_type")["detail"])

    def test_where_it_cannot_be_read_is_told_in_bytes(self):
        for body, read in ((b'{"a":}', 6), (b'{"a":1', 6), (b'{"a":1,"a":2}', 10), (b'{"a":"\xc3\xa9","b":"\xff"}', 15),
                           (b'{"a":1} x', 9), (b"{'a':1}", 2), (b"[" * 40, 33), (b'{"a":1\0}', 6)):
            problem = self.assert_problem(self.api.request("POST", "/v1/posts", body), 400, "malformed_json")
            self.assertIn(f"after {read} bytes", problem["detail"], body)

    def test_a_body_that_is_too_long_is_413_and_told_what_is_taken(self):
        long = b'{"a":"' + b"x" * (9 << 20) + b'"}'
        for headers, body in (({}, long), ({"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n0\r\n\r\n" % (len(long), long))):
            problem = self.assert_problem(self.api.request("POST", "/v1/posts", body, headers), 413, "body_too_large")
            self.assertEqual(problem["detail"], f"At most {2 << 20} bytes are taken.")

    def test_who_schedules_by_an_edit_is_told_the_way(self):
        post = self.draft()
        answer = self.api.request("PATCH", "/v1/posts/" + post["id"], {"schedule": {"now": True}}, {"If-Match": "*"})
        self.assertIn("POST /v1/posts/{id}/schedule", self.assert_problem(answer, 422, "field_unknown")["detail"])
        answer = self.api.request("PATCH", "/v1/posts/" + post["id"], {"colour": 1}, {"If-Match": "*"})
        self.assertNotIn("schedule", self.assert_problem(answer, 422, "field_unknown")["detail"])

    # Repeated requests.

    def repeat(self, path, body, key):
        return self.api.post(path, body, {"Idempotency-Key": key})

    def assert_replayed(self, first, again):
        self.assertEqual((again.status, again.json()), (first.status, first.json()))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    def test_a_request_repeated_after_its_instant_has_its_first_answer(self):
        at, draft = later(3), self.draft(targets=[self.target])
        made = {**DRAFT, "targets": [self.target], "schedule": {"at": at}}
        schedule = f"/v1/posts/{draft['id']}/schedule"
        first = [self.repeat("/v1/posts", made, "created for soon"), self.repeat(schedule, {"at": at}, "scheduled for soon")]
        self.assertEqual([one.status for one in first], [201, 200])
        self.api.wait_post(draft, "published")
        self.api.wait_post(first[0].json(), "published")
        self.assert_replayed(first[0], self.repeat("/v1/posts", made, "created for soon"))
        self.assert_replayed(first[1], self.repeat(schedule, {"at": at}, "scheduled for soon"))
        for path, body, key in (("/v1/posts", {**made, "labels": ["x"]}, "created for soon"),
                                (schedule, {"at": later(900)}, "scheduled for soon")):
            self.assert_problem(self.repeat(path, body, key), 422, "idempotency_key_reused")

    def test_a_request_repeated_after_what_it_names_is_gone_has_its_first_answer(self):
        integration = self.api.connect("gone.test")
        body = {**DRAFT, "targets": [{"integration_id": integration["id"]}]}
        made = self.repeat("/v1/posts", body, "to a lost account")
        path = made.headers["Location"]
        copied = self.repeat(path + "/duplicate", {}, "copied")
        paused = self.repeat(f"/v1/integrations/{integration['id']}/pause", None, "paused")
        for one in (path, copied.headers["Location"]):
            self.assertEqual(self.api.request("DELETE", one, None, {"If-Match": "*"}).status, 204)
        self.assertEqual(
            self.api.request("DELETE", "/v1/integrations/" + integration["id"], None, {"If-Match": "*"}).status, 204)
        self.assert_replayed(made, self.repeat("/v1/posts", body, "to a lost account"))
        self.assert_replayed(copied, self.repeat(path + "/duplicate", {}, "copied"))
        self.assert_replayed(paused, self.repeat(f"/v1/integrations/{integration['id']}/pause", None, "paused"))
        self.assert_problem(self.repeat("/v1/posts", body, "another key"), 422, "reference_not_found")


class WhileItRuns(harness.Case):
    def test_a_request_whose_first_still_runs_is_told_so(self):
        parts = harness.Parts(self.world, self.world.data()).start()
        parts["ledger"].signal(signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            both = [pool.submit(parts.api.post, "/v1/posts", DRAFT, {"Idempotency-Key": "slow"}) for _ in range(2)]
            done, (first,) = concurrent.futures.wait(both, 8, concurrent.futures.FIRST_COMPLETED)
            (second,) = done
            self.assertIs(self.assert_problem(second.result(), 409, "idempotency_in_flight")["retryable"], True)
            parts["ledger"].signal(signal.SIGCONT)
            self.assertEqual(first.result().status, 201)
        again = parts.api.post("/v1/posts", DRAFT, {"Idempotency-Key": "slow"})
        self.assertEqual((again.status, again.json()), (201, first.result().json()))
        parts.stop()

    def test_a_request_repeated_after_its_instant_has_its_first_answer_when_all_that_is_derived_is_lost(self):
        service = self.world.serve()
        integration = service.api.connect("alice.test")
        body = {**DRAFT, "targets": [{"integration_id": integration["id"]}], "schedule": {"at": later(2)}}
        first = service.api.post("/v1/posts", body, {"Idempotency-Key": "for soon"})
        self.assertEqual(first.status, 201, first)
        service.api.wait_post(first.json(), "published")
        service.stop()
        service.start()
        again = service.api.post("/v1/posts", body, {"Idempotency-Key": "for soon"})
        self.assertEqual((again.status, again.json()), (201, first.json()))
        service.stop()
        for file in (service.data.path / "views").iterdir():
            file.unlink()
        service.start()
        again = service.api.post("/v1/posts", body, {"Idempotency-Key": "for soon"})
        self.assertEqual((again.status, again.json()), (201, first.json()))
        self.assert_problem(service.api.post("/v1/posts", {}, {"Idempotency-Key": "for soon"}), 422,
                            "idempotency_key_reused")


if __name__ == "__main__":
    harness.main()
