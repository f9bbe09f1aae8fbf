#!/usr/bin/env python3
"""Templates as they were promised, sentence by sentence, against the whole service over HTTP and RPC: "A template is a reusable post
structure, with placeholder fields, default channels and a default queue. You create a post from a template and then fill in the blanks." """

import json
import threading
import time

import harness
from approvals_test import joined
from described import Described
from frames import Rpc, derive, mint, tag_key
from harness import Api, later, seconds_of

ANY = {"If-Match": "*"}
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
NEXT = {"schedule": {"next_slot": True}}
WEEKLY = {"name": "Weekly launch update",
          "content": {"parts": [{"text": "{{product}} {{version}} is out: {{what}}"}, {"text": "{{{{as written}} {{{what}}}"}],
                      "link": "https://example.com/{{version}}", "first_comment": "Thanks{{who}}!"},
          "placeholders": [{"name": "product", "default": "OpenPost"}, {"name": "version", "description": "Like 1.2"}, {"name": "what"},
                           {"name": "who", "required": False}],
          "labels": ["launch"], "metadata": {"campaign": "weekly"}}


class Templates(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "acme")
        cls.rpc_port = harness.free_port()
        cls.service = cls.world.serve(cls.data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.api = cls.service.api
        cls.api.witness = Described(Api(cls.service.port).get("/v1/openapi.json").json())
        cls.account, cls.other = cls.api.connect("acme.test"), cls.api.connect("second.test")

    def done(self, method, path, body=None, **headers):
        answer = self.api.request(method, path, body, headers)
        self.assertLess(answer.status, 300, (method, path, answer))
        return answer.json() if answer.body else None

    def template(self, **more):
        body = {**WEEKLY, "targets": [{"integration_id": self.account["id"], "variant": {"text": "Short: {{what}}"}}], **more}
        return self.done("POST", "/v1/templates", body)

    def instance(self, template, **body):
        return self.done("POST", f"/v1/templates/{template['id']}/instantiate", body)

    def hourly(self, account, minute):
        """Gives an account a slot an hour, and returns its queue's id."""
        slots = [{"weekday": day, "time": f"{hour:02d}:{minute}"} for day in DAYS for hour in range(24)]
        return self.done("PATCH", f"/v1/integrations/{account['id']}/queue", {"slots": slots}, **ANY)["id"]

    def free(self, account):
        """The instants that its queue gives away next."""
        shown = self.done("GET", f"/v1/integrations/{account['id']}/queue/preview?n=100")["data"]
        return [one["at"] for one in shown if not one["filled"] and seconds_of(one["at"]) > time.time() + 360]

    def instants(self, post):
        return [target["publish_at"] for target in post["targets"]]

    def refused(self, method, path, body, status, code, param, **headers):
        answer = self.api.request(method, path, body, headers)
        self.assert_problem(answer, status, code)
        self.assertEqual(answer.json()["param"], param, answer)
        return answer.json()

    # A template is a reusable post structure, with placeholder fields and default channels.

    def test_a_template_is_a_reusable_post_structure_with_placeholders_and_default_channels(self):
        template = self.template()
        self.assertRegex(template["id"], "^tpl_")
        self.assertEqual(template["content"]["parts"], WEEKLY["content"]["parts"])
        self.assertEqual(template["placeholders"][:2], [
            {"name": "product", "default": "OpenPost", "required": True, "description": None},
            {"name": "version", "default": None, "required": True, "description": "Like 1.2"}])
        self.assertFalse(template["placeholders"][3]["required"])
        self.assertEqual([one["integration_id"] for one in template["targets"]], [self.account["id"]])
        self.assertEqual(self.done("GET", "/v1/templates/" + template["id"]), template)
        values = {"version": "1.2", "what": "templates"}
        first, second = self.instance(template, values=values), self.instance(template, values={**values, "product": "It", "who": ", all"})
        self.assertEqual([part["text"] for part in first["content"]["parts"]], ["OpenPost 1.2 is out: templates", "{{as written}} {templates}"])
        self.assertEqual(first["content"]["link"], "https://example.com/1.2")
        self.assertEqual(first["content"]["first_comment"], "Thanks!")
        self.assertEqual(first["targets"][0]["variant"], {"text": "Short: templates"})
        self.assertEqual((first["labels"], first["metadata"], first["status"]), (["launch"], {"campaign": "weekly"}, "draft"))
        self.assertEqual((first["template_id"], first["blanks"]), (template["id"], []))
        self.assertEqual(second["content"]["parts"][0]["text"], "It 1.2 is out: templates")
        self.assertEqual(second["content"]["first_comment"], "Thanks, all!")
        self.assertNotEqual(first["id"], second["id"])

    # And a default queue: its next occurrence is every target's instant; absent, each target has its own queue's.

    def led(self, **more):
        """A template for both accounts whose posts go out by the second's queue."""
        queue = self.hourly(self.other, 45)
        self.hourly(self.account, 15)
        targets = [{"integration_id": one["id"]} for one in (self.account, self.other)]
        return self.template(**{"content": {"text": "{{what}}"}, "targets": targets, "default_queue": queue, **more}), queue

    def test_the_default_queues_next_occurrence_is_every_targets_instant(self):
        template, queue = self.led()
        self.assertEqual((template["default_queue"], self.done("GET", "/v1/templates/" + template["id"])), (queue, template))
        free, values = self.free(self.other), {"values": {"what": "x"}}
        posts = [self.instance(template, **values, **NEXT) for _ in range(2)]
        self.assertEqual([self.instants(post) for post in posts], [[free[0]] * 2, [free[1]] * 2])
        self.assertEqual({post["default_queue"] for post in posts}, {queue})
        draft = self.instance(template)
        self.assertEqual((draft["status"], draft["default_queue"], draft["publish_at"]), ("draft", queue, None))
        path = f"/v1/posts/{draft['id']}"
        self.refused("POST", path + "/schedule", {"next_slot": True}, 422, "placeholder_missing", "/blanks/0")
        self.done("PATCH", path, {"content": {"text": "filled in"}}, **ANY)
        self.assertEqual(self.instants(self.done("POST", path + "/schedule", {"next_slot": True})), [free[2]] * 2)
        copy = self.done("POST", f"/v1/posts/{posts[0]['id']}/duplicate")
        self.assertEqual(copy["default_queue"], queue)
        self.done("POST", f"/v1/posts/{posts[1]['id']}/cancel")  # its instant is free again
        self.assertEqual(self.instants(self.done("POST", f"/v1/posts/{copy['id']}/schedule", {"next_slot": True})), [free[1]] * 2)
        at = later(7200)
        self.assertEqual(self.instants(self.instance(template, **values, schedule={"at": at})), [at] * 2)

    def test_without_a_default_queue_each_target_has_its_own(self):
        template, _ = self.led(default_queue=None)
        self.assertIsNone(template["default_queue"])
        free = [self.free(one)[0] for one in (self.account, self.other)]
        self.assertEqual(self.instants(self.instance(template, values={"what": "x"}, **NEXT)), free)

    def test_a_post_that_does_not_go_to_the_default_queues_account_has_its_own(self):
        """So has one whose target there has an instant of its own: nothing would fill what the queue gave away."""
        template, queue = self.led()
        mine, values, at = self.free(self.account)[0], {"values": {"what": "x"}}, later(9000)
        alone = self.instance(template, **values, **NEXT, targets=[{"integration_id": self.account["id"]}])
        self.assertEqual((alone["default_queue"], self.instants(alone)), (None, [mine]))
        own = [{"integration_id": self.account["id"]}, {"integration_id": self.other["id"], "at": at}]
        mine = self.free(self.account)[0]
        self.assertEqual(self.instants(self.instance(template, **values, **NEXT, targets=own)), [mine, at])
        post = self.instance(template, **values)
        edited = self.done("PATCH", "/v1/posts/" + post["id"], {"targets": [own[0]]}, **ANY)
        self.assertEqual((post["default_queue"], edited["default_queue"]), (queue, None))

    def test_what_is_wrong_with_a_default_queue_is_said_precisely(self):
        template, queue = self.led()
        path, third = "/v1/templates/" + template["id"], self.api.connect("third.test")
        for wrong in (self.hourly(third, 30), mint("que"), self.other["id"], "x"):
            self.refused("PATCH", path, {"default_queue": wrong}, 422, "reference_not_found", "/default_queue", **ANY)
        only = [{"integration_id": self.account["id"]}]
        self.refused("PATCH", path, {"targets": only}, 422, "reference_not_found", "/default_queue", **ANY)
        self.refused("POST", "/v1/templates", {"name": "x", "default_queue": queue}, 422, "reference_not_found", "/default_queue")
        self.assertEqual(self.done("GET", path), template)
        changed = self.done("PATCH", path, {"targets": only, "default_queue": None}, **ANY)
        self.assertIsNone(changed["default_queue"])
        self.done("PATCH", path, {"targets": only + [{"integration_id": third["id"]}], "default_queue": self.hourly(third, 30)}, **ANY)
        self.done("PATCH", f"/v1/integrations/{third['id']}/queue", {"slots": []}, **ANY)
        answer = self.api.post(path + "/instantiate", {"values": {"what": "x"}, **NEXT})
        self.assert_problem(answer, 409, "queue_empty")

    def test_whose_key_sees_one_account_of_two_does_not_see_the_template_or_its_posts(self):
        template, _ = self.led()
        post = self.instance(template, values={"what": "x"})
        for integrations, status in (([self.account], 404), ([self.other], 404), ([self.account, self.other], 201)):
            made = self.done("POST", "/v1/api-keys", {"name": "narrow", "role": "editor", "integrations": [one["id"] for one in integrations]})
            api, free = Api(self.service.port, made["key"]), self.free(self.other)[0]
            answer = api.post(f"/v1/templates/{template['id']}/instantiate", {"values": {"what": "x"}, **NEXT})
            self.assertEqual(answer.status, status, answer)
            moved = api.post(f"/v1/posts/{post['id']}/schedule", {"next_slot": True})
            self.assertEqual(moved.status, 200 if status == 201 else 404, moved)
            if status == 201:
                self.assertEqual(self.instants(answer.json()), [free] * 2)

    def test_a_post_of_a_default_queue_waits_for_its_approval_like_any_other(self):
        template, _ = self.led()
        self.done("PATCH", "/v1/workspace", {"approval_policy": "four_eyes"}, **ANY)
        try:
            writer, approver = (joined(self, self.service.port, self.api, name, "admin")[0] for name in ("writer", "approver"))
            made = writer.ask("POST", f"/v1/templates/{template['id']}/instantiate", {"values": {"what": "x"}, **NEXT})
            post = made.json()
            body = {"content_sha256": post["approval"]["content_sha256"]}
            self.assertEqual(post["approval"]["status"], "wanted")
            self.assert_problem(writer.ask("POST", f"/v1/posts/{post['id']}/approve", body), 403, "approver_is_writer")
            given = approver.ask("POST", f"/v1/posts/{post['id']}/approve", body)
            self.assertEqual((given.status, given.json()["approval"]["status"]), (200, "given"), given)
            again = self.done("POST", f"/v1/posts/{post['id']}/schedule", {"next_slot": True})
            self.assertEqual((again["approval"]["status"], self.instants(again)), ("given", self.instants(post)), "it has that slot already")
            now = self.api.post(f"/v1/templates/{template['id']}/instantiate", {"values": {"what": "x"}, "schedule": {"now": True}})
            self.assert_problem(now, 409, "approval_required")
        finally:
            self.done("PATCH", "/v1/workspace", {"approval_policy": "none"}, **ANY)

    # You create a post from a template and then fill in the blanks.

    def test_you_create_a_post_from_a_template_and_then_fill_in_the_blanks(self):
        template = self.template()
        post = self.instance(template, values={"what": "more"})
        path = "/v1/posts/" + post["id"]
        self.assertEqual((post["status"], post["blanks"]), ("draft", ["version"]))
        self.assertEqual(post["content"]["parts"][0]["text"], "OpenPost {{version}} is out: more")
        said = self.refused("POST", path + "/schedule", {"at": later(7200)}, 422, "placeholder_missing", "/blanks/0")
        self.assertEqual((said["placeholders"], said["detail"]), (["version"], "Blank: {{version}}."))
        half = self.done("PATCH", path, {"content": {"text": "1.3 is out"}}, **ANY)
        self.assertEqual(half["blanks"], ["version"])  # in the link
        self.refused("POST", path + "/schedule", {"at": later(7200)}, 422, "placeholder_missing", "/blanks/0")
        filled = self.done("PATCH", path, {"content": {"link": "https://example.com/1.3"}}, **ANY)
        self.assertEqual((filled["blanks"], filled["template_id"]), ([], template["id"]))
        self.assertEqual(self.done("POST", path + "/schedule", {"at": later(7200)})["status"], "scheduled")
        said = self.refused("PATCH", path, {"content": {"first_comment": "{{version}}"}}, 422, "placeholder_missing", "/content", **ANY)
        self.assertEqual(said["placeholders"], ["version"])
        other = self.done("PATCH", path, {"content": {"first_comment": "{{what}} and {{anything}}"}}, **ANY)
        self.assertEqual(other["blanks"], [])  # they were no blanks of this post

    def test_a_post_is_made_and_scheduled_in_the_same_breath_or_refused_with_its_blanks(self):
        template = self.template()
        path = f"/v1/templates/{template['id']}/instantiate"
        said = self.refused("POST", path, {"schedule": {"at": later(7200)}, "values": {"product": "x"}}, 422, "placeholder_missing",
                            "/values/version")
        self.assertEqual(said["placeholders"], ["version", "what"])
        before = len(self.done("GET", "/v1/posts?limit=200")["data"])
        post = self.instance(template, values={"version": "2", "what": "all"}, schedule={"now": True})
        self.api.wait_post(post, "published")
        self.assertIn("Short: all", self.service.sandbox.texts())
        self.assertEqual(len(self.done("GET", "/v1/posts?limit=200")["data"]), before + 1)

    def test_a_copy_of_a_post_with_blanks_has_them_too(self):
        template = self.template()
        post = self.instance(template, values={"version": "1"})
        copy = self.done("POST", f"/v1/posts/{post['id']}/duplicate")
        self.assertEqual((copy["blanks"], copy["template_id"]), (["what"], template["id"]))
        self.refused("POST", f"/v1/posts/{copy['id']}/schedule", {"at": later(7200)}, 422, "placeholder_missing", "/blanks/0")
        self.done("DELETE", "/v1/templates/" + template["id"], **ANY)
        self.assertEqual(self.done("POST", f"/v1/posts/{post['id']}/duplicate")["template_id"], template["id"])

    def test_braces_in_a_post_that_came_from_no_template_are_text(self):
        post = self.done("POST", "/v1/posts", {"content": {"text": "{{version}} {{ x }} {{"}, "targets": [{"integration_id": self.account["id"]}],
                                                "schedule": {"at": later(7200)}})
        self.assertEqual((post["status"], post["blanks"], post["template_id"]), ("scheduled", [], None))

    def test_braces_that_a_template_means_as_they_are_keep_no_post_from_being_scheduled(self):
        """Beside a blank of the same name they would, for ever: nobody could tell them apart, and the template is refused. Of no
        placeholder's name, or of one that is never left blank, they are let pass."""
        template = self.template(placeholders=[{"name": "a"}, {"name": "b", "default": "usual"}, {"name": "c", "required": False}],
                                 content={"text": "{{a}}: write {{{{b}} or {{{{c}} or {{{{d}}, {{b}}{{c}}"}, targets=[{"integration_id": self.account["id"]}])
        post = self.instance(template)
        self.assertEqual((post["content"]["text"], post["blanks"]), ("{{a}}: write {{b}} or {{c}} or {{d}}, usual", ["a"]))
        text = post["content"]["text"].replace("{{a}}", "Filled in")
        self.done("PATCH", "/v1/posts/" + post["id"], {"content": {"text": text}}, **ANY)
        scheduled = self.done("POST", f"/v1/posts/{post['id']}/schedule", {"at": later(7200)})
        self.assertEqual((scheduled["status"], scheduled["blanks"], scheduled["content"]["text"]), ("scheduled", [], text))

    def test_values_are_text_in_which_nothing_is_replaced(self):
        template = self.template(content={**WEEKLY["content"], "link": None})
        post = self.instance(template, values={"product": "{{version}}", "version": "{{what}} {{{{", "what": "{{product}} \U0001F680"},
                             schedule={"at": later(7200)})
        self.assertEqual(post["content"]["parts"][0]["text"], "{{version}} {{what}} {{{{ is out: {{product}} \U0001F680")
        self.assertEqual((post["status"], post["blanks"]), ("scheduled", []))

    def test_what_is_wrong_with_a_value_is_said_precisely(self):
        template = self.template()
        path = f"/v1/templates/{template['id']}/instantiate"
        self.refused("POST", path, {"values": {"nobody": "x"}}, 422, "field_unknown", "/values/nobody")
        self.refused("POST", path, {"values": {"version": ""}}, 422, "field_invalid", "/values/version")
        self.refused("POST", path, {"values": {"version": 3}}, 422, "field_wrong_type", "/values/version")
        self.refused("POST", path, {"values": {"version": "x" * 5000}}, 422, "field_too_long", "/values")
        self.refused("POST", path, {"values": {"what": "x" * 65530}}, 422, "field_too_long", "/values")
        self.refused("POST", path, {"values": {"what": "x" * 65537}}, 422, "field_too_long", "/values/what")
        self.refused("POST", path, {"targets": [{"integration_id": mint("int")}]}, 422, "reference_not_found", "/targets/0/integration_id")
        self.assertEqual(self.instance(template, values={"who": "", "what": None})["content"]["first_comment"], "Thanks!")
        answer = self.api.request("POST", path, b'{"values":{"what":"\xff"}}')
        self.assert_problem(answer, 400, "malformed_json")

    def test_what_is_wrong_with_a_template_is_said_precisely(self):
        for more, code, param in (
                ({"content": {"text": "{{ product }}"}}, "placeholder_invalid", "/content/text"),
                ({"content": {"text": "{{other}}"}}, "placeholder_invalid", "/content/text"),
                ({"content": {"parts": [{"text": "x"}, {"text": "{{"}]}}, "placeholder_invalid", "/content/parts/1/text"),
                ({"content": {"link": "https://{{Product}}"}}, "placeholder_invalid", "/content/link"),
                ({"content": {"first_comment": "{{product}"}}, "placeholder_invalid", "/content/first_comment"),
                ({"targets": [{"integration_id": self.account["id"], "variant": {"parts": [{"text": "{{x}}"}]}}]}, "placeholder_invalid",
                 "/targets/0/variant"),
                ({"content": {"text": "{{{{version}} {{version}}"}}, "field_invalid", "/content/text"),
                ({"content": {"text": "{{{{{version}}"}}, "field_invalid", "/content/text"),
                ({"content": {"first_comment": "{{{{version}}"}}, "field_invalid", "/content/first_comment"),
                ({"targets": [{"integration_id": self.account["id"], "variant": {"parts": [{"text": "{{{{version}}"}]}}]}, "field_invalid",
                 "/targets/0/variant"),
                ({"placeholders": [{"name": "A"}]}, "field_invalid", "/placeholders/0/name"),
                ({"placeholders": [{"name": "a"}, {"name": "a"}]}, "field_invalid", "/placeholders/1/name"),
                ({"placeholders": [{"name": "a", "default": ""}]}, "field_invalid", "/placeholders/0/default"),
                ({"targets": [{"integration_id": mint("int")}]}, "reference_not_found", "/targets/0/integration_id"),
                ({"targets": [{"integration_id": self.account["id"]}] * 2}, "target_duplicate", "/targets/1/integration_id"),
                ({"targets": [{"integration_id": self.account["id"], "at": later(60)}]}, "field_unknown", "/targets/0/at"),
                ({"name": ""}, "field_invalid", "/name")):
            body = {**WEEKLY, **more}
            with self.subTest(more=more):
                self.refused("POST", "/v1/templates", body, 422, code, param)

    def test_what_is_no_placeholder_is_named_and_those_that_there_are(self):
        for text, detail in (("{{ product }}", "{{ product }} is no placeholder: between"), ("{{", "{{ where no placeholder begins:"),
                             ("{{other}}", "{{other}} is none of placeholders: product, version, ")):
            with self.subTest(text=text):
                answer = self.api.post("/v1/templates", {**WEEKLY, "content": {"text": text}})
                self.assertTrue(self.assert_problem(answer, 422, "placeholder_invalid")["detail"].startswith(detail), answer)
        answer = self.api.post("/v1/templates", {**WEEKLY, "content": {"text": "{{other}}"}, "placeholders": []})
        self.assertEqual(self.assert_problem(answer, 422, "placeholder_invalid")["detail"], "{{other}} is declared nowhere: placeholders is empty.")
        many = [{"name": f"{n:032d}"} for n in range(20)]
        template = self.api.post("/v1/templates", {"name": "Many", "content": {"text": "x"}, "placeholders": many}).json()
        answer = self.api.post(f"/v1/templates/{template['id']}/instantiate", {"values": {"nobody": "x"}})
        detail = self.assert_problem(answer, 422, "field_unknown")["detail"]
        self.assertRegex(detail, "^The template has no such placeholder, but: 0{32}, 0{31}1, .*, …\\.?$")

    def test_a_template_is_changed_by_who_has_seen_it_and_its_posts_stay(self):
        template = self.template()
        path = "/v1/templates/" + template["id"]
        tag = self.api.get(path).headers["ETag"]
        post = self.instance(template)
        self.assert_problem(self.api.request("PATCH", path, {"name": "x"}), 428, "precondition_required")
        changed = self.done("PATCH", path, {"name": "Monthly", "metadata": {"campaign": None}, "content": {"link": None}}, **{"If-Match": tag})
        self.assertEqual((changed["name"], changed["metadata"], changed["content"]["link"], changed["version"]), ("Monthly", {}, None, 2))
        self.assertEqual(changed["content"]["parts"], template["content"]["parts"])
        self.assert_problem(self.api.request("PATCH", path, {"name": "x"}, {"If-Match": tag}), 412, "precondition_failed")
        self.assert_problem(self.api.request("POST", path + "/instantiate", {}, {"If-Match": tag}), 412, "precondition_failed")
        self.refused("PATCH", path, {"placeholders": []}, 422, "placeholder_invalid", "/content/parts/0/text", **ANY)
        self.assertEqual(self.api.get(path, headers={"If-None-Match": self.api.get(path).headers["ETag"]}).status, 304)
        self.assertEqual(self.done("GET", "/v1/posts/" + post["id"])["content"], post["content"])
        self.done("DELETE", path, **ANY)
        self.assert_problem(self.api.get(path), 404, "not_found")
        self.assert_problem(self.api.post(path + "/instantiate", {}), 404, "not_found")
        self.assertEqual(self.done("GET", "/v1/posts/" + post["id"])["template_id"], template["id"])

    def test_templates_are_listed_by_name_page_by_page(self):
        key = self.done("POST", "/v1/api-keys", {"name": "other", "role": "admin", "integrations": [self.other["id"]]})["key"]
        names = ["zebra", "Anton", "berta", "anton", "Ähre"]
        mine = {self.template(name="list " + name)["name"] for name in names}
        got, cursor = [], ""
        while cursor is not None:
            page = self.done("GET", "/v1/templates?limit=2" + cursor)
            self.assertLessEqual(len(page["data"]), 2)
            got += [one["name"] for one in page["data"]]
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        self.assertEqual([name for name in got if name in mine], ["list " + name for name in ("Anton", "anton", "berta", "zebra", "Ähre")])
        seen = Api(self.service.port, key).get("/v1/templates?limit=200").json()["data"]
        self.assertEqual([one for one in seen if one["targets"]], [])  # they go to another account
        self.assert_problem(self.api.get("/v1/templates?cursor=00"), 400, "cursor_invalid")

    def test_long_templates_make_shorter_pages(self):
        """Nine megabytes and a half together: more than an answer may have, and than a program is told at once."""
        parts = [{"text": "x" * 64000}] * 25
        made = {self.template(name=f"long {n}", content={"parts": parts}, placeholders=[], targets=[])["id"] for n in range(6)}
        rpc = Rpc(self.rpc_port, tag_key(self.data.key))
        self.addCleanup(rpc.close)

        def over_http(cursor):
            return self.done("GET", "/v1/templates?limit=200" + (f"&cursor={cursor}" if cursor else ""))

        def over_rpc(cursor):
            code, page = rpc.query("list_templates", {"cursor": bytes.fromhex(cursor), "limit": 200} if cursor else {"limit": 200})
            self.assertEqual(code, "")
            return json.loads(page)
        for ask in (over_http, over_rpc):
            got, cursor, pages = [], None, 0
            while pages == 0 or cursor:
                page = ask(cursor)
                got, cursor, pages = got + [one["id"] for one in page["data"]], page["next_cursor"], pages + 1
            self.assertEqual(len(got), len(set(got)))
            self.assertLessEqual(made, set(got))
            self.assertGreater(pages, 1)
        for template in made:
            self.done("DELETE", "/v1/templates/" + template, **ANY)

    def test_a_repeated_request_makes_one_post(self):
        template = self.template()
        path, headers = f"/v1/templates/{template['id']}/instantiate", {"Idempotency-Key": mint("key")}
        first = self.api.request("POST", path, {"values": {"what": "once"}}, headers)
        self.done("PATCH", "/v1/templates/" + template["id"], {"content": {"text": "another"}}, **ANY)
        again = self.api.request("POST", path, {"values": {"what": "once"}}, headers)
        self.assertEqual((again.status, again.json()), (201, first.json()))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assert_problem(self.api.request("POST", path, {"values": {"what": "twice"}}, headers), 422, "idempotency_key_reused")

    def test_an_edit_and_a_schedule_that_race_never_schedule_a_blank(self):
        """Whoever comes first: a post that is scheduled has no blank, whatever the other one wrote."""
        template = self.template(content={"text": "{{what}}"}, targets=[{"integration_id": self.account["id"]}])
        outcomes = set()
        for _ in range(20):
            blank = self.instance(template)
            answers = {}

            def ask(name, method, path, body, headers):
                answers[name] = self.api.request(method, path, body, headers)

            path = "/v1/posts/" + blank["id"]
            self.done("PATCH", path, {"content": {"text": "filled"}}, **ANY)
            threads = [threading.Thread(target=ask, args=("edit", "PATCH", path, {"content": {"text": "{{what}}"}}, ANY)),
                       threading.Thread(target=ask, args=("schedule", "POST", path + "/schedule", {"at": later(7200)}, {}))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            now = self.done("GET", path)
            self.assertFalse(now["status"] == "scheduled" and now["blanks"], now)
            refused = {name for name, answer in answers.items() if answer.status >= 300}
            self.assertEqual(len(refused), 1, (answers["edit"].body[-900:], answers["schedule"].body[-900:]))
            for name in refused:
                self.assert_problem(answers[name], 422, "placeholder_missing")
            outcomes |= refused
        print("refused:", sorted(outcomes), flush=True)

    # Whatever HTTP does is there over RPC, and the same rules hold.

    def test_other_programs_make_fill_and_list_templates_too(self):
        rpc = Rpc(self.rpc_port, tag_key(self.data.key))
        self.addCleanup(rpc.close)
        template, post, soon = mint("tpl"), mint("post"), int(time.time() * 1000) + 7_200_000
        fields = {"template_id": template, "name": "RPC", "placeholders": [{"name": "a"}, {"name": "b", "preset": "two"}],
                  "parts": [{"text": "{{a}} {{b}}"}]}
        code = {"create": 160, "change": 161, "delete": 162}
        self.assertEqual(rpc.command(code["create"], {**fields, "parts": [{"text": "{{c}}"}]})[0], "placeholder_invalid")
        self.assertEqual(rpc.command(code["create"], fields)[0], "")
        self.assertEqual(rpc.command(40, {"post_id": post, "template_id": template, "values": [{"name": "c", "value": "x"}]})[0], "field_unknown")
        self.assertEqual(rpc.command(40, {"post_id": post, "template_id": template, "parts": [{"text": "own"}]})[0], "field_invalid")
        self.assertEqual(rpc.command(40, {"post_id": post, "values": [{"name": "a", "value": "x"}]})[0], "field_missing")
        self.assertEqual(rpc.command(40, {"post_id": post, "template_id": mint("tpl")})[0], "reference_not_found")
        self.assertEqual(rpc.command(40, {"post_id": post, "template_id": template, "at_ms": soon})[0], "placeholder_missing")
        self.assertEqual(rpc.command(40, {"post_id": post, "template_id": template, "blanks": []})[0], "")
        made = self.done("GET", "/v1/posts/" + post)
        self.assertEqual((made["content"]["text"], made["blanks"], made["template_id"]), ("{{a}} two", ["a"], template))
        self.done("PATCH", "/v1/posts/" + post, {"targets": [{"integration_id": self.account["id"]}]}, **ANY)
        answer = rpc.command(43, {"post_id": post, "at_ms": soon})
        self.assertEqual(answer[0], "placeholder_missing", answer)
        self.assertIn("{{a}}", repr(answer))
        self.assertEqual(rpc.command(41, {"post_id": post, "parts": [{"text": "no {{a}}"}]}, 2)[0], "")
        self.assertEqual(self.done("GET", "/v1/posts/" + post)["blanks"], ["a"])  # it says which there were, whatever a program says
        self.assertEqual(rpc.command(41, {"post_id": post, "parts": [{"text": "none"}]}, 3)[0], "")
        self.assertEqual(self.done("GET", "/v1/posts/" + post)["blanks"], [])
        whole, account = mint("post"), self.account["id"]
        form = self.template()
        target = {"target_id": derive("tgt", 9, whole, account), "integration_id": account, "channel": "bluesky"}
        values = [{"name": "version", "value": "9"}, {"name": "what", "value": "\"all\""}]
        answer = rpc.command(40, {"post_id": whole, "template_id": form["id"], "values": values, "targets": [target], "at_ms": soon})
        self.assertEqual(answer[0], "", answer)
        made = self.done("GET", "/v1/posts/" + whole)
        self.assertEqual((made["status"], made["labels"], made["targets"][0]["variant"]), ("scheduled", ["launch"], {"text": 'Short: "all"'}))
        copy = mint("post")
        self.assertEqual(rpc.command(40, {"post_id": copy, "parts": [{"text": "{{a}}"}], "duplicate_of": post})[0], "")
        self.assertEqual(self.done("GET", "/v1/posts/" + copy)["blanks"], ["a"])
        self.assertEqual(json.loads(rpc.query("get_template", {"template_id": template})[1]), self.done("GET", "/v1/templates/" + template))
        self.assertIn(template, rpc.query("list_templates", {"limit": 200})[1].decode())
        self.assertEqual(rpc.command(code["change"], {**fields, "name": "renamed"}, 1)[0], "")
        self.assertEqual(rpc.command(code["change"], {**fields, "name": "again"}, 1)[0], "version_mismatch")
        self.assertEqual(rpc.command(code["delete"], {"template_id": template})[0], "")
        self.assertEqual(rpc.command(code["create"], fields)[0], "exists")
        self.assertEqual(rpc.query("get_template", {"template_id": template})[0], "not_found")

    def test_other_programs_give_a_template_a_default_queue_too(self):
        """As the account that it is of. What a program says of a post's own it is not asked for."""
        rpc = Rpc(self.rpc_port, tag_key(self.data.key))
        self.addCleanup(rpc.close)
        self.led()
        template, accounts = mint("tpl"), [self.account["id"], self.other["id"]]

        def targets(owner):
            return [{"target_id": derive("tgt", 9, owner, one), "integration_id": one, "channel": "bluesky"} for one in accounts]
        fields = {"template_id": template, "name": "RPC", "parts": [{"text": "x"}], "targets": targets(template)}
        self.assertEqual(rpc.command(160, {**fields, "targets": targets(template)[:1], "default_queue_of": accounts[1]})[0], "reference_not_found")
        self.assertEqual(rpc.command(160, {**fields, "default_queue_of": accounts[1]})[0], "")
        whole, free = mint("post"), self.free(self.other)[0]
        self.assertEqual(rpc.command(40, {"post_id": whole, "template_id": template, "targets": targets(whole), "next_slot": True})[0], "")
        self.assertEqual(self.instants(self.done("GET", "/v1/posts/" + whole)), [free] * 2)
        plain, free = mint("post"), [self.free(one)[0] for one in (self.account, self.other)]
        self.assertEqual(rpc.command(40, {"post_id": plain, "parts": [{"text": "x"}], "targets": targets(plain), "next_slot": True,
                                          "default_queue_of": accounts[1]})[0], "")
        made = self.done("GET", "/v1/posts/" + plain)
        self.assertEqual((made["default_queue"], self.instants(made)), (None, free))

    def test_z_what_was_written_is_in_the_log_and_can_be_made_again(self):
        self.service.stop()
        self.assert_verified_and_replayed(self.data)


if __name__ == "__main__":
    harness.main()
