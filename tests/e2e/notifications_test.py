#!/usr/bin/env python3
"""What members are told: each kind of notification, made by what it tells of, through every process; who sees which; what is read stays
read, on whatever day. Days pass by a wall clock that is ahead (later.c), between a stop and a start."""

import signal

import harness
from described import Described
from harness import Api, Parts, later, run, wait_until
from sign_in_test import Browser, person
from workspace_end_test import DAY_S, clock_ahead
from workspaces_test import created

ROLES = ("owner", "admin", "editor", "viewer")
MINUTE_S = 60
LIST, READ, PREFERENCES = "/v1/notifications", "/v1/notifications/read", "/v1/notifications/preferences"


class Told(harness.Case):
    def setUp(self):
        super().setUp()
        self.data = self.world.data()
        self.ahead = clock_ahead(self.data.path.parent)
        self.workspace_id, self.key = created(self.data, "acme")
        for role in ROLES:
            person(self.data, role, "--workspace", "acme", "--role", role)
        self.sandbox = self.world.sandbox()
        self.parts = Parts(self.world, self.data, [self.sandbox.api.port], service=self.sandbox.url)
        self.api = Api(self.parts.port, self.key)
        self.begin(0)
        self.api.witness = Described(Api(self.parts.port).get("/v1/openapi.json").json())

    def begin(self, offset_s):
        for name in Parts.ORDER:
            self.parts[name].start(self.ahead(offset_s) if offset_s else None)
        self.parts.revive()

    def days_pass(self, offset_s):
        """Everything but the platform finds that so much time has passed since the test began."""
        self.parts.stop()
        self.begin(offset_s)

    def signed_in(self, role):
        browser = Browser(self.parts.port)
        self.assertEqual(browser.sign_in(role).status, 201)
        browser.api.witness = self.api.witness
        return browser

    def told(self, *kinds, api=None):
        query = "&".join(["limit=200", *(f"kind={kind}" for kind in kinds)])
        return (api or self.api).get(f"{LIST}?{query}").json()["data"]

    def wait_told(self, kind, **members):
        """Waits for a notification of the kind with these members, and returns it."""
        def found():
            return [one for one in self.told(kind) if all(one[name] == value for name, value in members.items())]
        (one,) = wait_until(found, 30, f"told: {kind} {members}")
        return one

    # Posts and their targets.

    def test_a_notification_tells_how_a_post_ended(self):
        alice, bob = self.api.connect("alice.test"), self.api.connect("bob.test")
        published = self.api.publish("goes out", alice)
        self.wait_told("post.published", post_id=published["id"])
        self.sandbox.rule("refuse", contains="is refused")
        failed = self.api.publish("is refused", alice)
        self.wait_told("post.failed", post_id=failed["id"])
        self.sandbox.rule("refuse", contains="in part", times=1)
        partial = self.api.publish("in part", alice, bob)
        self.wait_told("post.partially_published", post_id=partial["id"])
        self.assertEqual(self.api.post(f"/v1/integrations/{alice['id']}/pause").status, 200)
        missed = self.api.publish("too late", alice, not_after=later(3))
        told = self.wait_told("post.missed", post_id=missed["id"])
        self.assertEqual((told["target_id"], told["integration_id"], told["read"], told["period"]), (None, None, None, None))
        self.assertEqual(told["code"], "integration_was_paused")
        why = self.api.read_post(missed)["targets"][0]["error"]
        self.assertEqual((why["code"], why["retryable"]), ("integration_was_paused", False))
        history = [one["sentence"] for one in self.api.get(f"/v1/posts/{missed['id']}/history").json()["data"]]
        self.assertIn("Missed on bluesky (alice.test): The account was paused until it was too late to be sent.", history)
        cancelled = self.api.publish("cancelled", alice, schedule={"at": later(7200)})
        self.assertEqual(self.api.post(f"/v1/posts/{cancelled['id']}/cancel").status, 200)
        self.assertEqual([one["post_id"] for one in self.told()], [one["id"] for one in (missed, partial, failed, published)],
                         "the newest first, and nothing of what somebody did")
        self.parts.stop()
        self.assert_verified_and_replayed(self.data)

    def test_a_notification_tells_that_a_person_must_say_what_became_of_a_post(self):
        """Once, after the third reading that settled nothing."""
        account = self.api.connect("alice.test")
        self.sandbox.rule("error_after_accepting", contains="doubtful", times=0)
        self.sandbox.rule("unavailable", path="getRecord", times=0)
        post = self.api.publish("doubtful", account)
        target = wait_until(lambda: (one := self.api.read_post(post)["targets"][0])["status"] == "unknown" and one, 30, "unknown")
        for reading, minutes in enumerate((3, 9, 25, 100), 1):
            self.assertEqual(self.told(), [] if reading <= 3 else [told])
            self.days_pass(minutes * MINUTE_S)
            wait_until(lambda: sum(one["type"] == "attempt_probed" for one in self.data.events()) >= reading, 30, f"reading {reading}")
            if reading == 3:
                told = self.wait_told("delivery.unknown", post_id=post["id"], target_id=target["id"])
        resolved = self.api.post(f"/v1/posts/{post['id']}/targets/{target['id']}/resolve", {"resolution": "absent", "retry": False})
        self.assertEqual(resolved.status, 200, resolved)
        self.assertEqual([one["kind"] for one in self.told()], ["post.failed", "delivery.unknown"])

    def test_a_notification_tells_that_what_was_said_of_an_outcome_is_contradicted(self):
        """A person says that it is not there; then the adapter, which had hung, says that it is."""
        account = self.api.connect("alice.test")
        self.sandbox.rule("unavailable", path="getRecord", times=0)
        self.sandbox.rule("slow", contains="hangs", value_ms=1000)
        post = self.api.publish("hangs", account)
        wait_until(lambda: self.api.read_post(post)["targets"][0]["status"] == "attempting", 30, "attempting")
        self.parts["adapter"].signal(signal.SIGSTOP)
        for name in ("gateway", "scheduler", "ledger"):
            self.parts[name].kill9()
        for name in ("ledger", "scheduler", "gateway"):
            self.parts[name].start(self.ahead(10 * MINUTE_S))
        target = wait_until(lambda: (one := self.api.read_post(post)["targets"][0])["status"] == "unknown" and one, 30, "unknown")
        resolved = self.api.post(f"/v1/posts/{post['id']}/targets/{target['id']}/resolve", {"resolution": "absent", "retry": False})
        self.assertEqual(resolved.status, 200, resolved)
        self.parts["adapter"].signal(signal.SIGCONT)
        self.wait_told("delivery.contradicted", post_id=post["id"], target_id=target["id"])
        self.assertEqual(self.sandbox.texts(), ["hangs"])

    def test_a_notification_tells_that_an_approval_is_wanted(self):
        """When a post is scheduled, and again half an hour before nobody can give it any more."""
        account = self.api.connect("alice.test")
        changed = self.api.request("PATCH", "/v1/workspace", {"approval_policy": "any_approver"}, {"If-Match": "*"})
        self.assertEqual(changed.status, 200, changed)
        post = self.api.publish("to be approved", account, schedule={"at": later(40 * MINUTE_S)})
        told = self.wait_told("approval.wanted", post_id=post["id"])
        self.assertEqual(told["publish_at"], post["publish_at"])
        self.days_pass(15 * MINUTE_S)
        wait_until(lambda: len(self.told("approval.wanted")) == 2, 30, "told again")
        self.days_pass(41 * MINUTE_S)
        self.assertEqual(self.wait_told("post.missed", post_id=post["id"])["code"], "approval_missing")

    def test_who_approves_is_told_once_that_the_workspace_asks_for_it_from_now_on(self):
        def ask(policy):
            answer = self.api.request("PATCH", "/v1/workspace", {"approval_policy": policy}, {"If-Match": "*"})
            self.assertEqual(answer.status, 200, answer)
        account = self.api.connect("alice.test")
        ask("any_approver")
        ask("none")
        self.assertEqual(self.told("approval.wanted"), [], "nothing is scheduled")
        posts = [self.api.publish(f"{i}", account, schedule={"at": later(90 * MINUTE_S)}) for i in range(3)]
        for policy, count in (("any_approver", 1), ("any_approver", 1), ("four_eyes", 2), ("any_approver", 2), ("none", 2)):
            ask(policy)
            self.assertEqual(len(self.told("approval.wanted")), count, policy)
        self.assertEqual({(one["post_id"], one["publish_at"]) for one in self.told("approval.wanted")}, {(None, None)})
        ask("any_approver")
        change = ("PATCH", "/v1/workspace", {"approval_policy": "four_eyes"}, {"If-Match": "*", "Idempotency-Key": "more"})
        first = self.api.request(*change)
        ask("any_approver")
        again = self.api.request(*change)
        self.assertEqual((again.status, again.headers["Idempotent-Replayed"], again.json()), (200, "true", first.json()), "of its past")
        listed = self.api.get("/v1/posts?approval=wanted").json()["data"]
        self.assertEqual({post["id"] for post in listed}, {post["id"] for post in posts})

    def test_who_approves_is_told_again_when_an_edit_voids_it(self):
        """Also after the reminder, when nothing else would wake them; and once, whatever dies and is made anew."""
        account = self.api.connect("alice.test")
        changed = self.api.request("PATCH", "/v1/workspace", {"approval_policy": "any_approver"}, {"If-Match": "*"})
        self.assertEqual(changed.status, 200, changed)
        post = self.api.publish("to be approved", account, schedule={"at": later(40 * MINUTE_S)})
        self.days_pass(15 * MINUTE_S)
        wait_until(lambda: len(self.told("approval.wanted")) == 2, 30, "reminded")
        for more in (1, 2):
            sha = self.api.read_post(post)["approval"]["content_sha256"]
            self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/approve", {"content_sha256": sha}).status, 200)
            for text in ("once", "twice"):
                edited = self.api.request("PATCH", f"/v1/posts/{post['id']}", {"content": {"text": f"{text} {more}"}}, {"If-Match": "*"})
                self.assertEqual((edited.status, edited.json()["approval"]["status"]), (200, "void"), edited)
            told = self.told("approval.wanted")
            self.assertEqual((len(told), told[0]["post_id"], told[0]["publish_at"]), (2 + more, post["id"], post["publish_at"]))
        sha = self.api.read_post(post)["approval"]["content_sha256"]
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/approve", {"content_sha256": sha}).status, 200)
        edit = ("PATCH", f"/v1/posts/{post['id']}", {"content": {"text": "thrice"}}, {"If-Match": "*", "Idempotency-Key": "thrice"})
        first = self.api.request(*edit)
        later_edit = self.api.request("PATCH", f"/v1/posts/{post['id']}", {"content": {"text": "at last"}}, {"If-Match": "*"})
        again = self.api.request(*edit)
        self.assertEqual((first.status, later_edit.status, again.status), (200, 200, 200), again)
        self.assertEqual((again.headers["Idempotent-Replayed"], again.json()), ("true", first.json()), "the past is told, too")

    # Accounts and billing.

    def test_a_notification_tells_that_an_account_is_disconnected_or_will_be(self):
        account, lost = self.api.connect("alice.test"), self.api.connect("bob.test")
        self.sandbox.rule("unauthorized", contains=lost["account"], times=0)
        self.api.publish("to whom nobody answers", lost)
        told = self.wait_told("integration.disconnected", integration_id=lost["id"])
        self.assertEqual((told["code"], told["post_id"]), ("credentials_refused", None))
        self.assertEqual(run("workspace", "plan", "--data", self.data.path, "--workspace", "acme", "--set", "team").returncode, 0)
        self.sandbox.rule("unavailable", path="refreshSession", times=0)  # else the session would be renewed in time
        self.days_pass(84 * DAY_S)
        told = self.wait_told("integration.expiring", integration_id=account["id"])
        now = self.api.get("/v1/integrations/" + account["id"]).json()
        self.assertEqual((now["status"], told["session_expires_at"]), ("expiring", now["session_expires_at"]))
        due = self.told("billing.due")
        wait_until(lambda: len(self.told("billing.due")) == 2, 30, "two months are billed")
        due, billed = self.told("billing.due"), self.api.get("/v1/billing").json()["data"]
        self.assertEqual([one["period"] for one in due], billed)
        self.days_pass(84 * DAY_S + 60)
        self.assertEqual(len(self.told("integration.expiring")), 1, "told once")
        for role in ROLES:
            kinds = {one["kind"] for one in self.signed_in(role).ask("GET", LIST).json()["data"]}
            others = {"integration.disconnected", "integration.expiring", "post.missed"}
            self.assertEqual(kinds - others, {"billing.due"} if role == "owner" else set(), role)
            self.assertLessEqual(others, kinds, role)
        self.parts.stop()
        self.assert_verified_and_replayed(self.data)


