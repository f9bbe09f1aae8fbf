#!/usr/bin/env python3
"""Four eyes: nobody approves what they wrote any of. Each case is a way round that somebody might try, and is refused; behind each
refusal a second person approves the same post, so that it was the approver who was refused and not the post."""

import datetime

import harness
from approvals_test import APPROVE_POST, ANY, approve, joined, set_policy
from described import Described
from frames import Rpc, mint, sha256, tag_key
from harness import Api, later, wait_until
from sign_in_test import PASSWORD, Browser


class FourEyes(harness.Case):
    """A workspace with three admins: ada and bob, who write or approve, and eve, who was not there."""

    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.rpc_port = harness.free_port()
        cls.service = cls.world.serve(cls.data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.port = cls.service.port
        cls.root = cls.service.api
        cls.root.witness = Described(Api(cls.port).get("/v1/openapi.json").json())
        cls.account, cls.second = cls.root.connect("acme.test"), cls.root.connect("second.test")
        cls.people = {}

    def setUp(self):
        super().setUp()
        if not self.people:
            set_policy(self, self.root, "four_eyes")
            for name, role, more in (("ada", "admin", {}), ("bob", "admin", {}), ("eve", "admin", {}),
                                     ("ned", "editor", {"permissions": ["approve"]}), ("zoe", "editor", {})):
                self.people[name] = joined(self, self.port, self.root, name, role, **more)[0]

    def ask(self, who, method, path, body=None, **headers):
        """As a person by name, or as a program by its key."""
        if who in self.people:
            return self.people[who].ask(method, path, body, **headers)
        return Api(self.port, who).request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def done(self, who, method, path, body=None, **headers):
        answer = self.ask(who, method, path, body, **headers)
        self.assertLess(answer.status, 300, (who, method, path, answer))
        return answer.json() if answer.body else None

    def written(self, who, **more):
        return self.done(who, "POST", "/v1/posts", {"content": {"text": f"by {who[:8]}"}, "targets": [{"integration_id": self.account["id"]}],
                                                    "schedule": {"at": later(7200)}, **more})

    def approve(self, who, post):
        shown = self.done(who, "GET", "/v1/posts/" + post["id"])["approval"]
        return self.ask(who, "POST", f"/v1/posts/{post['id']}/approve", {"content_sha256": shown["content_sha256"]})

    def refused(self, who, post, code="approver_is_writer"):
        self.assert_problem(self.approve(who, post), 403, code)

    def good(self, who, post):
        answer = self.approve(who, post)
        self.assertEqual((answer.status, answer.json().get("approval", {}).get("status")), (200, "given"), answer)

    def key(self, who, role="admin", **more):
        return self.done(who, "POST", "/v1/api-keys", {"name": "k", "role": role, **more})

    def rotated(self, who, key):
        return self.done(who, "POST", f"/v1/api-keys/{key['id']}/rotate")

    def edit(self, who, post, **patch):
        return self.done(who, "PATCH", "/v1/posts/" + post["id"], patch, If_Match="*")

    def test_the_writer_themself(self):
        post = self.written("ada")
        self.refused("ada", post)
        self.good("bob", post)

    def test_a_key_that_the_writer_made(self):
        post = self.written("ada")
        self.refused(self.key("ada")["key"], post)
        self.good(self.key("bob")["key"], post)

    def test_the_writer_of_what_their_key_wrote(self):
        post = self.written(self.key("ada", "editor")["key"])
        self.refused("ada", post)
        self.good("bob", post)

    def test_a_second_key_of_the_same_person(self):
        post = self.written(self.key("ada", "editor")["key"])
        self.refused(self.key("ada")["key"], post)
        self.good("ned", post)

    def test_a_key_that_a_key_of_the_writers_made(self):
        post = self.written("ada")
        made = self.key(self.key("ada")["key"])
        self.refused(made["key"], post)
        self.refused(self.key(made["key"])["key"], post)
        self.good("bob", post)

    def test_a_rotated_key_whoever_rotated_it(self):
        """Rotation makes another key of the same program, whose hands it is in has not changed."""
        writer = self.key("ada")
        post = self.written(writer["key"])
        for who in ("ada", "bob"):
            again = self.rotated(who, writer)
            self.refused(again["key"], post)
            self.refused(self.rotated("eve", again)["key"], post)
        self.good(self.key("bob")["key"], post)

    def test_who_rotated_the_key_that_wrote_it(self):
        post = self.written(self.rotated("bob", self.key("ada"))["key"])
        self.refused("bob", post)
        self.good("eve", post)

    def test_the_key_that_wrote_it_after_it_was_revoked(self):
        key = self.key("ada")
        post = self.written(key["key"])
        self.done("bob", "DELETE", "/v1/api-keys/" + key["id"])
        self.assertEqual(self.ask(key["key"], "POST", f"/v1/posts/{post['id']}/approve", {"content_sha256": 64 * "0"}).status, 401)
        self.refused("ada", post)

    def test_a_key_behind_which_nobody_is_known(self):
        """Made at the data folder: whoever is there may be anybody. It writes, as itself."""
        post = self.written("ada")
        self.refused(self.data.key, post, "approver_unknown")
        self.refused(self.key(self.data.key)["key"], post, "approver_unknown")
        written = self.written(self.data.key)
        self.refused(self.data.key, written, "approver_unknown")
        self.good("ada", written)

    def test_everyone_who_ever_edited_it_not_only_the_last(self):
        post = self.written("ada")
        self.edit("bob", post, content={"text": "bob's words"})
        self.edit("eve", post, content={"text": "eve's words"})
        for who in ("ada", "bob", "eve"):
            self.refused(who, post)
        self.good("ned", post)

    def test_who_changed_but_a_label_a_variant_or_the_accounts(self):
        targets = [{"integration_id": self.account["id"]}]
        for patch in ({"labels": ["l"]}, {"metadata": {"m": "x"}}, {"targets": [{**targets[0], "variant": {"text": "mine"}}]},
                      {"targets": targets + [{"integration_id": self.second["id"]}]}, {"timezone": "Asia/Tokyo"}, {}):
            post = self.written("ada")
            self.edit("bob", post, **patch)
            self.refused("bob", post)
            self.good("eve", post)

    def test_editing_after_the_approval(self):
        post = self.written("ada")
        self.good("bob", post)
        self.assertEqual(self.edit("bob", post, labels=["after"])["approval"]["status"], "void")
        self.refused("bob", post)
        self.good("eve", post)

    def test_who_edited_it_while_it_was_a_draft(self):
        post = self.done("ada", "POST", "/v1/posts", {"content": {"text": "a draft"}, "targets": [{"integration_id": self.account["id"]}]})
        self.edit("bob", post, content={"text": "bob's draft"})
        self.done("ada", "POST", f"/v1/posts/{post['id']}/schedule", {"at": later(7200)})
        self.refused("bob", post)
        self.good("eve", post)

    def test_the_writer_of_what_was_copied_and_who_copied_it(self):
        post = self.written("ada")
        copy = self.done("bob", "POST", f"/v1/posts/{post['id']}/duplicate")
        again = self.done("eve", "POST", f"/v1/posts/{copy['id']}/duplicate")
        self.done("eve", "POST", f"/v1/posts/{again['id']}/schedule", {"at": later(7200)})
        for who in ("ada", "bob", "eve"):
            self.refused(who, again)
        self.good("ned", again)

    def test_the_writer_of_what_was_copied_and_thrown_away(self):
        draft = self.done("ada", "POST", "/v1/posts", {"content": {"text": "gone"}, "targets": [{"integration_id": self.account["id"]}]})
        copy = self.done("bob", "POST", f"/v1/posts/{draft['id']}/duplicate")
        self.done("ada", "DELETE", "/v1/posts/" + draft["id"], If_Match="*")
        self.done("bob", "POST", f"/v1/posts/{copy['id']}/schedule", {"at": later(7200)})
        self.refused("ada", copy)
        self.good("eve", copy)

    def test_who_wrote_the_template_and_who_filled_it_in(self):
        template = self.done("ada", "POST", "/v1/templates", {"name": mint("name"), "content": {"text": "by {{who}}"},
                                                              "placeholders": [{"name": "who"}],
                                                              "targets": [{"integration_id": self.account["id"]}]})
        post = self.done("bob", "POST", f"/v1/templates/{template['id']}/instantiate", {"values": {"who": "both"},
                                                                                        "schedule": {"at": later(7200)}})
        self.refused("ada", post)
        self.refused("bob", post)
        self.good("eve", post)
    def test_who_wrote_a_series_whose_posts_a_machine_makes(self):
        """The scheduler makes the posts, in nobody's name: their words are whoever's wrote the series, or ever changed it."""
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
        rule = {"frequency": "daily", "time": at.strftime("%H:%M"), "timezone": "UTC", "start": at.strftime("%Y-%m-%d"), "count": 1}
        series = self.done("ada", "POST", "/v1/series", {"rule": rule, "content": {"text": "every day"},
                                                         "targets": [{"integration_id": self.account["id"]}]})

        def made(text):
            """Its post, once it says so."""
            page = self.done("eve", "GET", "/v1/posts?status=scheduled&limit=200")
            return next((post for post in page["data"] if post["series_id"] == series["id"] and post["content"]["text"] == text), None)

        wait_until(lambda: made("every day"), 60, "the series' post is made")
        self.refused("ada", made("every day"))
        self.good("bob", made("every day"))
        self.done("bob", "PATCH", "/v1/series/" + series["id"], {"content": {"text": "other words"}}, If_Match="*")
        wait_until(lambda: made("other words"), 60, "the series' post follows it")
        self.assertEqual(made("other words")["approval"]["status"], "void")
        for writer in ("ada", "bob"):
            self.refused(writer, made("other words"))
        self.good("eve", made("other words"))

    def test_leaving_and_coming_back_as_another_member(self):
        leaver, member = joined(self, self.port, self.root, "leaver", "admin")
        post = self.written_by(leaver)
        self.assertEqual(leaver.ask("POST", "/v1/membership/leave").status, 204)
        invited = self.root.post("/v1/invitations", {"email": "leaver2@example.com", "role": "admin"}).json()
        answer = leaver.ask("POST", "/v1/invitation/accept", {"token": invited["accept_url"].partition("#")[2]})
        self.assertEqual(answer.status, 201, answer)
        self.assertNotEqual(invited["id"], member["id"])
        body = {"content_sha256": self.root.read_post(post)["approval"]["content_sha256"]}
        self.assert_problem(leaver.ask("POST", f"/v1/posts/{post['id']}/approve", body), 403, "approver_is_writer")
        self.good("ada", post)

    def written_by(self, browser):
        answer = browser.ask("POST", "/v1/posts", {"content": {"text": "x"}, "targets": [{"integration_id": self.account["id"]}],
                                                   "schedule": {"at": later(7200)}})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_a_writer_who_may_approve_later(self):
        later_on, member = joined(self, self.port, self.root, "lateron", "editor")
        post = self.written_by(later_on)
        self.done("ada", "PATCH", "/v1/members/" + member["id"], {"role": "admin", "permissions": ["approve"]}, If_Match="*")
        body = {"content_sha256": self.root.read_post(post)["approval"]["content_sha256"]}
        self.assert_problem(later_on.ask("POST", f"/v1/posts/{post['id']}/approve", body), 403, "approver_is_writer")
        self.good("ned", post)

    def test_approving_under_the_weaker_policy_first(self):
        set_policy(self, self.root, "any_approver")
        post = self.written("ada")
        self.good("ada", post)
        set_policy(self, self.root, "four_eyes")
        self.assertEqual(self.root.read_post(post)["approval"]["status"], "wanted")
        self.refused("ada", post)
        self.good("bob", post)

    def test_over_rpc_with_another_envelope(self):
        """Actor, role, version and what was rendered are whatever the program says; the ledger takes its own."""
        key = self.key("ada")
        post = self.written("ada")
        shown = self.root.read_post(post)["approval"]["content_sha256"]
        rpc = Rpc(self.rpc_port, tag_key(key["key"]), sha256(tag_key(key["key"]))[:16])
        fields = {"post_id": post["id"], "content_sha256": bytes.fromhex(shown), "rendered_sha256": bytes.fromhex(shown),
                  "version": post["version"]}
        for envelope in ({}, {"workspace": post["workspace_id"]}, {"expected_version": post["version"]}, {"command": mint("cmd")}):
            self.assertEqual(rpc.command(APPROVE_POST, fields, **envelope)[0], "approver_is_writer", envelope)
        rpc.close()
        self.assertEqual(self.root.read_post(post)["approval"]["status"], "wanted")
        self.good("bob", post)

    def test_with_an_idempotency_key_of_somebody_elses_approval(self):
        post, sent = self.written("ada"), {"Idempotency_Key": "once"}
        body = {"content_sha256": self.root.read_post(post)["approval"]["content_sha256"]}
        path = f"/v1/posts/{post['id']}/approve"
        self.assertEqual(self.ask("bob", "POST", path, body, **sent).status, 200)
        self.edit("bob", post, labels=["mine"])
        self.assert_problem(self.ask("bob", "POST", path, {"content_sha256": self.root.read_post(post)["approval"]["content_sha256"]}), 403,
                            "approver_is_writer")
        self.assertEqual(self.ask("bob", "POST", path, body, **sent).headers["Idempotent-Replayed"], "true")
        self.assertEqual(self.root.read_post(post)["approval"]["status"], "void")

    def test_an_editor_without_the_permission_is_no_second_pair_of_eyes(self):
        post = self.written("ada")
        self.assert_problem(self.approve("zoe", post), 403, "forbidden")
        self.assert_problem(self.approve(self.key("bob", "editor")["key"], post), 403, "forbidden")
        self.good("ned", post)

    def test_another_workspaces_admin_is_nowhere(self):
        made = harness.run("workspace", "create", "--data", self.data.path, "--slug", "globex", "--name", "Globex")
        self.assertEqual(made.returncode, 0, made.stderr)
        key = next(line.rpartition(" ")[2] for line in made.stdout.splitlines() if "op_" in line)
        post = self.written("ada")
        body = {"content_sha256": self.root.read_post(post)["approval"]["content_sha256"]}
        self.assert_problem(Api(self.port, key).post(f"/v1/posts/{post['id']}/approve", body), 404, "not_found")


if __name__ == "__main__":
    harness.main()
