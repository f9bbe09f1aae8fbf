#!/usr/bin/env python3
"""Never silence: what waits says for what and until when, and what needs a person can be found."""

import json
import time

import harness
from frames import Rpc, tag_key
from harness import Api, free_port, later, run, seconds_of, wait_until
from workspaces_test import created


class Visible(harness.Case):
    def test_an_unknown_outcome_is_listed_and_counted_until_a_person_says_what_it_is(self):
        service = self.world.serve()
        api = service.api
        integration = api.connect()
        service.sandbox.rule("error_after_accepting", contains="doubtful")
        good = api.publish("clear", integration)
        post = api.publish("doubtful", integration)
        api.wait_post(good, "published")
        wait_until(lambda: api.read_post(post)["targets"][0]["status"] == "unknown", 30, "unknown")
        for order in ("created_at", "-created_at", "publish_at", "-publish_at"):
            page = api.get(f"/v1/posts?attention=unknown&order={order}").json()
            self.assertEqual(([one["id"] for one in page["data"]], page["next_cursor"]), ([post["id"]], None))
        self.assertEqual(api.get("/v1/posts?attention=needs_person&attention=contradicted").json()["data"], [])
        self.assertEqual(api.figures()["openpost_posts_unknown"], 1)
        target = api.read_post(post)["targets"][0]["id"]
        self.wait_line(service, "level=warn process=scheduler what=outcome_unknown seq=", f"post={post['id']} target={target}")
        answer = api.post(f"/v1/posts/{post['id']}/targets/{target}/resolve", {"resolution": "abandoned"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(api.get("/v1/posts?attention=unknown").json()["data"], [])
        self.wait_line(service, "what=target_resolved", f"target={target}")
        self.wait_line(service, "what=target_failed", "code=resolved_abandoned")
        figures = api.figures()
        self.assertEqual((figures["openpost_posts_unknown"], figures["openpost_posts_failed_total"]), (0, 1))
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_a_deleted_drafts_history_stays_and_nothing_else_of_it(self):
        port = free_port()
        service = self.world.serve(options=("--rpc", f"127.0.0.1:{port}"))
        api, rpc = service.api, Rpc(port, tag_key(service.data.key))
        self.addCleanup(rpc.close)
        accounts = [api.connect(f"{name}.test")["id"] for name in ("alice", "bob")]
        post = api.post("/v1/posts", {"content": {"text": "draft"}, "targets": [{"integration_id": accounts[0]}]}).json()["id"]
        path, any_version = "/v1/posts/" + post, {"If-Match": "*"}
        self.assertEqual(api.request("PATCH", path, {"labels": ["a"]}, any_version).status, 200)
        before = api.get(path + "/history").json()["data"]
        self.assertEqual(api.request("DELETE", path, headers=any_version).status, 204)
        history = api.get(path + "/history").json()
        self.assertEqual((history["data"][:-1], history["next_cursor"]), (before, None))
        self.assertEqual((history["data"][-1]["event"], history["data"][-1]["sentence"]), ("post_deleted", "The draft was thrown away."))
        first = api.get(path + "/history?limit=2").json()
        rest = api.get(f"{path}/history?cursor={first['next_cursor']}").json()
        self.assertEqual((first["data"] + rest["data"], rest["next_cursor"]), (history["data"], None))
        self.assertEqual(json.loads(rpc.query("history", {"post_id": post})[1]), history)
        shown = run("post", "history", post, "--data", service.data.path)
        self.assertIn("The draft was thrown away.", shown.stdout, shown)
        for method, more in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/schedule"), ("POST", "/duplicate")):
            body = {} if method in ("PATCH", "POST") else None
            self.assert_problem(api.request(method, path + more, body, any_version), 404, "not_found")
        self.assertEqual((rpc.query("get_post", {"post_id": post})[0], api.get("/v1/posts").json()["data"]), ("not_found", []))
        sees = {name: api.post("/v1/api-keys", {"name": "k", "role": "admin", "integrations": [one]}).json()["key"] for name, one in zip("ab", accounts)}
        self.assertEqual([Api(service.port, sees[name]).get(path + "/history").status for name in "ab"], [200, 404])
        self.assertEqual(Api(service.port, created(service.data, "neighbour")[1]).get(path + "/history").status, 404)
        service.stop()
        self.assert_verified_and_replayed(service.data)

    def test_what_a_disconnected_account_holds_says_so_and_goes_out_once_it_is_connected_again(self):
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        integration = api.connect()
        sandbox.rule("unauthorized", path="", times=100)
        first = api.publish("first", integration)
        self.wait_for(api, first, "disconnected")
        second = api.publish("second", integration)
        waiting = self.wait_for(api, second, "disconnected")
        self.assertEqual((waiting["held"], waiting["waits_until"]), ("disconnected", None))
        self.assertAlmostEqual(seconds_of(waiting["missed_at"]) - seconds_of(waiting["publish_at"]), 6 * 3600, delta=0.01)
        wait_until(lambda: api.figures()["openpost_ledger_targets_held"] == 2, 10, "two targets are held")
        self.wait_line(service, "what=integration_disconnected", f"integration={integration['id']} code=credentials_refused")
        sandbox.forget_rules()
        again = api.post(f"/v1/integrations/{integration['id']}/reconnect", {"identifier": "alice.test", "app_password": "new"})
        self.assertEqual(again.status, 200, again)
        for post in (first, second):  # not a minute late yet: neither waits for its turn
            api.wait_post(post, "published")
        self.assertIsNone(api.read_post(first)["targets"][0]["waits_for"])

    def test_whatever_its_posts_wait_for_when_an_account_is_lost_each_says_so_and_ends(self):
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        integration = api.connect()
        sandbox.rule("limit", contains="limited", value_ms=6000)
        limited = api.publish("limited", integration)
        planned = api.publish("planned", integration, schedule={"at": later(3600)})
        self.wait_for(api, limited, "rate_limit")
        brief = api.publish("of no use later", integration, not_after=later(15))
        self.wait_for(api, brief, "rate_limit")
        sandbox.rule("unauthorized", path="", times=100)
        for post in (limited, planned, brief):
            self.assertEqual(self.wait_for(api, post, "disconnected")["held"], "disconnected")
        self.wait_line(service, "what=integration_disconnected", f"integration={integration['id']}")
        self.assertEqual(api.wait_post(brief, "missed")["targets"][0]["waits_for"], None)
        self.wait_line(service, "what=targets_missed", f"post={brief['id']}")
        for post in (limited, planned):
            target = self.wait_for(api, post, "disconnected")
            self.assertGreater(seconds_of(target["missed_at"]), time.time())
        refused = api.request("DELETE", f"/v1/integrations/{integration['id']}")
        self.assertEqual((refused.status, refused.json()["code"]), (409, "integration_in_use"))
        wait_until(lambda: api.figures()["openpost_ledger_targets_held"] == 1, 10, "the one that is due is held")
        for post in (limited, planned):
            self.assertEqual(api.post(f"/v1/posts/{post['id']}/cancel").status, 200)
            self.assertIsNone(api.wait_post(post, "cancelled")["targets"][0]["waits_for"])

    def test_a_limit_an_instant_and_a_pause_are_told_apart(self):
        service = self.world.serve()
        api, sandbox = service.api, service.sandbox
        integration = api.connect()
        sandbox.rule("limit", contains="limited", value_ms=600000)
        limited = self.wait_for(api, api.publish("limited", integration), "rate_limit")
        self.assertGreater(seconds_of(limited["waits_until"]), time.time() + 60)
        self.assertIsNone(limited["held"])
        planned = api.publish("planned", integration, schedule={"at": later(3600)})
        target = planned["targets"][0]
        self.assertEqual((target["waits_for"], target["waits_until"]), ("schedule", target["publish_at"]))
        self.assertEqual(api.post(f"/v1/integrations/{integration['id']}/pause").status, 200)
        self.assertEqual(api.read_post(planned)["targets"][0]["waits_for"], "paused")

    def wait_line(self, service, *pieces):
        """Waits for a line of the journal that has all of these."""
        wait_until(lambda: any(all(piece in line for piece in pieces) for line in service.process.output().splitlines()),
                   10, f"a line with {pieces}")

    def wait_for(self, api, post, reason):
        """Waits until the post's only target waits for that; returns the target."""
        return wait_until(lambda: (now := api.read_post(post)["targets"][0])["waits_for"] == reason and now, 30,
                          f"waiting for {reason}")


if __name__ == "__main__":
    harness.main()
