#!/usr/bin/env python3
"""The HTTP API as its clients rely on it: errors and their order, what is told of a post, pages, isolation, description."""

import re
import time

import harness
from described import Described
from harness import Api, far, later

DRAFT = {"content": {"text": "a draft"}}


class Http(harness.Case):
    """One service for all cases; each makes what it needs."""

    @classmethod
    def make_world(cls):
        data = cls.world.data()
        viewer, auditor = data.another_key("viewer", "viewer"), data.another_key("auditor", "auditor")
        service = cls.world.serve(data)
        cls.api, cls.viewer, cls.auditor = service.api, Api(service.port, viewer), Api(service.port, auditor)
        for api in (cls.api, cls.viewer, cls.auditor):
            api.witness = Described(Api(service.port).get("/v1/openapi.json").json())
        cls.integration = cls.api.connect("alice.test")
        other = cls.world.serve(cls.world.data("other"), name="other")
        integration = other.api.connect("foreign.test")
        post = other.api.publish("foreign", integration, schedule={"at": later(7200)})
        other.stop()
        cls.foreign = {"post": post["id"], "int": integration["id"], "tgt": post["targets"][0]["id"],
                       "key": other.data.key}

    def draft(self, **more):
        made = self.api.post("/v1/posts", {**DRAFT, **more})
        self.assertEqual(made.status, 201, made)
        return made.json()

    def etag(self, post):
        return {"If-Match": f'"{post["version"]}"'}

    # Errors and their order: 401, 404 (path), 403, 405/413/415/400, 422 shape, 409 state, 428/412, 422 rules.

    def test_every_error_is_a_problem_with_a_code_and_a_request_id(self):
        problem = self.assert_problem(self.api.get("/v1/nowhere"), 404, "route_not_found")
        self.assertEqual(problem["type"], "urn:openpost:problem:route_not_found")
        self.assertIs(problem["retryable"], False)
        self.assertRegex(problem["request_id"], "^req_[0-9a-z]{26}$")

    def test_without_a_valid_key_nothing_is_told_not_even_what_exists(self):
        post = self.draft()
        for key in (None, "op_owner_" + "0" * 43, "nonsense", self.api.key[:-1], self.api.key + "a"):
            for path in ("/v1/posts", "/v1/posts/" + post["id"], "/v1/nowhere"):
                answer = Api(self.api.port, key).get(path)
                self.assert_problem(answer, 401, "unauthenticated")
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        twice = self.api.request("GET", "/v1/posts?key=" + self.api.key, headers={"Authorization": None})
        self.assert_problem(twice, 401, "unauthenticated")

    def test_an_unknown_path_comes_before_the_role(self):
        self.assert_problem(self.viewer.post("/v1/nowhere"), 404, "route_not_found")
        self.assert_problem(self.viewer.post("/v1/posts/post_nothing/cancel"), 404, "not_found")

    def test_the_role_comes_before_the_body(self):
        self.assert_problem(self.viewer.request("POST", "/v1/posts", "{"), 403, "forbidden")
        self.assert_problem(self.viewer.request("GET", "/v1/events"), 403, "forbidden")
        self.assertEqual(self.auditor.get("/v1/events").status, 200)
        self.assert_problem(self.auditor.post("/v1/posts", DRAFT), 403, "forbidden")

    def test_who_may_not_is_told_which_role_may(self):
        roles = {}
        for path, methods in self.api.get("/v1/openapi.json").json()["paths"].items():
            for method, operation in methods.items():
                if "viewer" not in operation.get("x-required-roles", ["viewer"]) and "{" not in path:
                    problem = self.assert_problem(self.viewer.request(method.upper(), path), 403, "forbidden")
                    named = re.fullmatch("It takes the role ([a-z, ]+)[.]", problem["detail"])[1]
                    roles[path] = re.split(", | or ", named)
                    self.assertEqual(set(roles[path]), set(operation["x-required-roles"]))
        self.assertGreaterEqual(len(roles), 5, roles)

    def test_a_method_that_the_address_does_not_know_is_405_and_says_which_it_knows(self):
        answer = self.api.request("PUT", "/v1/posts")
        self.assert_problem(answer, 405, "method_not_allowed")
        self.assertEqual(set(re.split(", *", answer.headers["Allow"])), {"GET", "HEAD", "POST"})

    def test_a_body_must_be_json_of_an_object_and_say_so(self):
        for body in ("{", "[]", "null", "", '{"content":{},"content":{}}', '{"a":"\ud800"}', "[" * 40,
                     b'{"labels":["\xff"]}'):
            body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
            self.assert_problem(self.api.request("POST", "/v1/posts", body), 400, "malformed_json")
        self.assert_problem(
            self.api.request("POST", "/v1/posts", "{}", {"Content-Type": "text/plain"}), 415,
            "unsupported_media_type")
        self.assert_problem(self.api.request("DELETE", "/v1/posts/" + self.draft()["id"], "{}", {"If-Match": "*"}),
                            400, "malformed_request")

    def test_a_body_that_cannot_be_read_is_told_why(self):
        for body, why in (('{"content":{"text":"a\\u0000b"}}', "U+0000"), ('{"metadata":{"a\\u0000":"b"}}', "U+0000"),
                          ('{"a":1e999}', "2^63"), ('{"a":' + 400 * "9" + "}", "2^63"), ('{"a":[' + "9223372036854775808," * 8 + "9223372036854775808]}", "2^63"),
                          ('{"a":1,"a":2}', "twice"), (b'{"a":"\xff"}', "UTF-8"), ("[" * 40, "32")):
            answer = self.api.request("POST", "/v1/posts", body if isinstance(body, bytes) else body.encode())
            self.assert_problem(answer, 400, "malformed_json")
            self.assertIn(why, answer.json()["detail"])

    def test_an_unknown_field_is_refused_by_its_pointer(self):
        for body, pointer in (({"colour": 1}, "/colour"), ({"content": {"txt": "x"}}, "/content/txt"),
                              ({"schedule": {"when": "now"}}, "/schedule/when"),
                              ({"content": {"parts": [{"text": "a", "b": 1}]}}, "/content/parts/0/b"),
                              ({"targets": [{"integration_id": self.integration["id"], "hue": 1}]}, "/targets/0/hue")):
            problem = self.assert_problem(self.api.post("/v1/posts", body), 422, "field_unknown")
            self.assertEqual(problem["param"], pointer)

    def test_values_of_the_wrong_kind_or_length_are_refused_by_their_pointer(self):
        for body, code, pointer in (
                ({"content": {"text": 7}}, "field_wrong_type", "/content/text"),
                ({"labels": ["x" * 257]}, "field_too_long", "/labels/0"),
                ({"labels": [str(n) for n in range(21)]}, "field_too_long", "/labels"),
                ({"metadata": {"k": 1}}, "field_wrong_type", "/metadata/k"),
                ({"timezone": "Mars/Olympus"}, "timezone_unknown", "/timezone"),
                ({"schedule": {}}, "schedule_ambiguous", "/schedule"),
                ({"schedule": {"now": True, "at": later(900)}}, "schedule_ambiguous", "/schedule"),
                ({"not_after": "2026-04-20T14:00:00"}, "timestamp_offset_required", "/not_after"),
                ({"not_after": "2026-04-20T14:00:00-00:00"}, "timestamp_offset_required", "/not_after"),
                ({"not_after": "2026-02-30T14:00:00Z"}, "timestamp_invalid", "/not_after"),
                ({"not_after": "2026-04-20T23:59:60Z"}, "timestamp_invalid", "/not_after"),
                ({"schedule": {"at": "2001-01-01T00:00:00Z"}}, "timestamp_past", "/schedule/at"),
                ({"targets": [{"integration_id": "int_00000000000000000000000000"}]}, "reference_not_found",
                 "/targets/0/integration_id"),
                ({"targets": [{}]}, "field_missing", "/targets/0/integration_id")):
            problem = self.assert_problem(self.api.post("/v1/posts", body), 422, code)
            self.assertEqual(problem["param"], pointer, body)
            if code == "timestamp_past":
                self.assertEqual(problem["detail"], "It is in the past; what goes out at once says now instead of an instant.")

    def test_a_post_without_targets_or_text_cannot_be_scheduled(self):
        target = [{"integration_id": self.integration["id"]}]
        self.assert_problem(self.api.post("/v1/posts", {**DRAFT, "schedule": {"now": True}}), 422, "target_missing")
        self.assert_problem(self.api.post("/v1/posts", {"targets": target, "schedule": {"now": True}}), 422,
                            "content_missing")

    def test_an_empty_object_is_an_empty_draft_which_lacks_what_a_schedule_needs(self):
        draft = self.api.post("/v1/posts", {})
        self.assertEqual(draft.status, 201, draft)
        self.assertEqual((draft.json()["status"], draft.json()["content"]["parts"], draft.json()["targets"]), ("draft", [], []))
        problem = self.assert_problem(self.api.post(draft.headers["Location"] + "/schedule", {"now": True}), 422,
                                      "content_missing")
        self.assertIsNone(problem["param"])
        empty = self.draft(content={"text": ""}, targets=[{"integration_id": self.integration["id"]}])
        self.assertEqual(empty["content"]["text"], "")
        self.assertEqual([(one["code"], one["param"]) for one in empty["targets"][0]["violations"]],
                         [("text_empty", "/content/parts/0/text")])

    def test_what_becomes_of_a_post_is_told_before_it_does(self):
        target = {"integration_id": self.integration["id"]}
        post = self.draft(content={"text": "a word " * 100}, targets=[target])
        self.assertIsNone(post["locks_at"])
        (shown,) = post["targets"]
        self.assertEqual((shown["rendering"]["format"], len(shown["rendering"]["parts"])), ("thread", 3))
        (split,) = shown["violations"]
        self.assertEqual((split["code"], split["param"], split["fatal"]), ("text_split", "/content/parts/0/text", False))
        path, at = "/v1/posts/" + post["id"], later(240)
        post = self.api.post(path + "/schedule", {"at": later(7200)}).json()
        self.assertEqual(harness.seconds_of(post["publish_at"]) - harness.seconds_of(post["locks_at"]), 300)
        post = self.api.request("PATCH", path, {"content": {"text": "short"}}, self.etag(post)).json()
        self.assertEqual(post["targets"][0]["violations"], [])
        soon = self.api.post("/v1/posts", {**DRAFT, "targets": [target], "schedule": {"at": at}}).json()
        self.assertLess(soon["locks_at"], soon["created_at"])
        soon = self.api.wait_post(soon, "queued")
        self.assertIsNone(soon["locks_at"])
        self.api.post(f"/v1/posts/{soon['id']}/cancel")

    def test_a_target_s_preview_has_its_own_instant(self):
        other, own = self.api.connect("own-instant.test"), later(9000)
        targets = [{"integration_id": self.integration["id"]}, {"integration_id": other["id"], "at": own}]

        def created(post):
            return [harness.seconds_of(target["rendering"]["parts"][0]["createdAt"]) for target in post["targets"]]
        at = later(7200)
        planned = self.draft(targets=[{**targets[0], "at": at}, targets[1]])
        self.assertEqual(created(planned), [harness.seconds_of(at), harness.seconds_of(own)])
        post = self.draft(targets=targets)
        scheduled = self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": at}).json()
        self.assertEqual(created(scheduled), [harness.seconds_of(at), harness.seconds_of(own)])
        self.assertEqual([target["publish_at"] for target in scheduled["targets"]], [at, own])
        again = self.api.post("/v1/posts", {**DRAFT, "targets": targets, "schedule": {"at": at}}).json()
        self.assertEqual(created(again), [harness.seconds_of(at), harness.seconds_of(own)])
        at_once = self.api.post(f"/v1/posts/{again['id']}/schedule", {"now": True}).json()
        self.assertEqual(at_once["targets"][1]["publish_at"], own)  # as the operation's description says
        self.api.post(f"/v1/posts/{post['id']}/cancel")
        self.api.post(f"/v1/posts/{again['id']}/cancel")

    def test_a_target_without_an_instant_of_its_own_gets_that_of_the_others_without(self):
        """Never an earlier one that somebody gave to another account alone."""
        accounts = [self.api.connect(f"common-{n}.test")["id"] for n in range(3)]
        at, own = later(9000), later(7200)
        post = self.api.post("/v1/posts", {**DRAFT, "targets": [{"integration_id": accounts[0]}, {"integration_id": accounts[1], "at": own}],
                                           "schedule": {"at": at}}).json()
        path = f"/v1/posts/{post['id']}"

        def edited(*instants):
            targets = [{"integration_id": account, **({"at": one} if one else {})} for account, one in zip(accounts, instants)]
            return self.api.request("PATCH", path, {"targets": targets}, {"If-Match": "*"})

        def instants(answer):
            self.assertEqual(answer.status, 200, answer)
            return [target["publish_at"] for target in answer.json()["targets"]]
        self.assertEqual(instants(edited(None, own, None)), [at, own, at], "an account more")
        self.assertEqual(instants(edited(None, None, None)), [at, at, at], "its own is given up")
        self.assertEqual(instants(edited(own, own)), [own, own], "all have their own")
        for wanted, param in (((own, own, None), "/targets/2/at"), ((own, None), "/targets/1/at"), ((None, None), "/targets/0/at")):
            problem = self.assert_problem(edited(*wanted), 422, "instant_missing")
            self.assertEqual(problem["param"], param)
        self.assertEqual(instants(edited(own, own, at)), [own, own, at])
        self.api.post(path + "/cancel")

    def test_a_text_over_a_channels_limits_is_refused_with_every_violation(self):
        answer = self.api.post("/v1/posts", {
            "content": {"parts": [{"text": "x" * 301}]}, "schedule": {"at": later(7200)},
            "targets": [{"integration_id": self.integration["id"], "platform_settings": {"format": "post"}}]})
        problem = self.assert_problem(answer, 422, "content_violation")
        self.assertEqual([one["param"] for one in problem["violations"]], [problem["param"]])
        self.assertEqual(problem["param"], "/content/parts/0/text")
        answer = self.api.post("/v1/posts", {
            "content": {"text": "x" * 301}, "schedule": {"at": later(7200)},
            "targets": [{"integration_id": self.integration["id"], "platform_settings": {"format": "post"}}]})
        problem = self.assert_problem(answer, 422, "content_violation")
        self.assertEqual([one["param"] for one in problem["violations"]], ["/content/text"])
        self.assertEqual(problem["param"], "/content/text")

    # Lists.

    def test_pages_neither_repeat_nor_miss_a_post_while_others_are_written(self):
        label = "paged"
        expected = [self.draft(labels=[label])["id"] for _ in range(7)]
        seen, cursor = [], ""
        while True:
            page = self.api.get(f"/v1/posts?label={label}&limit=2&order=-created_at{cursor}").json()
            seen += [post["id"] for post in page["data"]]
            self.draft(labels=[label])
            if page["next_cursor"] is None:
                break
            cursor = "&cursor=" + page["next_cursor"]
        self.assertEqual(seen, expected[::-1])

    def test_a_status_that_is_none_is_answered_with_those_that_are(self):
        problem = self.assert_problem(self.api.get("/v1/posts?status=drafts"), 422, "parameter_invalid")
        self.assertRegex(problem["detail"], "^status is one of draft, scheduled, .*cancelled[.]$")

    def test_what_says_when_is_named_where_it_is_missing(self):
        post = self.draft()
        for action, members in (("schedule", "at, next_slot and now"), ("retry", "at and now")):
            problem = self.assert_problem(self.api.post(f"/v1/posts/{post['id']}/{action}", {}), 422, "schedule_ambiguous")
            self.assertEqual(problem["detail"], f"Give exactly one of {members}.")

    def test_filters_narrow_and_unknown_parameters_are_refused(self):
        post = self.draft(labels=["narrow"])
        both = self.api.get("/v1/posts?label=narrow&status=draft").json()["data"]
        self.assertEqual([one["id"] for one in both], [post["id"]])
        self.assertEqual(self.api.get("/v1/posts?label=narrow&status=published").json()["data"], [])
        self.assert_problem(self.api.get("/v1/posts?colour=red"), 422, "parameter_unknown")
        self.assert_problem(self.api.get("/v1/posts?status=purple"), 422, "parameter_invalid")
        for limit in ("0", "201", "-1", "many"):
            self.assert_problem(self.api.get("/v1/posts?limit=" + limit), 422, "parameter_invalid")
        for cursor in ("00", "zz", "abc", "ff" * 200):
            self.assert_problem(self.api.get("/v1/posts?cursor=" + cursor), 400, "cursor_invalid")

    def test_a_text_is_found_whatever_its_case_and_only_in_the_own_workspace(self):
        one = self.draft(content={"text": "Ein Fr\u00fchlingsfest am Kanal"}, labels=["sought"])
        two = self.draft(content={"text": "x", "first_comment": "nach dem FR\u00dcHLINGSFEST"})
        self.draft(content={"text": "something else"}, labels=["sought"])

        def found(query):
            answer = self.viewer.get("/v1/posts?order=created_at&" + query)
            self.assertEqual(answer.status, 200, answer)
            return [post["id"] for post in answer.json()["data"]]
        self.assertEqual(found("q=fru%CC%88hlingsfest"), [one["id"], two["id"]])
        self.assertEqual(found("q=FR%C3%9CHLINGSFEST+am&label=sought"), [one["id"]])
        self.assertEqual(found("q=autumn-leaves"), [])
        page = self.api.get("/v1/posts?order=created_at&limit=1&q=fr%C3%BChlingsfest").json()
        self.assertEqual([post["id"] for post in page["data"]], [one["id"]])
        self.assertEqual(found("limit=1&q=fr%C3%BChlingsfest&cursor=" + page["next_cursor"]), [two["id"]])
        self.assert_problem(self.api.get("/v1/posts?q=other&cursor=" + page["next_cursor"]), 400, "cursor_invalid")

    def test_the_workspace_tells_any_key_what_it_is(self):
        for api in (self.api, self.viewer, self.auditor):
            answer = api.get("/v1/workspace")
            self.assertEqual(answer.status, 200, answer)
            shown = answer.json()
            self.assertEqual((shown["slug"], shown["name"], shown["timezone"], shown["paused"]), ("main", "Main", "UTC", False))
            self.assertEqual((shown["max_lateness_ms"], shown["late_spacing_ms"]), (6 * 3600 * 1000, 60000))
            self.assertEqual(answer.headers["ETag"], f'"{shown["version"]}"')
            again = api.get("/v1/workspace", headers={"If-None-Match": answer.headers["ETag"]})
            self.assertEqual((again.status, again.body), (304, b""))
        self.assert_problem(self.api.request("PUT", "/v1/workspace"), 405, "method_not_allowed")

    def test_as_many_accounts_as_fit_are_the_last_page(self):
        first, *others = self.api.get("/v1/integrations?limit=200").json()["data"]
        count = 1 + len(others)
        self.assertIsNone(self.api.get(f"/v1/integrations?limit={count}").json()["next_cursor"])
        self.api.connect("one-more.test")
        page = self.api.get(f"/v1/integrations?limit={count}").json()
        self.assertEqual((len(page["data"]), page["data"][0]["id"]), (count, first["id"]))
        rest = self.api.get(f"/v1/integrations?limit={count}&cursor={page['next_cursor']}").json()
        self.assertEqual(([one["identifier"] for one in rest["data"]], rest["next_cursor"]), (["one-more.test"], None))

    def test_a_history_names_what_an_edit_changed(self):
        post = self.draft()
        path = "/v1/posts/" + post["id"]
        answer = self.api.request("PATCH", path, {"content": {"text": "other words"}, "labels": ["a"],
                                                  "targets": [{"integration_id": self.integration["id"]}]}, self.etag(post))
        self.assertEqual(answer.status, 200, answer)
        sentences = [one["sentence"] for one in self.api.get(path + "/history").json()["data"]]
        self.assertEqual(sentences, ["Written as a draft for 0 accounts.",
                                     "Edited: text, accounts, labels; it goes to 1 account."])

    def test_a_cursor_that_was_changed_or_is_another_lists_is_refused(self):
        for _ in range(3):
            self.draft()
        lists = {"/v1/posts?limit=1": "/v1/posts", "/v1/events?limit=1": "/v1/events"}
        cursors = {path: self.api.get(first).json()["next_cursor"] for first, path in lists.items()}
        for path, cursor in cursors.items():
            self.assertEqual(self.api.get(f"{path}?cursor={cursor}").status, 200)
            for at in range(0, len(cursor), 5):
                other = cursor[:at] + ("0" if cursor[at] != "0" else "1") + cursor[at + 1:]
                self.assert_problem(self.api.get(f"{path}?cursor={other}"), 400, "cursor_invalid")
            for other in cursors.values():
                if other != cursor:
                    self.assert_problem(self.api.get(f"{path}?cursor={other}"), 400, "cursor_invalid")

    def test_a_cursor_serves_the_same_filters_in_the_same_order_only(self):
        for _ in range(3):
            self.draft(labels=["one"])
        cursor = self.api.get("/v1/posts?limit=1&label=one&status=draft").json()["next_cursor"]
        for same in ("status=draft&label=one", "label=%6Fne&status=draft&limit=2"):
            self.assertEqual(self.api.get(f"/v1/posts?{same}&cursor={cursor}").status, 200)
        for other in ("", "label=one", "label=two&status=draft", "label=one&status=draft&order=created_at",
                      "label=one&status=draft&status=failed"):
            self.assert_problem(self.api.get(f"/v1/posts?{other}&cursor={cursor}"), 400, "cursor_invalid")

    def test_a_plus_is_a_space_but_in_an_instant(self):
        post = self.draft(labels=["y y"])
        for label in ("y+y", "y%20y"):
            found = self.api.get("/v1/posts?label=" + label).json()["data"]
            self.assertEqual([one["id"] for one in found], [post["id"]])
        self.assertEqual(self.api.get("/v1/posts?label=y%2By").json()["data"], [])
        self.assertEqual(self.api.get("/v1/posts?publish_after=2026-04-20T10:00:00+02:00").status, 200)

    def test_the_first_instant_of_1970_is_one_like_any_other(self):
        self.draft()
        epoch = "1970-01-01T00:00:00Z"
        self.assertEqual(self.api.get("/v1/posts?publish_before=" + epoch).json()["data"], [])
        dated = self.api.get("/v1/posts?limit=200&publish_after=" + epoch).json()["data"]
        self.assertTrue(all(one["publish_at"] for one in dated))

    def test_who_is_ahead_of_the_log_is_told(self):
        last = 0
        page = self.api.get("/v1/events?limit=200").json()
        while page["data"]:
            last = page["data"][-1]["workspace_seq"]
            page = self.api.get(f"/v1/events?limit=200&cursor={page['next_cursor']}").json()
        self.assertEqual(self.api.get(f"/v1/events?after={last}").status, 200)
        for path, headers, param in ((f"/v1/events?after={last + 1000}", None, "after"),
                                     (f"/v1/events/stream?after={last + 1000}", None, "after"),
                                     ("/v1/events/stream", {"Last-Event-ID": str(last + 1000)}, "Last-Event-ID")):
            problem = self.assert_problem(self.api.get(path, headers=headers), 400, "cursor_invalid")
            self.assertEqual(problem["param"], param)

    def test_an_unknown_parameter_is_refused_everywhere(self):
        post = self.draft()
        for path in ("/v1/posts/" + post["id"], "/v1/integrations/" + self.integration["id"], "/v1/log/checkpoint",
                     f"/v1/posts/{post['id']}/history", f"/v1/posts/{post['id']}/deliveries", "/v1/punctuality"):
            self.assert_problem(self.api.get(path + "?colour=red"), 422, "parameter_unknown")

    def test_the_events_cursor_of_the_last_page_serves_the_next_sync(self):
        first = self.api.get("/v1/events?limit=200").json()
        while first["data"] and len(first["data"]) == 200:
            first = self.api.get(f"/v1/events?limit=200&cursor={first['next_cursor']}").json()
        post = self.draft()
        following = self.api.get(f"/v1/events?cursor={first['next_cursor']}").json()
        seen = [(one["type"], one["stream"]) for one in following["data"]
                if one["type"] != "access_refused"]  # of other cases: they are told a second later
        self.assertEqual(seen, [("post_created", post["id"])])

    def test_an_event_of_more_than_a_mebibyte_does_not_stop_the_list(self):
        text = "a long part of a long thread. " * 2100
        long = self.api.post("/v1/posts", {"content": {"parts": [{"text": text} for _ in range(25)]}})
        self.assertEqual(long.status, 201, long)
        last = self.draft()
        page = {"data": None, "next_cursor": None}
        streams = []
        while page["data"] != []:
            page = self.api.get("/v1/events?limit=200" + (f"&cursor={page['next_cursor']}" if page["next_cursor"] else "")).json()
            streams += [one["stream"] for one in page["data"]]
        self.assertEqual(streams[-2:], [long.json()["id"], last["id"]])

    # Isolation and description.

    def test_ids_of_another_installation_are_answered_like_unknown_ones(self):
        foreign = self.foreign
        unknown = {kind: kind + "_01h2xcejqtf2nbrexx3vqjhp41" for kind in ("post", "int", "tgt")}
        own = self.draft()["id"]

        def shown(method, path, body=None):
            answer = self.api.request(method, path, body, {"If-Match": "*"})
            headers = {name: value for name, value in answer.headers.items() if name not in ("Request-Id", "Date", "RateLimit")}
            return answer.status, headers, re.sub(rb'"request_id":"[^"]*"', b"", answer.body)

        for path in ("/v1/posts/{post}", "/v1/posts/{post}/deliveries", "/v1/posts/{post}/history",
                     "/v1/integrations/{int}"):
            for method in ("GET", "HEAD"):
                there, nothing = (shown(method, path.format(**ids)) for ids in (foreign, unknown))
                self.assertEqual(there, nothing)
                self.assertEqual(there[0], 404)
        for method, path, body in (("PATCH", "/v1/posts/{post}", {"labels": []}), ("DELETE", "/v1/posts/{post}", None),
                                   ("POST", "/v1/posts/{post}/cancel", None),
                                   ("POST", "/v1/posts/{post}/schedule", {"now": True}),
                                   ("POST", f"/v1/posts/{own}/targets/{{tgt}}/cancel", None),
                                   ("POST", "/v1/integrations/{int}/pause", None),
                                   ("DELETE", "/v1/integrations/{int}", None)):
            there, nothing, malformed = (shown(method, path.format(**ids), body) for ids in (
                foreign, unknown, {"post": "post_x", "int": "7", "tgt": "%20"}))
            self.assertEqual(there, nothing)
            self.assertEqual(there, malformed)
            self.assertEqual(there[0], 404)
        for ids in (foreign, unknown, {"int": "int_x"}):
            body = {**DRAFT, "targets": [{"integration_id": ids["int"]}]}
            problem = self.assert_problem(self.api.post("/v1/posts", body), 422, "reference_not_found")
            self.assertEqual(problem["param"], "/targets/0/integration_id")
        self.assert_problem(Api(self.api.port, foreign["key"]).get("/v1/posts"), 401, "unauthenticated")

    def test_head_has_the_headers_of_get_and_no_body(self):
        path = "/v1/posts/" + self.draft()["id"]
        get, head = self.api.get(path), self.api.request("HEAD", path)
        self.assertEqual((head.status, head.body), (200, b""))
        for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
            self.assertEqual(head.headers[name], get.headers[name])

    def test_the_log_tells_which_request_asked(self):
        made = self.api.post("/v1/posts", DRAFT)
        history = self.api.get(made.headers["Location"] + "/history").json()["data"]
        self.assertEqual(history[0]["command_id"].split("_")[1], made.headers["Request-Id"].split("_")[1])

    def test_what_is_left_of_the_keys_quota_is_told(self):
        first, second = (self.api.get("/v1/posts?limit=1").headers for _ in range(2))
        self.assertEqual(first["RateLimit-Policy"], f'"key";q={harness.RATE_LIMIT};w=60')
        left = [int(re.fullmatch(r'"key";r=([0-9]+);t=[0-9]+', one["RateLimit"])[1]) for one in (first, second)]
        self.assertLess(left[0], harness.RATE_LIMIT)
        self.assertLess(left[1], left[0] + harness.RATE_LIMIT // 60)
        self.assertIsNone(Api(self.api.port).get("/healthz").headers["RateLimit"])

    def test_every_answer_has_a_request_id_of_its_own(self):
        ids = [self.api.get(path).headers["Request-Id"] for path in ("/healthz", "/v1/posts", "/v1/nowhere") * 3]
        self.assertEqual(len(set(ids)), len(ids))

    def test_the_openapi_document_lists_every_route(self):
        document = Api(self.api.port).get("/v1/openapi.json").json()
        self.assertEqual(document["openapi"], "3.1.0")
        declared = re.findall(r'^ROUTE\((\w+), *(\w+), *"([^"]+)"', (harness.ROOT / "gateway/route.def").read_text(),
                              re.MULTILINE)
        self.assertGreater(len(declared), 25)
        listed = {(operation["operationId"], method.upper(), path) for path, methods in document["paths"].items()
                  for method, operation in methods.items()}
        self.assertEqual(listed, set(declared))
        codes = document["components"]["schemas"]["problem"]["properties"]["code"]["enum"]
        self.assertIn("post_locked", codes)
        for path, methods in document["paths"].items():
            named = set(re.findall(r"{(\w+)}", path))
            for operation in methods.values():
                self.assertEqual({one["name"] for one in operation["parameters"] if one["in"] == "path"}, named)

    def test_who_has_the_document_is_told_that_it_is_the_same(self):
        api = Api(self.api.port)
        first, again = api.get("/v1/openapi.json"), api.get("/v1/openapi.json")
        self.assertEqual((again.body, again.headers["ETag"]), (first.body, first.headers["ETag"]))
        known = api.request("GET", "/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((known.status, known.body), (304, b""))
        other = api.request("GET", "/v1/openapi.json", headers={"If-None-Match": '"' + "0" * 32 + '"'})
        self.assertEqual((other.status, other.body), (200, first.body))

    def test_a_status_that_the_document_lists_can_be_asked_for(self):
        document = Api(self.api.port).get("/v1/openapi.json").json()
        schema = next(one for one in document["paths"]["/v1/posts"]["get"]["parameters"] if one["name"] == "status")["schema"]
        words = schema.get("enum") or schema["items"]["enum"]
        self.assertIn("cancelled", words)
        for word in words:
            self.assertEqual(self.api.get(f"/v1/posts?status={word}").status, 200, word)

    def test_the_document_says_which_roles_may_use_an_operation(self):
        document = Api(self.api.port).get("/v1/openapi.json").json()
        told = document["components"]["securitySchemes"]["key"]["description"]
        ids = {"post_id": self.draft(targets=[{"integration_id": self.integration["id"]}])["id"],
               "integration_id": self.integration["id"], "workspace_seq": 1,
               "template_id": self.api.post("/v1/templates", {"name": "by role"}).json()["id"]}
        ids["target_id"] = self.api.get("/v1/posts/" + ids["post_id"]).json()["targets"][0]["id"]
        ids["key_id"] = ids["actor_id"] = self.api.get("/v1/api-keys").json()["data"][0]["id"]
        ids["series_id"] = self.api.post("/v1/series", {
            "rule": {"frequency": "monthly", "time": "09:30", "start": far()}, "content": {"text": "far away"},
            "targets": [{"integration_id": self.integration["id"]}]}).json()["id"]
        ids["member_id"] = self.api.post("/v1/invitations", {"email": "somebody@example.com", "role": "viewer"}).json()["id"]
        for role, api in (("viewer", self.viewer), ("auditor", self.auditor), ("owner", self.api)):
            self.assertIn(role + ": ", told)
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    roles = operation.get("x-required-roles", [])
                    if not roles or operation["operationId"] == "stream_events" and role in roles:
                        continue
                    answer = api.request(method.upper(), path.format(**ids) + "?colour=red", "{" if method != "get" else None)
                    self.assertEqual(answer.status == 403, role not in roles, (role, path, method, answer))

    def test_a_posts_history_comes_in_pages_of_the_size_that_is_asked_for(self):
        post = self.api.publish("with a history", self.integration, schedule={"at": later(7200)})
        path = f"/v1/posts/{post['id']}/history"
        self.api.post(f"/v1/posts/{post['id']}/cancel")
        whole, paged, cursor = self.api.get(path).json(), [], ""
        while cursor is not None:
            page = self.api.get(f"{path}?limit=1{cursor}").json()
            self.assertLessEqual(len(page["data"]), 1)
            paged += page["data"]
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        self.assertEqual((paged, whole["next_cursor"]), (whole["data"], None))
        self.assertGreater(len(paged), 3)
        self.assert_problem(self.api.get(path + "?limit=0"), 422, "parameter_invalid")

    def test_the_health_readiness_and_figures_of_the_service_are_public(self):
        anybody = Api(self.api.port)
        self.assertEqual(anybody.get("/healthz").status, 200)
        self.assertEqual(anybody.get("/readyz").json(), {"status": "ready", "degraded": []})
        figures = anybody.get("/metrics")
        self.assertTrue(figures.headers["Content-Type"].startswith("text/plain"))
        self.assertIn(b"openpost_ledger_up 1\n", figures.body)
        self.assertNotIn(self.api.key.encode(), figures.body)

    def test_an_account_with_open_posts_cannot_be_removed_and_the_answer_names_them(self):
        integration = self.api.connect("in-use.test")
        post = self.api.publish("still open", integration, schedule={"at": later(7200)})
        path = "/v1/integrations/" + integration["id"]
        problem = self.assert_problem(self.api.request("DELETE", path, None, {"If-Match": "*"}), 409,
                                      "integration_in_use")
        self.assertEqual(problem["post_ids"], [post["id"]])
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/cancel").status, 200)
        self.assertEqual(self.api.request("DELETE", path, None, {"If-Match": "*"}).status, 204)
        self.assert_problem(self.api.get(path), 404, "not_found")

    def test_whoever_asks_for_the_root_is_shown_the_description(self):
        problem = self.assert_problem(self.api.get("/"), 404, "route_not_found")
        self.assertIn("/v1/openapi.json", problem["detail"])
        self.assert_problem(harness.Api(self.api.port).get("/x"), 401, "unauthenticated")

    def test_the_kill_switch_holds_what_is_due_until_it_is_off(self):
        integration = self.api.connect("held.test")
        first = self.api.post("/v1/workspace/pause", {}).json()
        again = [self.api.post("/v1/workspace/pause", body).json() for body in ({"reason": "fire"}, {"reason": "fire"}, {})]
        self.assertEqual([(one["pause_reason"], one["paused_at"]) for one in again], 3 * [("fire", first["paused_at"])])
        self.assertEqual(again[0]["version"], again[2]["version"])
        post = self.api.publish("held for a while", integration)
        held = harness.wait_until(lambda: self.api.read_post(post)["targets"][0]["held"], 10, "held")
        self.assertEqual(held, "workspace_paused")
        degraded = harness.wait_until(lambda: self.api.get("/readyz").json()["degraded"], 10, "told by /readyz")
        self.assertEqual([(one["code"], one["reason"]) for one in degraded],
                         [("workspace_paused", "Paused workspaces: 1")])
        self.assertEqual(self.api.figures()["openpost_ledger_workspaces_paused"], 1)
        self.assertEqual(self.api.post("/v1/workspace/resume").status, 200)
        self.assertIsNone(self.api.wait_post(post, "published")["targets"][0]["held"])
        harness.wait_until(lambda: self.api.get("/readyz").json()["degraded"] == [], 10, "nothing is paused")

    def test_the_proof_of_an_event_belongs_to_the_newest_checkpoint(self):
        self.draft()
        checkpoint = self.api.get("/v1/log/checkpoint").body.decode()
        origin, size, root = checkpoint.splitlines()[:3]
        self.assertTrue(origin.startswith("openpost/sys_"))
        self.assertGreater(int(size), 0)
        self.assertEqual(len(root), 44)
        proof = self.api.get("/v1/log/proof/1").body.decode()
        self.assertTrue(proof.startswith("c2sp.org/tlog-proof@v1\n"), proof)
        self.assert_problem(self.api.get("/v1/log/proof/999999"), 404, "not_found")
        for name in ("0", "01", "one", "-1", "18446744073709551616"):
            self.assert_problem(self.api.get("/v1/log/proof/" + name), 404, "not_found")


class RateLimit(harness.Case):
    def test_a_key_above_its_quota_waits_and_another_does_not(self):
        data = self.world.data()
        other = data.another_key("other", "viewer")
        service = self.world.serve(data, options=["--rate-limit", "20"])
        answers = []
        while len(answers) < 60 and (not answers or answers[-1].status == 200):  # one more is allowed every 3 s
            answers.append(service.api.get("/v1/posts"))
        self.assertGreater(len(answers), 20)
        self.assert_problem(answers[-1], 429, "rate_limited")
        self.assertIs(answers[-1].json()["retryable"], True)
        self.assertEqual(answers[-1].headers["RateLimit"].split(";")[1], "r=0")
        self.assertIn(answers[-1].headers["Retry-After"], ("1", "2", "3"))
        self.assertEqual(Api(service.port, other).get("/v1/posts").status, 200)
        time.sleep(int(answers[-1].headers["Retry-After"]))
        self.assertEqual(service.api.get("/v1/posts").status, 200)


if __name__ == "__main__":
    harness.main()