class Marked(harness.Case):
    """Twelve posts that went out, in one workspace; each case has a person of its own."""

    @classmethod
    def make_world(cls):
        cls.data = cls.world.data()
        cls.workspace_id, cls.key = created(cls.data, "acme")
        _, cls.other_key = created(cls.data, "globex")
        cls.service = cls.world.serve(cls.data)
        cls.api, cls.other = Api(cls.service.port, cls.key), Api(cls.service.port, cls.other_key)
        cls.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.api.witness = cls.other.witness = cls.witness
        cls.account, cls.second = cls.api.connect("alice.test"), cls.api.connect("bob.test")
        cls.posts = [cls.api.publish(f"post {number}", cls.account) for number in range(10)]
        cls.posts += [cls.api.publish(f"post {number}", cls.second) for number in (10, 11)]
        cls.other.publish("another's", cls.other.connect("carol.test"))
        wait_until(lambda: len(cls.api.get(LIST).json()["data"]) == 12 and cls.other.get(LIST).json()["data"], 60, "all are told of")
        cls.ids = [one["id"] for one in cls.api.get(LIST).json()["data"]]
        cls.foreign = cls.other.get(LIST).json()["data"][0]["id"]

    def somebody(self, name, role="viewer"):
        person(self.data, name, "--workspace", "acme", "--role", role)
        browser = Browser(self.service.port)
        self.assertEqual(browser.sign_in(name).status, 201)
        browser.api.witness = self.witness
        return browser

    def mark(self, browser, body, status=204):
        answer = browser.ask("POST", READ, body)
        self.assertEqual(answer.status, status, answer)
        return answer

    def unread(self, browser):
        page = browser.ask("GET", LIST + "?unread=true").json()
        self.assertEqual(page["unread"], len(page["data"]))
        return [one["id"] for one in page["data"]]

    def test_what_is_read_is_read_by_that_person_alone(self):
        anna, ben = self.somebody("anna"), self.somebody("ben")
        self.assertEqual(self.unread(anna), self.ids)
        self.mark(anna, {"ids": [self.ids[1], self.ids[4]]})
        self.assertEqual(self.unread(anna), [one for one in self.ids if one not in (self.ids[1], self.ids[4])])
        self.mark(anna, {"up_to": self.ids[3]})
        self.assertEqual(self.unread(anna), [self.ids[0], self.ids[2]])
        self.mark(anna, {"ids": [self.ids[11]], "read": False})
        self.assertEqual(self.unread(anna), [self.ids[0], self.ids[2], self.ids[11]])
        shown = anna.ask("GET", LIST + "?unread=false").json()
        self.assertEqual((len(shown["data"]), shown["unread"]), (9, 3))
        self.assertTrue(all(one["read"] for one in shown["data"]))
        self.assertEqual(self.unread(ben), self.ids)
        anew = Browser(self.service.port)
        self.assertEqual(anew.sign_in("anna").status, 201)
        self.assertEqual(self.unread(anew), [self.ids[0], self.ids[2], self.ids[11]])
        before = len(self.data.events())
        self.mark(anna, {"ids": [self.ids[11]], "read": False})
        self.mark(anna, {"ids": [self.ids[1]]})
        self.assertEqual([one["type"] for one in self.data.events()[before:] if one["type"] == "notifications_read"], [], "nothing new")

    def test_a_request_that_is_repeated_marks_once(self):
        emma = self.somebody("emma")
        for body in ({"up_to": self.ids[6]}, {"up_to": self.ids[6], "ids": []}):  # the second finds all so already
            answers = [emma.ask("POST", READ, body, Idempotency_Key=f"mark {len(body)}") for _ in range(2)]
            self.assertEqual([one.status for one in answers], [204, 204])
            self.assertEqual([one.headers["Idempotent-Replayed"] for one in answers], [None, "true"])
        self.mark(emma, {"ids": [self.ids[6]], "read": False})
        self.assertEqual(emma.ask("POST", READ, {"up_to": self.ids[6]}, Idempotency_Key="mark 1").status, 204)
        self.assertEqual(self.unread(emma), self.ids[:7], "the repeat is the first answer again, and marks nothing")

    def test_a_page_leads_on_and_its_cursor_is_of_that_list(self):
        seen, cursor = [], None
        while True:
            page = self.api.get(f"{LIST}?limit=5" + (f"&cursor={cursor}" if cursor else "")).json()
            seen += [one["id"] for one in page["data"]]
            cursor = page["next_cursor"] or cursor
            if page["next_cursor"] is None:
                break
        self.assertEqual(seen, self.ids)
        self.assert_problem(self.api.get(f"{LIST}?limit=5&kind=post.failed&cursor={cursor}"), 400, "cursor_invalid")
        self.assert_problem(self.other.get(f"{LIST}?limit=5&cursor={cursor}"), 400, "cursor_invalid")
        self.assert_problem(self.api.get(LIST + "?kind=post.deleted"), 422, "parameter_invalid")
        self.assertEqual(self.api.get(LIST + "?kind=post.failed&kind=billing.due").json()["data"], [])

    def test_marks_name_what_is_there(self):
        cora = self.somebody("cora")
        for body, param in (({"ids": [self.ids[0], self.foreign]}, "/ids/1"), ({"up_to": self.foreign}, "/up_to"),
                            ({"ids": ["ntf_01ka0000000000000000000000"]}, "/ids/0"), ({"ids": [self.posts[0]["id"]]}, "/ids/0")):
            self.assertEqual(self.assert_problem(self.mark(cora, body, 422), 422, "reference_not_found")["param"], param)
        self.assert_problem(self.mark(cora, {"up_to": self.ids[0], "read": False}, 422), 422, "field_invalid")
        self.assert_problem(self.mark(cora, {}, 422), 422, "field_missing")
        self.assertEqual(self.unread(cora), self.ids, "a refusal marks nothing")

    def test_a_key_reads_the_list_and_has_no_marks(self):
        page = self.api.get(LIST).json()
        self.assertEqual((page["unread"], {one["read"] for one in page["data"]}), (None, {None}))
        for answer in (self.api.post(READ, {"up_to": self.ids[0]}), self.api.get(LIST + "?unread=true"), self.api.get(PREFERENCES),
                       self.api.request("PUT", PREFERENCES, {"hidden": []}, {"If-Match": "*"})):
            self.assert_problem(answer, 403, "session_required")

    def test_a_key_is_told_of_the_accounts_that_it_sees_and_of_what_its_scopes_open(self):
        for more, count in (({"integrations": [self.second["id"]]}, 2), ({"scopes": ["integrations:read"]}, 0),
                            ({"scopes": ["posts:read"]}, 12)):
            made = self.api.post("/v1/api-keys", {"name": "told", "role": "editor", **more}).json()
            told = Api(self.service.port, made["key"]).get(LIST).json()["data"]
            self.assertEqual(len(told), count, more)

    def test_kinds_that_somebody_hides_are_left_out_until_one_is_asked_for(self):
        dora, etag = self.somebody("dora"), "ETag"
        first = dora.ask("GET", PREFERENCES)
        self.assertEqual(first.json(), {"hidden": []})
        self.assert_problem(dora.ask("PUT", PREFERENCES, {"hidden": ["post.published"]}), 428, "precondition_required")
        changed = dora.ask("PUT", PREFERENCES, {"hidden": ["post.published"]}, If_Match=first.headers[etag])
        self.assertEqual(changed.status, 204, changed)
        second = dora.ask("GET", PREFERENCES)
        self.assertEqual(second.json(), {"hidden": ["post.published"]})
        self.assertEqual(self.unread(dora), [])
        self.assertEqual(len(dora.ask("GET", LIST + "?kind=post.published").json()["data"]), 12)
        self.mark(dora, {"ids": [self.ids[5]]})  # which is no other choice
        self.assertEqual(dora.ask("GET", PREFERENCES).headers[etag], second.headers[etag])
        self.assert_problem(dora.ask("PUT", PREFERENCES, {"hidden": []}, If_Match=first.headers[etag]), 412, "precondition_failed")
        self.assertEqual(dora.ask("PUT", PREFERENCES, {"hidden": []}, If_Match=second.headers[etag]).status, 204)
        self.assertEqual(self.unread(dora), [one for one in self.ids if one != self.ids[5]])
        self.assert_problem(dora.ask("PUT", PREFERENCES, {"hidden": ["post.deleted"]}, If_Match="*"), 422, "field_invalid")


if __name__ == "__main__":
    harness.main()
