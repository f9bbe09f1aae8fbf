#!/usr/bin/env python3
"""openpost post, account, queue, series, template and notification: what a workspace has, now and as it was, beside a running service and
without one; what is told is what HTTP tells, and what is held up stays so until somebody lets it go on."""

import json
import os
import pty
import threading
import time

import harness
from harness import Api, far, later, run, stored_bytes, wait_until
from sign_in_test import Browser, person
from workspaces_test import created

ANY = {"If-Match": "*"}
SLOTS = [{"weekday": "monday", "time": "09:00"}, {"weekday": "thursday", "time": "16:30"}]
LOOKS = (("post", "list"), ("account", "list"), ("queue", "list"), ("series", "list"), ("template", "list"), ("notification", "list"))
COMMANDS = {"post": ("list", "show POST", "history POST", "deliveries POST"),
            "account": ("list", "show INT"), "queue": ("list", "show INT", "preview INT", "pause INT", "resume INT"),
            "series": ("list", "show SERIES", "preview SERIES", "pause SERIES", "resume SERIES", "end SERIES"),
            "template": ("list", "show TEMPLATE"), "notification": ("list",)}


class Tenant(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data("data", "--slug", "main", "--timezone", "Europe/Berlin")
        cls.service = cls.world.serve(cls.data)
        cls.api = cls.service.api
        cls.account = cls.api.connect("alice.test")["id"]

    def told(self, *arguments, code=0, data=None):
        place = ["--workspace", "main"] if data is None and "--workspace" not in arguments else []
        ended = run(*arguments, *place, "--data", (data or self.data).path)
        self.assertEqual(ended.returncode, code, (arguments, ended.stdout, ended.stderr))
        return ended.stdout if code == 0 else ended.stderr

    def objects(self, *arguments, **more):
        return [json.loads(line) for line in self.told(*arguments, "--json", **more).splitlines()]

    def made(self, path, body):
        answer = self.api.post(path, body)
        self.assertIn(answer.status, (200, 201), answer)
        return answer.json()

    def post(self, text, **more):
        return self.made("/v1/posts", {"content": {"text": text}, "targets": [{"integration_id": self.account}], **more})

    def series(self, text="every day", **rule):
        return self.made("/v1/series", {"rule": {"frequency": "daily", "time": "09:30", "start": far(), **rule},
                                        "content": {"text": text}, "targets": [{"integration_id": self.account}]})

    def template(self, name="Weekly"):
        return self.made("/v1/templates", {"name": name, "content": {"text": "About {{what}}"}, "placeholders": [{"name": "what"}]})

    # Looking

    def test_what_is_shown_is_what_http_shows(self):
        self.assertEqual(self.api.request("PATCH", f"/v1/integrations/{self.account}/queue", {"slots": SLOTS}, ANY).status, 200)
        series, template = self.series(), self.template()
        post = self.post("Guten Morgen", schedule={"next_slot": True})
        for arguments, path in ((("series", "show", series["id"]), f"/v1/series/{series['id']}"),
                                (("template", "show", template["id"]), f"/v1/templates/{template['id']}"),
                                (("account", "show", self.account), f"/v1/integrations/{self.account}"),
                                (("queue", "show", self.account), f"/v1/integrations/{self.account}/queue"),
                                (("post", "deliveries", post["id"]), f"/v1/posts/{post['id']}/deliveries")):
            self.assertEqual(self.objects(*arguments), [self.api.get(path).json()], arguments)
        self.assertEqual(self.objects("post", "show", post["id"]), [self.api.read_post(post)])
        for arguments, path in ((("series", "list"), "/v1/series"),
                                (("series", "preview", series["id"], "--limit", "4"), f"/v1/series/{series['id']}/preview?limit=4"), (("template", "list"), "/v1/templates"), (("account", "list"), "/v1/integrations"),
                                (("queue", "preview", self.account, "--limit", "3"), f"/v1/integrations/{self.account}/queue/preview?n=3"),
                                (("post", "history", post["id"]), f"/v1/posts/{post['id']}/history")):
            self.assertEqual(self.objects(*arguments), self.api.get(path).json()["data"], arguments)
        self.assertEqual(len(self.objects("queue", "preview", self.account)), 10)

    def test_what_a_post_would_look_like_and_what_is_wrong_with_it_is_shown_as_http_shows_it(self):
        draft = self.post("word " * 12000)  # more parts than a thread may have
        fit = self.post("a draft that fits", content={"text": "a draft that fits", "link": "https://example.com/page"})
        for post in (draft, fit):
            told = self.api.read_post(post)
            self.assertEqual(self.objects("post", "show", post["id"]), [told])
            self.assertEqual([one for one in self.objects("post", "list") if one["id"] == post["id"]], [told])
        violation, = (one for one in self.api.read_post(draft)["targets"][0]["violations"] if one["fatal"])
        shown = self.told("post", "show", draft["id"]).splitlines()
        self.assertIn(f"targets.0.violations.0.code: {violation['code']}", shown)
        self.assertIn("targets.0.violations.0.fatal: yes", shown)
        shown = self.told("post", "show", fit["id"]).splitlines()
        self.assertIn("targets.0.rendering.parts.0.text: a draft that fits", shown)
        self.assertIn("targets.0.violations: -", shown)

    def test_people_get_a_thing_a_line_and_a_member_a_line(self):
        self.assertEqual(self.api.request("PATCH", f"/v1/integrations/{self.account}/queue", {"slots": SLOTS}, ANY).status, 200)
        post = self.post("A text\nof two lines, cut in no character: " + "ü" * 50,
                         schedule={"next_slot": True})
        line = next(line for line in self.told("post", "list").splitlines() if post["id"] in line)
        self.assertRegex(line, rf"^{post['id']} +scheduled +{post['publish_at']} +A text\?of two lines, .* {'ü' * 50}$")
        line, = (line for line in self.told("queue", "list").splitlines() if self.account in line)
        self.assertRegex(line, rf"^{self.account} +no +Europe/Berlin +monday 09:00,thursday 16:30$")
        line = next(line for line in self.told("queue", "preview", self.account, "--limit", "200").splitlines() if post["id"] in line)
        self.assertIn(f" yes  {post['id']} {post['targets'][0]['id']}", line)
        shown = self.told("post", "show", post["id"]).splitlines()
        self.assertIn(f"id: {post['id']}", shown)
        self.assertIn(f"targets.0.integration_id: {self.account}", shown)
        self.assertTrue(any(line.startswith("content.text: A text?of two lines") for line in shown), shown)
        self.assertRegex(self.told("post", "history", post["id"]), r"(?m)^1 +\S+Z +key_\w{26} owner +Written as a draft for 1 account\.$")
        series = self.series(frequency="weekly", weekdays=["monday", "friday"], timezone="Asia/Tokyo")
        self.assertRegex(self.told("series", "list"), rf"(?m)^{series['id']} +active +weekly +1 +- +monday,friday +- +09:30 +Asia/Tokyo +every day$")
        for rule, shown in (({"frequency": "monthly", "month_week": "last", "weekdays": ["friday"]}, "monthly +1 +last +friday +-"),
                            ({"frequency": "monthly", "month_day": 31}, "monthly +1 +- +- +31"), ({"interval": 14}, "daily +14 +- +- +-")):
            series = self.series(**rule)
            self.assertRegex(self.told("series", "list"), rf"(?m)^{series['id']} +active +{shown} +09:30 +\S+ +every day$")
        thread = self.post("", content={"parts": [{"text": "It begins"}, {"text": "and goes on"}]})
        self.assertRegex(self.told("post", "list"), rf"(?m)^{thread['id']} +draft +- +It begins$")
        template = self.template("Name\x1b[31m")
        self.assertIn(f"{template['id']} 1     Name?[31m\n", self.told("template", "list"))

    def test_lists_of_posts_have_the_filters_of_http(self):
        """Each alone and with another: the same posts in the same order, beside those that it leaves out."""
        other = self.api.connect("filtered.test")["id"]
        series, template = self.series(), self.template("Filters")["id"]
        self.post("labelled", labels=["spring"], schedule={"at": later(4000)})
        self.post("elsewhere", targets=[{"integration_id": other}], labels=["spring", "summer"], schedule={"at": later(9000)})
        self.post("by nobody else")
        self.made(f"/v1/templates/{template}/instantiate", {"values": {"what": "forms"}})
        author = self.api.get("/v1/posts?limit=1").json()["data"][0]["author_id"]
        between, names = later(6000), {"account": "integration_id", "author": "author_id", "series": "series_id", "template": "template_id", "search": "q"}
        everything = len(self.objects("post", "list"))
        for given in ({"label": "spring"}, {"label": "spring", "account": other}, {"account": other}, {"author": author}, {"publish-after": between},
                      {"publish-before": between}, {"publish-after": later(5000), "publish-before": later(7000)}, {"attention": "unknown"}, {"series": series["id"]},
                      {"template": template}, {"search": "elsewh", "label": "summer"}, {"status": "scheduled", "order": "publish_at"}, {"order": "-publish_at"},
                      {"order": "created_at", "approval": "none"}):
            with self.subTest(**given):
                asked = "&".join(f"{names.get(name, name.replace('-', '_'))}={value}" for name, value in given.items())
                expected = self.api.get(f"/v1/posts?limit=200&{asked}").json()["data"]
                told = self.objects("post", "list", *(word for name, value in given.items() for word in (f"--{name}", value)))
                self.assertEqual(told, expected)
                self.assertTrue(0 < len(told) < everything or set(given) & {"author", "order", "attention", "series"} or "publish-after" in given, given)
        self.assertEqual([one["content"]["text"] for one in self.objects("post", "list", "--label", "spring", "--order", "publish_at")], ["labelled", "elsewhere"])

    def test_accounts_are_listed_with_how_they_are(self):
        refused = self.api.post("/v1/integrations", {"channel": "bluesky", "identifier": "refused.test", "app_password": "wrong"}).json()["id"]
        wait_until(lambda: self.api.get(f"/v1/integrations/{refused}").json()["status"] == "refused", 30, "the password is wrong")
        paused = self.api.connect("paused.test")["id"]
        self.assertEqual(self.api.post(f"/v1/integrations/{paused}/pause").status, 200)
        lines = self.told("account", "list")
        self.assertRegex(lines, rf"(?m)^{self.account} bluesky +connected +no +alice\.test +-$")
        self.assertRegex(lines, rf"(?m)^{refused} bluesky +refused +no +- +\w+$")
        self.assertRegex(lines, rf"(?m)^{paused} bluesky +paused +yes +paused\.test +-$")
        self.assertRegex(self.told("account", "show", refused), r"(?m)^error\.code: \w+$")

    def at_a_terminal(self, *arguments):
        """What is printed where a person sees it."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with open(theirs, "w", encoding="utf-8") as terminal:
            self.assertEqual(run(*arguments, "--workspace", "main", "--data", self.data.path, stdout=terminal).returncode, 0, arguments)
            return os.read(ours, 65536).decode().replace("\r\n", "\n")

    def test_a_text_is_cut_at_a_terminal_alone_and_a_sentence_nowhere(self):
        post = self.post("cut in no character: " + "ü" * 50)
        shown = next(line for line in self.at_a_terminal("post", "list").splitlines() if post["id"] in line)
        self.assertRegex(shown, r" cut in no character: ü{29}…$")
        self.assertEqual(self.api.request("PATCH", "/v1/workspace", {"approval_policy": "four_eyes"}, ANY).status, 200)
        self.addCleanup(self.api.request, "PATCH", "/v1/workspace", {"approval_policy": "none"}, ANY)
        self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/schedule", {"at": later(1200)}).status, 200)
        sentences = [event["sentence"] for event in self.api.get(f"/v1/posts/{post['id']}/history").json()["data"]]
        self.assertGreater(max(map(len, sentences)), 80, "a test of long sentences has one")
        for shown in (self.told("post", "history", post["id"]), self.at_a_terminal("post", "history", post["id"])):
            self.assertEqual([line.endswith(f" {sentence}") for line, sentence in zip(shown.splitlines(), sentences, strict=True)],
                             [True] * len(sentences), shown)

    def test_a_history_says_by_whose_word_also_when_they_are_gone(self):
        data = self.world.data("who", "--slug", "who")
        user = person(data, "ada", "--workspace", "who", "--role", "editor")
        service = self.world.serve(data, name="who")
        ada = Browser(service.port)
        self.assertEqual(ada.sign_in("ada").status, 201)
        post = ada.ask("POST", "/v1/posts", {"content": {"text": "hers"}}).json()["id"]
        self.assertEqual(service.api.request("PATCH", f"/v1/posts/{post}", {"content": {"text": "changed"}}, ANY).status, 200)
        (member,), history = service.api.get("/v1/members").json()["data"], lambda *more: self.told("post", "history", post, *more, data=data)
        key = json.loads(run("key", "list", "--data", data.path, "--json").stdout)["id"]

        def named(name):
            return rf"^1 +\S+Z +{member['id']} {name} +Written as a draft[^\n]*\n2 +\S+Z +{key} owner +Edited[^\n]*\n$"
        self.assertRegex(history(), named("Ada"))
        self.assertEqual(service.api.request("DELETE", f"/v1/members/{member['id']}", headers=ANY).status, 204)
        self.assertEqual(run("key", "revoke", key, "--data", data.path).returncode, 0)
        self.assertRegex(history(), named("Ada"))
        self.assertRegex(history("--at", data.events()[-1]["time"]), named("-"))
        self.assertEqual([event["actor_id"] for event in self.objects("post", "history", post, data=data)], [member["id"], key])
        service.stop()
        self.assertRegex(history(), named("Ada"))
        self.assertEqual(run("user", "erase", user, "--data", data.path).returncode, 0)
        self.assertRegex(history(), named("-"))

    def test_posts_are_found_by_words_status_and_approval(self):
        first = self.post("the quick brown fox")
        second = self.post("a quick fox, browned", schedule={"at": later(7200)})

        def found(*arguments):
            return {post["id"] for post in self.objects("post", "list", *arguments)} & {first["id"], second["id"]}
        self.assertEqual(found("--search", "QUICK brown"), {first["id"], second["id"]})
        self.assertEqual(found("--search", '"quick brown"'), {first["id"]})
        self.assertEqual(found("--search", "fox", "--status", "scheduled"), {second["id"]})
        self.assertEqual(self.api.request("PATCH", "/v1/workspace", {"approval_policy": "any_approver"}, ANY).status, 200)
        self.addCleanup(self.api.request, "PATCH", "/v1/workspace", {"approval_policy": "none"}, ANY)
        self.assertEqual(found("--approval", "wanted"), {second["id"]})
        sha = self.api.read_post(second)["approval"]["content_sha256"]
        self.assertEqual(self.api.post(f"/v1/posts/{second['id']}/approve", {"content_sha256": sha}).status, 200)
        self.assertEqual((found("--approval", "wanted"), found("--approval", "given")), (set(), {second["id"]}))

    def test_a_list_is_all_of_it_whatever_pages_it_has(self):
        _, key = created(self.data, "many")
        api = Api(self.service.port, key)
        ids = [api.post("/v1/posts", {"content": {"text": f"number {n}"}}).json()["id"] for n in range(230)]
        templates = [api.post("/v1/templates", {"name": f"t{n:03}", "content": {"text": "x"}}).json()["id"] for n in range(230)]
        self.assertEqual([post["id"] for post in self.objects("post", "list", "--workspace", "many")], ids[::-1])
        self.assertEqual([one["id"] for one in self.objects("template", "list", "--workspace", "many")], templates)
        self.assertEqual([post["id"] for post in self.objects("post", "list", "--workspace", "many", "--limit", "201")], ids[:28:-1])
        history = self.objects("post", "history", ids[0], "--workspace", "many")
        self.assertEqual(len(history), 1)
        unnamed = run("post", "list", "--data", self.data.path)
        self.assertEqual((unnamed.returncode, unnamed.stderr),
                         (1, "openpost post: there is more than one workspace: name one with --workspace WS\n"))
        self.assertIn("there is no such thing in the workspace", self.told("post", "show", ids[0], "--workspace", "main", code=1))

    def test_what_members_are_told_is_listed(self):
        account = self.api.connect("told.test")
        self.service.sandbox.rule("refuse", contains="cannot be taken")
        post = self.api.publish("cannot be taken", account)
        self.api.wait_post(post, "failed")
        wait_until(lambda: post["id"] in self.told("notification", "list"), 20, "the notification")
        told = next(one for one in self.objects("notification", "list") if one["post_id"] == post["id"])
        self.assertEqual((told["kind"], told["read"]), ("post.failed", None))

    # As it was

    def test_everything_is_shown_as_it_was(self):
        data = self.world.data("past", "--slug", "past")
        service = self.world.serve(data, name="past")
        api, head = service.api, lambda: int(data.events()[-1]["seq"])
        account = api.connect("past.test")["id"]
        queue = f"/v1/integrations/{account}/queue"
        self.assertEqual(api.request("PATCH", queue, {"slots": SLOTS}, ANY).status, 200)
        target = [{"integration_id": account}]
        post = api.post("/v1/posts", {"content": {"text": "as first written"}, "targets": target}).json()
        template = api.post("/v1/templates", {"name": "Early", "content": {"text": "x"}}).json()
        series = api.post("/v1/series", {"rule": {"frequency": "daily", "time": "09:30", "start": far()},
                                         "content": {"text": "x"}, "targets": target}).json()
        was = {path: api.get(path).json() for path in (queue, f"/v1/series/{series['id']}", f"/v1/templates/{template['id']}")}
        before, early = data.events()[-1]["time"], head()
        time.sleep(0.01)  # the next event is of another instant
        self.assertEqual(api.request("PATCH", f"/v1/posts/{post['id']}", {"content": {"text": "as changed"}}, ANY).status, 200)
        self.assertEqual(api.request("PATCH", queue, {"slots": []}, ANY).status, 200)
        self.assertEqual(api.post(f"/v1/series/{series['id']}/end").status, 200)
        self.assertEqual(api.request("DELETE", f"/v1/templates/{template['id']}", headers=ANY).status, 204)
        for running in (True, False):
            for moment in (before, str(early)):
                at = ("--at", moment)
                self.assertEqual(self.objects("queue", "show", account, *at, data=data), [was[queue]])
                self.assertEqual(self.objects("series", "show", series["id"], *at, data=data), [was[f"/v1/series/{series['id']}"]])
                self.assertEqual(self.objects("template", "list", *at, data=data), [was[f"/v1/templates/{template['id']}"]])
                self.assertEqual(self.objects("post", "list", "--search", "first", *at, data=data)[0]["content"]["text"],
                                 "as first written")
            self.assertEqual(self.objects("post", "list", "--search", "first", data=data), [])
            self.assertEqual(self.objects("template", "list", data=data), [])
            self.assertIn("there is no such thing", self.told("template", "show", template["id"], data=data, code=1))
            if running:
                service.stop()
        self.assertEqual(sorted(path.name for path in data.path.glob("replay.*")), [], "nothing is left")
        self.assertIn("--at: the log has nothing of that moment", self.told("post", "list", "--at", "2001-01-01T00:00:00Z", data=data, code=1))
        self.assertIn("--at: the log has nothing of that moment", self.told("post", "list", "--at", str(head() + 1), data=data, code=1))
        self.assert_verified_and_replayed(data)

    # Holding up, and letting go on

    def test_a_queue_and_a_series_are_held_up_and_let_go_on(self):
        series = self.series("held up")
        status = lambda: self.api.get(f"/v1/series/{series['id']}").json()["status"]
        paused = lambda: self.api.get(f"/v1/integrations/{self.account}/queue").json()["paused"]
        for command, name, given in (("queue", self.account, paused), ("series", series["id"], lambda: status() == "paused")):
            self.assertEqual(self.told(command, "pause", name), f"paused: {name}\n")
            self.assertTrue(given(), command)
            self.assertEqual(self.told(command, "pause", name), f"paused: {name} (it was already)\n")
            self.assertEqual(self.objects(command, "resume", name), [{"id": name, "already": False}])
            self.assertFalse(given(), command)
        self.assertEqual(self.told("series", "end", series["id"], "--keep"), f"ended: {series['id']}\n")
        self.assertEqual(status(), "ended")
        self.assertEqual(self.told("series", "end", series["id"], "--keep"), f"ended: {series['id']} (it was already)\n")
        self.assertIn("The series has ended", self.told("series", "end", series["id"], code=1))
        self.assertIn("openpost series: ", self.told("series", "resume", series["id"], "--workspace", "main", code=1))
        last = [event for event in self.data.events() if event["type"] == "series_ended"][-1]
        self.assertEqual((last["actor"], last["data"]["keep"]), ("operator", True))

    def test_what_is_held_up_without_a_service_stays_so(self):
        data = self.world.data("still", "--slug", "still")
        service = self.world.serve(data, name="still")
        account = service.api.connect("still.test")["id"]
        service.stop()
        self.assertEqual(self.told("queue", "pause", account, data=data), f"paused: {account}\n")
        service.start()
        self.assertTrue(service.api.get(f"/v1/integrations/{account}/queue").json()["paused"])
        service.stop()
        self.assert_verified_and_replayed(data)

    def test_a_backup_is_looked_into_and_not_written_to(self):
        """Neither views nor a temporary folder nor a lock appear in it, and it is still a folder that nobody has started."""
        post = self.post("kept elsewhere", schedule={"at": later(9000)})
        copy = self.world.folder / "looked-into"
        self.assertEqual(run("backup", "--data", self.data.path, "--to", copy).returncode, 0)

        def state():
            return {str(path): (path.stat().st_mtime_ns, None if path.is_dir() else stored_bytes(path))
                    for path in (copy, *copy.rglob("*")) if path.name != "lock.mdb"}  # which LMDB's readers note themselves in

        apart = self.world.folder / "apart"
        apart.mkdir()
        before, now, env = state(), self.objects("post", "list"), {"TMPDIR": str(apart)}
        for more in ((), ("--at", str(2**20)), ("--at", later(0))):
            for command in (*LOOKS, ("post", "show", post["id"]), ("post", "history", post["id"])):
                code = 1 if str(2**20) in more else 0
                self.assertEqual(run(*command, *more, "--workspace", "main", "--data", copy, env=env).returncode, code, (command, more))
        self.assertEqual([json.loads(line) for line in run("post", "list", "--workspace", "main", "--json", "--data", copy).stdout.splitlines()], now)
        self.assertEqual(run("replay", "--check", "--data", copy, env=env).returncode, 0)
        self.assertEqual(state(), before)
        self.assertEqual([path.name for path in copy.iterdir() if path.name in ("views", "lock")] + list(apart.iterdir()), [])

    # What is wrong

    def test_wrong_usage_is_64_and_says_what_would_do(self):
        for command, forms in COMMANDS.items():
            for arguments in ((), ("fly",), ("list", "surplus")):
                said = self.told(command, *arguments, code=64)
                self.assertTrue(all(form in said for form in forms) or "unexpected argument" in said, said)
        for arguments, complaint in ((("post", "show", "ser_x"), "ser_x is not a post's id: post_…, as openpost post list shows it"),
                                     (("queue", "pause", "post_01ka0000000000000000000000"), "is not an account's id: int_…"),
                                     (("post", "list", "--at", "yesterday"), "--at yesterday: expected an instant"),
                                     (("post", "list", "--at", "0"), "--at 0: expected an instant"),
                                     (("post", "list", "--at", "2026-04-20T14:00:00"), "expected an instant"),
                                     (("post", "list", "--at", "2099-01-01T00:00:00Z"), "--at 2099-01-01T00:00:00Z: expected an instant that has been"),
                                     (("queue", "list", "--at", later(3600)), "expected an instant that has been"),
                                     (("post", "list", "--limit", "0"), "--limit 0: expected a whole number"),
                                     (("post", "list", "--status", "lost"), "--status lost: expected draft"),
                                     (("post", "list", "--approval", "lost"), "--approval lost: expected none"),
                                     (("post", "list", "--attention", "lost"), "--attention lost: expected unknown"),
                                     (("post", "list", "--order", "text"), "--order text: expected created_at"),
                                     (("post", "list", "--account", "ser_01ka0000000000000000000000"), "expected an account's id"),
                                     (("post", "list", "--author", "alice"), "--author alice: expected a key's or a member's id"),
                                     (("post", "list", "--series", "tpl_01ka0000000000000000000000"), "expected a series' id"),
                                     (("post", "list", "--publish-after", "monday"), "--publish-after monday: expected an instant"),
                                     (("post", "list", "--publish-before", "2026-04-20"), "expected an instant"),
                                     (("post", "show", "post_01ka0000000000000000000000", "--search", "x"), "are for list"),
                                     (("post", "history", "post_01ka0000000000000000000000", "--label", "x"), "are for list"),
                                     (("series", "pause", "ser_01ka0000000000000000000000", "--keep"), "--keep is for end"),
                                     (("series", "pause", "ser_01ka0000000000000000000000", "--at", "1"), "--at is for looking")):
            self.assertIn(complaint, self.told(*arguments, code=64), arguments)

    def test_every_form_stands_in_its_usage(self):
        for command, forms in COMMANDS.items():
            usage = run(command, "--help").stdout.split("\n\n")[0]
            for form in forms:
                self.assertRegex(usage, rf"openpost {command} ([a-z]+\|)*{form.split()[0]}[ |]", command)

    def test_what_is_not_there_is_1_and_a_folder_that_is_none_2(self):
        for arguments in (("post", "show", "post_01ka0000000000000000000000"), ("series", "show", "ser_01ka0000000000000000000000"),
                          ("series", "pause", "ser_01ka0000000000000000000000"), ("queue", "pause", "int_01ka0000000000000000000000"),
                          ("queue", "preview", "int_01ka0000000000000000000000"), ("template", "show", "tpl_01ka0000000000000000000000"),
                          ("post", "history", "post_01ka0000000000000000000000")):
            said = self.told(*arguments, code=1)
            self.assertTrue(said.startswith(f"openpost {arguments[0]}: "), said)
        self.assertIn("--workspace nobody: there is no such workspace", self.told("post", "list", "--workspace", "nobody", code=1))
        self.assertIn("--search", self.told("post", "list", "--search", " ! ", code=64))
        for command in LOOKS:
            for more in ((), ("--at", "1")):
                self.assertEqual(run(*command, *more, "--data", self.world.folder / "nothing").returncode, 2, command)


if __name__ == "__main__":
    harness.main()
