#!/usr/bin/env python3
"""How two changes meet over HTTP: preconditions, a request that is repeated, a state that refuses."""

from concurrent.futures import ThreadPoolExecutor

import harness
from described import Described
from harness import Api, later

DRAFT = {"content": {"text": "a draft"}}


class Change(harness.Case):
    """One service for all cases; each makes what it needs."""

    @classmethod
    def make_world(cls):
        service = cls.world.serve()
        cls.api = service.api
        cls.api.witness = Described(Api(service.port).get("/v1/openapi.json").json())
        cls.integration = cls.api.connect("alice.test")

    def draft(self, **more):
        made = self.api.post("/v1/posts", {**DRAFT, **more})
        self.assertEqual(made.status, 201, made)
        return made.json()

    def etag(self, post):
        return {"If-Match": f'"{post["version"]}"'}

    # Preconditions.

    def test_a_change_needs_if_match_and_a_stale_one_is_refused(self):
        post = self.draft()
        path = "/v1/posts/" + post["id"]
        self.assertEqual(self.api.get(path).headers["ETag"], f'"{post["version"]}"')
        self.assert_problem(self.api.request("PATCH", path, {"labels": ["a"]}), 428, "precondition_required")
        self.assert_problem(self.api.request("DELETE", path), 428, "precondition_required")
        changed = self.api.request("PATCH", path, {"labels": ["a"]}, self.etag(post))
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual(changed.json()["labels"], ["a"])
        self.assertEqual(changed.headers["ETag"], f'"{post["version"] + 1}"')
        self.assert_problem(self.api.request("PATCH", path, {"labels": ["b"]}, self.etag(post)), 412,
                            "precondition_failed")
        self.assert_problem(self.api.request("DELETE", path, None, self.etag(post)), 412, "precondition_failed")
        self.assert_problem(self.api.post(path + "/schedule", {"at": later(7200)}, self.etag(post)), 412,
                            "precondition_failed")
        self.assertEqual(self.api.request("DELETE", path, None, self.etag(changed.json())).status, 204)
        self.assert_problem(self.api.get(path), 404, "not_found")

    def test_if_match_is_checked_wherever_it_is_sent(self):
        post = self.draft()
        path = "/v1/posts/" + post["id"]
        stale = {"If-Match": '"999"'}
        self.assert_problem(self.api.post(path + "/duplicate", {}, stale), 412, "precondition_failed")
        self.assertEqual(self.api.post(path + "/duplicate", {}, self.etag(post)).status, 201)
        self.assert_problem(self.api.post("/v1/workspace/pause", {}, stale), 412, "precondition_failed")
        self.assert_problem(self.api.post(f"/v1/integrations/{self.integration['id']}/pause", {}, stale), 412,
                            "precondition_failed")

    def test_what_if_match_says_is_read_as_the_standard_has_it(self):
        post = self.draft()
        path, version = "/v1/posts/" + post["id"], post["version"]

        def patch(value):
            return self.api.request("PATCH", path, {"labels": ["a"]}, {"If-Match": value})

        for value in ("abc", str(version), f'"{version}', "W/3", f'"{version}", *', ""):
            problem = self.assert_problem(patch(value), 400, "malformed_request")
            self.assertEqual(problem["param"], "If-Match")
        self.assertIn("weak", self.assert_problem(patch(f'W/"{version}"'), 412, "precondition_failed")["detail"])
        weak = self.api.post(path + "/duplicate", {}, {"If-Match": f'"77", W/"{version}"'})
        self.assertIn("weak", self.assert_problem(weak, 412, "precondition_failed")["detail"])
        self.assertNotIn("weak", self.assert_problem(patch('"77", W/"78"'), 412, "precondition_failed")["detail"])
        self.assertEqual(patch(f'"77", "{version}"').json()["version"], version + 1)
        self.assertEqual(patch("*").json()["version"], version + 2)
        self.assertEqual(self.api.get(path, headers={"If-None-Match": "abc"}).status, 200)

    def test_many_changes_at_once_of_any_version_are_all_made(self):
        post, many = self.draft(), 40
        path, version = "/v1/posts/" + post["id"], post["version"]
        some_version = ", ".join(f'"{n}"' for n in range(version, version + 3 * many))
        changes = [("PATCH", path, lambda n: {"labels": [str(n)]}, {"If-Match": "*"}),
                   ("PATCH", path, lambda n: {"labels": [str(n)]}, {"If-Match": some_version}),
                   ("POST", path + "/schedule", lambda n: {"at": later(7200 + n)}, {})]
        post = self.api.request("PATCH", path, {"targets": [{"integration_id": self.integration["id"]}]},
                                {"If-Match": "*"}).json()
        with ThreadPoolExecutor(many) as pool:
            for method, where, body, headers in changes:
                sent = [pool.submit(self.api.request, method, where, body(n), headers) for n in range(many)]
                self.assertEqual([a.result().status for a in sent], [200] * many, [a.result() for a in sent])
        self.assertEqual(self.api.get(path).json()["version"], post["version"] + len(changes) * many)

    def test_a_state_that_refuses_comes_before_rules_about_the_input(self):
        post = self.api.publish("is published", self.integration)
        path = "/v1/posts/" + self.api.wait_post(post, "published")["id"]
        self.assert_problem(self.api.post(path + "/schedule", {"at": "2001-01-01T00:00:00Z"}), 409, "post_finished")
        self.assert_problem(self.api.post(path + "/retry", {"at": "2001-01-01T00:00:00Z"}), 409, "post_finished")

    def test_a_rule_names_the_place_in_the_body(self):
        target = {"integration_id": self.integration["id"], "at": "2001-01-01T00:00:00Z"}
        for body, code, param in (
                ({**DRAFT, "targets": [target], "schedule": {"at": later(900)}}, "timestamp_past", "/targets/0/at"),
                ({**DRAFT, "schedule": {"at": "2101-01-01T00:00:00Z"}}, "timestamp_too_far", "/schedule/at"),
                ({**DRAFT, "schedule": {"now": True}}, "target_missing", "/targets"),
                ({**DRAFT, "targets": [{"integration_id": self.integration["id"]}] * 2}, "target_duplicate",
                 "/targets/1/integration_id")):
            problem = self.assert_problem(self.api.post("/v1/posts", body), 422, code)
            self.assertEqual(problem["param"], param)
        path = "/v1/posts/" + self.draft()["id"]
        problem = self.assert_problem(self.api.post(path + "/schedule", {"at": "2001-01-01T00:00:00Z"}), 422,
                                      "timestamp_past")
        self.assertEqual(problem["param"], "/at")

    def test_an_account_that_cannot_be_used_is_named_by_its_place(self):
        refused = self.api.connect("wrong-password.test", password="wrong")
        self.assertEqual(refused["status"], "refused")
        body = {**DRAFT, "targets": [{"integration_id": self.integration["id"]}, {"integration_id": refused["id"]}],
                "schedule": {"at": later(900)}}
        problem = self.assert_problem(self.api.post("/v1/posts", body), 422, "integration_unusable")
        self.assertEqual(problem["param"], "/targets/1/integration_id")

    def test_what_the_reader_has_already_is_304(self):
        post = self.draft()
        path = "/v1/posts/" + post["id"]
        same = self.api.request("GET", path, headers={"If-None-Match": f'"{post["version"]}"'})
        self.assertEqual((same.status, same.body), (304, b""))
        listed = {"If-None-Match": f'"7", W/"{post["version"]}"'}
        self.assertEqual(self.api.request("GET", path, headers=listed).status, 304)
        self.assertEqual(self.api.request("GET", path, headers={"If-None-Match": '"999"'}).status, 200)

    def test_a_patch_merges_objects_replaces_arrays_and_null_removes(self):
        post = self.draft(metadata={"a": "1", "b": "2"}, labels=["x", "y"],
                          targets=[{"integration_id": self.integration["id"]}])
        answer = self.api.request("PATCH", "/v1/posts/" + post["id"],
                                  {"metadata": {"a": None, "c": "3"}, "labels": ["z"],
                                   "targets": [{"integration_id": self.integration["id"]}]}, self.etag(post)).json()
        self.assertEqual((answer["metadata"], answer["labels"]), ({"b": "2", "c": "3"}, ["z"]))
        self.assertEqual(answer["content"]["text"], "a draft")
        self.assertEqual(answer["targets"][0]["id"], post["targets"][0]["id"])

    def test_shape_comes_before_preconditions(self):
        path = "/v1/posts/" + self.draft()["id"]
        self.assert_problem(self.api.request("PATCH", path, {"colour": 1}), 422, "field_unknown")

    def test_state_comes_before_preconditions(self):
        post = self.api.publish("locked at once", self.integration, schedule={"at": later(240)})
        post = self.api.wait_post(post, "queued")
        path = "/v1/posts/" + post["id"]
        stale = {"If-Match": '"1"'}
        problem = self.assert_problem(self.api.request("PATCH", path, {"labels": ["a"]}, stale), 409, "post_locked")
        self.assertEqual((problem["publish_at"], problem["locked_at"]), (post["publish_at"], post["locked_at"]))
        self.assert_problem(self.api.request("PATCH", path, {"labels": ["a"]}), 409, "post_locked")
        self.assert_problem(self.api.request("DELETE", path), 409, "post_not_draft")
        cancelled = self.api.post(path + "/cancel")
        self.assertEqual((cancelled.status, cancelled.json()["status"]), (200, "cancelled"))
        self.assert_problem(self.api.post(path + "/cancel"), 409, "post_finished")

    def test_a_target_is_cancelled_once_and_asking_again_is_no_mistake(self):
        other = self.api.connect("also.test")
        post = self.api.publish("in two places", self.integration, other, schedule={"at": later(7200)})
        path = f"/v1/posts/{post['id']}/targets/{post['targets'][0]['id']}/cancel"
        first, again = self.api.post(path), self.api.post(path)
        self.assertEqual((first.status, again.status, again.json()), (200, 200, first.json()))
        self.assertEqual([one["status"] for one in again.json()["targets"]], ["cancelled", "pending"])
        done = self.api.wait_post(self.api.publish("is out", self.integration), "published")
        path = f"/v1/posts/{done['id']}/targets/{done['targets'][0]['id']}/cancel"
        self.assert_problem(self.api.post(path), 409, "target_finished")

    def test_who_was_overtaken_is_answered_what_the_own_change_left_at_first_and_later(self):
        path, many = "/v1/posts/" + self.draft()["id"], 24

        def change(n):
            return self.api.request("PATCH", path, {"labels": [str(n)]}, {"If-Match": "*", "Idempotency-Key": f"race {n}"})
        with ThreadPoolExecutor(many) as pool:
            answers = list(pool.map(change, range(many)))
        self.assertEqual([one.status for one in answers], [200] * many)
        self.assertEqual([one.json()["labels"] for one in answers], [[str(n)] for n in range(many)])
        self.assertEqual(len({one.headers["ETag"] for one in answers}), many)
        for n, first in enumerate(answers):
            again = change(n)
            self.assertEqual((again.json(), again.headers["ETag"]), (first.json(), first.headers["ETag"]))
            self.assertEqual((first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]), (None, "true"))

    # Idempotency.

    def test_a_repeated_request_has_the_first_answer_and_says_that_it_is_one(self):
        key = {"Idempotency-Key": "once and only once"}
        first = self.api.post("/v1/posts", DRAFT, key)
        again = self.api.post("/v1/posts", DRAFT, key)
        self.assertEqual((first.status, again.status), (201, 201))
        self.assertEqual(again.json(), first.json())
        self.assertEqual(again.headers["Location"], first.headers["Location"])
        self.assertEqual((first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]), (None, "true"))
        self.assert_problem(self.api.post("/v1/posts", {"content": {"text": "other"}}, key), 422,
                            "idempotency_key_reused")

    def test_a_repeated_request_has_its_first_answer_whatever_became_of_the_post(self):
        key = {"Idempotency-Key": "changed meanwhile"}
        body = {**DRAFT, "targets": [{"integration_id": self.integration["id"]}]}
        first = self.api.post("/v1/posts", body, key)
        path = first.headers["Location"]
        changed = self.api.request("PATCH", path, {"content": {"text": "other"}}, self.etag(first.json()))
        self.assertEqual(changed.status, 200, changed)
        scheduling = {"Idempotency-Key": "scheduled once"}
        at = later(7200)
        scheduled = self.api.post(path + "/schedule", {"at": at}, scheduling)
        cancelled = self.api.post(path + "/cancel")
        self.assertEqual((scheduled.status, cancelled.json()["status"]), (200, "cancelled"))
        for answer, again in ((first, self.api.post("/v1/posts", body, key)),
                              (scheduled, self.api.post(path + "/schedule", {"at": at},
                                                        scheduling))):
            self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (answer.status, "true"))
            self.assertEqual(again.json(), answer.json())
            self.assertEqual((again.headers["ETag"], again.headers["Location"]),
                             (answer.headers["ETag"], answer.headers["Location"]))

    def test_a_repeated_request_has_its_first_answer_whatever_became_of_workspace_account_and_queue(self):
        account = self.api.connect("surroundings.test")["id"]
        path = f"/v1/integrations/{account}/queue"
        body = {"content": {"text": "as it was"}, "targets": [{"integration_id": account}], "schedule": {"at": later(72000)}}

        def ask():
            made = self.api.post("/v1/posts", body, {"Idempotency-Key": "surroundings"})
            slots = self.api.request("PATCH", path, {"slots": []}, {"Idempotency-Key": "surroundings", "If-Match": "*"})
            self.assertEqual((made.status, slots.status), (201, 200), (made, slots))
            return made.json(), slots.json()
        first = ask()

        def change(**settings):
            self.assertEqual(self.api.request("PATCH", "/v1/workspace", settings, {"If-Match": "*"}).status, 200)
        before = self.api.get("/v1/workspace").json()
        change(timezone="Asia/Kathmandu", approval_policy="any_approver", max_lateness_ms=3600000)
        self.assertNotEqual(self.api.read_post(first[0]), first[0])
        self.assertEqual(ask(), first)
        change(timezone=before["timezone"], approval_policy=before["approval_policy"], max_lateness_ms=before["max_lateness_ms"])
        for where in (path, f"/v1/integrations/{account}", "/v1/workspace"):
            self.assertEqual(self.api.post(where + "/pause").status, 200)
            self.assertEqual(ask(), first, where)
            self.assertEqual(self.api.post(where + "/resume").status, 200)
        self.assertEqual(self.api.post(f"/v1/posts/{first[0]['id']}/cancel").status, 200)
        self.assertEqual(self.api.request("DELETE", f"/v1/integrations/{account}", headers={"If-Match": "*"}).status, 204)
        self.assertEqual(ask(), first)

    def test_a_repeated_request_has_its_first_answer_behind_more_events_than_a_frame_holds(self):
        """By their number, and by their bytes."""
        many = {"labels": ["a"]}, 1100
        large = {"content": {"parts": [{"text": f"{n} " + "x" * 10000} for n in range(25)]}}, 40
        for patch, count in (many, large):
            path = "/v1/posts/" + self.api.post("/v1/posts", {"content": {"text": "changed often"}}).json()["id"]
            for n in range(count):
                answer = self.api.request("PATCH", path, {**patch, "metadata": {"n": str(n)}}, {"If-Match": "*", "Idempotency-Key": f"{count} {n}"})
                self.assertEqual(answer.status, 200, answer)
            self.assertEqual(self.api.request("PATCH", path, {"labels": ["later"]}, {"If-Match": "*"}).status, 200)
            again = self.api.request("PATCH", path, {**patch, "metadata": {"n": str(n)}}, {"If-Match": "*", "Idempotency-Key": f"{count} {n}"})
            self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (200, "true"), again)
            self.assertEqual(again.json(), answer.json())

    def test_what_was_due_at_once_waits_in_a_repeated_answer_for_what_it_waited_for(self):
        """The answer tells of the moment in which it was decided, not of that in which it was read."""
        for number in range(10):
            body = {**DRAFT, "targets": [{"integration_id": self.integration["id"]}], "schedule": {"now": True}}
            first, again = (self.api.post("/v1/posts", body, {"Idempotency-Key": f"now {number}"}).json() for _ in range(2))
            self.assertEqual(again, first)

    def test_a_repeated_request_has_its_first_answer_after_the_draft_is_gone(self):
        key = {"Idempotency-Key": "deleted meanwhile"}
        first = self.api.post("/v1/posts", DRAFT, key)
        self.assertEqual(self.api.request("DELETE", first.headers["Location"], None, self.etag(first.json())).status, 204)
        again = self.api.post("/v1/posts", DRAFT, key)
        self.assertEqual((again.status, again.json()), (201, first.json()))
        self.assert_problem(self.api.get(first.headers["Location"]), 404, "not_found")

    def test_an_account_paused_and_resumed_again_is_replayed_as_it_was(self):
        integration = self.api.connect("replayed.test")
        path = "/v1/integrations/" + integration["id"]
        key = {"Idempotency-Key": "pause once"}
        paused = self.api.post(path + "/pause", {}, key)
        self.assertEqual((paused.status, paused.json()["status"]), (200, "paused"))
        self.assertEqual(self.api.post(path + "/resume").json()["status"], "connected")
        again = self.api.post(path + "/pause", {}, key)
        self.assertEqual((again.status, again.json()), (200, paused.json()))
        self.assertEqual(self.api.get(path).json()["status"], "connected")

    def test_the_key_counts_for_one_address_and_a_refusal_is_decided_afresh(self):
        post = self.draft()
        key = {"Idempotency-Key": "two addresses"}
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/duplicate", {}, key).status, 201)
        other = self.draft()
        duplicated = self.api.post(f"/v1/posts/{other['id']}/duplicate", {}, key)
        self.assertEqual(duplicated.json()["duplicate_of"], other["id"])
        refused = {"Idempotency-Key": "refused at first"}
        body = {**DRAFT, "schedule": {"now": True}}
        for _ in range(2):
            self.assert_problem(self.api.post("/v1/posts", body, refused), 422, "target_missing")

    def test_a_patch_and_a_delete_under_a_key_are_done_once(self):
        post = self.draft()
        path, key = "/v1/posts/" + post["id"], {"Idempotency-Key": "changed once"}
        body, tag = {"labels": ["a"]}, self.etag(post)
        changed = self.api.request("PATCH", path, body, {**tag, **key})
        later_on = self.api.request("PATCH", path, {"labels": ["b"]}, self.etag(changed.json()))
        again = self.api.request("PATCH", path, body, {**tag, **key})
        self.assertEqual((again.status, again.json(), again.headers["ETag"]),
                         (200, changed.json(), changed.headers["ETag"]))
        self.assertEqual((changed.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]), (None, "true"))
        self.assert_problem(self.api.request("PATCH", path, {"labels": ["c"]}, {**tag, **key}), 422,
                            "idempotency_key_reused")
        self.assertEqual(self.api.get(path).json(), later_on.json())
        tag = self.etag(later_on.json())
        gone = [self.api.request("DELETE", path, None, {**tag, **key}) for _ in range(2)]
        self.assertEqual([(one.status, one.body, one.headers["Idempotent-Replayed"]) for one in gone],
                         [(204, b"", None), (204, b"", "true")])
        self.assert_problem(self.api.request("DELETE", path, None, tag), 404, "not_found")
        integration = "/v1/integrations/" + self.api.connect("deleted-once.test")["id"]
        gone = [self.api.request("DELETE", integration, None, {"If-Match": "*", **key}) for _ in range(2)]
        self.assertEqual([(one.status, one.headers["Idempotent-Replayed"]) for one in gone], [(204, None), (204, "true")])

    def test_a_key_is_one_to_255_printable_ascii_characters(self):
        for key in ("", "x" * 256, "caf\u00e9".encode("latin-1").decode("latin-1"), "tab\there"):
            answer = self.api.post("/v1/posts", DRAFT, {"Idempotency-Key": key})
            self.assertEqual(answer.status, 422, (key, answer))
            self.assertEqual(answer.json()["code"], "idempotency_key_invalid")
        self.assertEqual(self.api.post("/v1/posts", DRAFT, {"Idempotency-Key": "x" * 255}).status, 201)
        for method, body in (("PATCH", {}), ("DELETE", None)):
            answer = self.api.request(method, "/v1/posts/" + self.draft()["id"], body, {"Idempotency-Key": ""})
            self.assert_problem(answer, 422, "idempotency_key_invalid")
        self.assertEqual(self.api.get("/v1/posts?limit=1", headers={"Idempotency-Key": ""}).status, 200)


class AfterARestart(harness.Case):
    def test_a_repeated_request_still_has_its_first_answer(self):
        service = self.world.serve()
        key = {"Idempotency-Key": "before the restart"}
        first = service.api.post("/v1/posts", DRAFT, key)
        service.stop()
        service.start()
        again = service.api.post("/v1/posts", DRAFT, key)
        self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (201, "true"))
        self.assertEqual(again.json(), first.json())
        self.assert_problem(service.api.post("/v1/posts", {}, key), 422, "idempotency_key_reused")

    def test_a_repeated_request_still_has_its_first_answer_when_all_that_is_derived_is_lost(self):
        service = self.world.serve()
        key = {"Idempotency-Key": "before the power loss"}
        first = service.api.post("/v1/posts", DRAFT, key)
        service.stop()
        for file in (service.data.path / "views").iterdir():
            file.unlink()
        service.start()
        again = service.api.post("/v1/posts", DRAFT, key)
        self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (201, "true"))
        self.assertEqual(again.json(), first.json())
        self.assert_problem(service.api.post("/v1/posts", {}, key), 422, "idempotency_key_reused")
        service.stop()
        self.assert_verified_and_replayed(service.data)


if __name__ == "__main__":
    harness.main()
