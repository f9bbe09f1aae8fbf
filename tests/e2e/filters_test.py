#!/usr/bin/env python3
"""What a list of posts can be asked for: each filter, several at once, in each order; on more than a shelf of the index, of which posts
are edited, cancelled and deleted while it is paged through. Every answer is compared with what every post says of itself."""

import json
import re
from urllib.parse import quote

import harness
from frames import Rpc, tag_key
from harness import Api, later, seconds_of, wait_until

POSTS = 560  # a full shelf and more
WORDS = ["spring", "sale", "Fr\u00fchling", "\u5317\u4eac\u5927\u5b66", "caf\u00e9", "springtime", "\U0001f389", "2026"]
ORDERS = ("created_at", "-created_at", "publish_at", "-publish_at")


def words_of(post):
    return [word.lower() for word in re.findall(r"\w+|[^\w\s]", post["content"]["text"])]


class Filters(harness.Case):
    """One service for all cases; the posts are made once."""

    @classmethod
    def make_world(cls):
        data = cls.world.data()
        editor = data.another_key("editor", "editor")
        cls.rpc_port = harness.free_port()
        service = cls.world.serve(data, options=("--rate-limit", "0", "--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.service, cls.api, cls.editor = service, service.api, Api(service.port, editor)
        cls.accounts = [cls.api.connect(f"{name}.test")["id"] for name in ("alice", "bob")]
        made = [cls.make(i) for i in range(POSTS)]
        cls.template = cls.api.post("/v1/templates", {"name": "T", "content": {"text": "made from it"}}).json()["id"]
        from_it = [cls.api.post(f"/v1/templates/{cls.template}/instantiate", {}).json() for _ in range(9)]
        assert cls.api.post(f"/v1/posts/{from_it[0]['id']}/duplicate", {}).status == 201
        cls.series = cls.api.post("/v1/series", {
            "rule": {"frequency": "daily", "time": "12:00", "timezone": "UTC", "start": later(2 * 86400)[:10], "count": 5},
            "content": {"text": "every day"}, "targets": [{"integration_id": cls.accounts[0]}]}).json()["id"]
        cls.others = 15
        wait_until(lambda: len(cls.walk(cls.api, "limit=200")) == POSTS + cls.others, 60, "all posts of the series")
        for i in (3, 30, 300):
            cls.etag_call(made[i], "PATCH", {"content": {"text": "rewritten zebra"}, "labels": ["edited"]})
        for i in (4, 48, 500):  # drafts
            cls.etag_call(made[i], "DELETE", None)
        for post in [post for post in made if post["status"] == "scheduled"][:5]:
            assert cls.api.post(f"/v1/posts/{post['id']}/cancel").status == 200
        cls.all = cls.walk(cls.api, "limit=200")
        assert len(cls.all) == POSTS + cls.others - 3

    @classmethod
    def make(cls, i):
        body = {"content": {"text": " - ".join(word for n, word in enumerate(WORDS) if i % (n + 2) == 0) or "nothing"},
                "labels": [label for label, every in (("a", 3), ("launch day", 7), ("rare", 250)) if i % every == 0]}
        if i % 4 != 0:  # the others stay drafts, and of these some go nowhere
            body["targets"] = [{"integration_id": cls.accounts[0 if i % 9 else 1]}]
            body["schedule"] = {"at": later(7200 + 60 * (i * 37 % 1000))}
        elif i % 8 == 0:
            body["targets"] = [{"integration_id": account} for account in cls.accounts]
        made = (cls.editor if i % 100 == 0 else cls.api).post("/v1/posts", body)
        assert made.status == 201, made
        return made.json()

    @classmethod
    def etag_call(cls, post, method, body):
        version = cls.api.get(f"/v1/posts/{post['id']}").json()["version"]
        answer = cls.api.request(method, f"/v1/posts/{post['id']}", body, headers={"If-Match": f'"{version}"'})
        assert answer.status in (200, 204), answer

    @classmethod
    def walk(cls, api, query):
        posts, cursor = [], ""
        while True:
            answer = api.get(f"/v1/posts?{query}{cursor}")
            assert answer.status == 200, answer
            posts += answer.json()["data"]
            if answer.json()["next_cursor"] is None:
                return posts
            cursor = f"&cursor={answer.json()['next_cursor']}"

    def check(self, query, wanted):
        """In each order the list has the posts that wanted lets through, page by page of 7, and no other."""
        expected = [post for post in self.all if wanted(post)]
        for order in ORDERS:
            found = self.walk(self.api, f"{query}&order={order}&limit={7 if len(expected) < 60 else 50}")
            self.assertEqual(sorted(post["id"] for post in found), sorted(post["id"] for post in expected), (query, order))
            self.assertEqual([post["id"] for post in found], self.in_order(expected, order), (query, order))
        return len(expected)

    @staticmethod
    def in_order(posts, order):
        down = order.startswith("-")
        created = sorted(posts, key=lambda post: (seconds_of(post["created_at"]), post["id"]), reverse=down)
        if order.endswith("created_at"):
            return [post["id"] for post in created]
        dated = sorted((post for post in posts if post["publish_at"]), key=lambda post: (seconds_of(post["publish_at"]), post["id"]), reverse=down)
        return [post["id"] for post in dated + [post for post in created if not post["publish_at"]]]

    def test_each_filter_gives_the_posts_that_say_so_themselves(self):
        author = {post["author_id"] for post in self.all if "rare" in post["labels"] and "spring" in post["content"]["text"]}
        self.assertEqual(len(author), 2)
        for status in ("draft", "scheduled", "cancelled", "published", "failed"):
            self.check(f"status={status}", lambda post: post["status"] == status)
        for label in ("a", "launch day", "rare", "edited", "none"):
            self.check(f"label={quote(label)}", lambda post: label in post["labels"])
        for account in self.accounts:
            self.check(f"integration_id={account}", lambda post: account in [target["integration_id"] for target in post["targets"]])
        for one in author:
            self.assertGreater(self.check(f"author_id={one}", lambda post: post["author_id"] == one), 0)
        instants = sorted(post["publish_at"] for post in self.all if post["publish_at"])
        early, late = instants[100], instants[-100]
        self.check(f"publish_after={late}", lambda post: (post["publish_at"] or "") >= late)
        self.check(f"publish_before={early}", lambda post: post["publish_at"] is not None and post["publish_at"] < early)
        self.check(f"publish_after={early}&publish_before={late}", lambda post: early <= (post["publish_at"] or "") < late)

    def test_what_a_series_or_a_template_made_is_found(self):
        self.assertEqual(self.check(f"series_id={self.series}", lambda post: post["series_id"] == self.series), 5)
        self.assertEqual(self.check(f"template_id={self.template}", lambda post: post["template_id"] == self.template), 10)
        self.check(f"series_id={self.series}&status=draft", lambda post: False)
        self.check(f"series_id={self.series}&integration_id={self.accounts[0]}&q=every", lambda post: post["series_id"] == self.series)
        unknown = self.template[:-1] + ("0" if self.template[-1] != "0" else "1")
        self.check(f"template_id={unknown}&template_id={self.template}", lambda post: post["template_id"] == self.template)
        self.check(f"template_id={unknown}", lambda post: False)
        self.assert_problem(self.api.get(f"/v1/posts?template_id={self.series}"), 422, "parameter_invalid")

    def test_posts_are_found_by_how_their_approval_stands(self):
        self.check("approval=none", lambda post: True)
        self.check("approval=wanted&approval=given&approval=void", lambda post: False)
        self.set_policy("any_approver")
        self.addCleanup(self.set_policy, "none")
        wanted = [post for post in self.all if post["status"] == "scheduled"]
        self.assertEqual(self.check("approval=wanted", lambda post: post in wanted), len(wanted))
        given, void = wanted[::9], wanted[::90]
        for post in given:
            sha = self.api.get(f"/v1/posts/{post['id']}").json()["approval"]["content_sha256"]
            self.assertEqual(self.api.post(f"/v1/posts/{post['id']}/approve", {"content_sha256": sha}).status, 200)
        for post in void:
            self.etag_call(post, "PATCH", {"metadata": {"edited": "yes"}})
        self.check("approval=given", lambda post: post in given and post not in void)
        self.check("approval=void", lambda post: post in void)
        self.check("approval=wanted&approval=void", lambda post: post in wanted and (post not in given or post in void))
        self.check("approval=none", lambda post: post not in wanted)
        self.check("approval=given&label=a", lambda post: post in given and post not in void and "a" in post["labels"])
        self.check("approval=wanted&status=draft", lambda post: False)
        problem = self.api.get("/v1/posts?approval=perhaps")
        self.assert_problem(problem, 422, "parameter_invalid")
        self.assertIn("none, wanted, given, void", problem.json()["detail"])

    def set_policy(self, policy):
        answer = self.api.request("PATCH", "/v1/workspace", {"approval_policy": policy}, headers={"If-Match": "*"})
        self.assertEqual(answer.status, 200, answer)

    def test_other_programs_and_the_command_line_filter_so_too(self):
        rpc = Rpc(self.rpc_port, tag_key(self.service.data.key))
        self.addCleanup(rpc.close)
        for name, one, option in (("series_id", self.series, "--series"), ("template_id", self.template, "--template")):
            wanted = {post["id"] for post in self.all if post[name] == one}
            code, answer = rpc.query("list_posts", {name: one, "limit": 200})[:2]
            self.assertEqual((code, {post["id"] for post in json.loads(answer)["data"]}), ("", wanted))
            listed = harness.run("post", "list", "--data", self.service.data.path, option, one, "--json")
            self.assertEqual({json.loads(line)["id"] for line in listed.stdout.splitlines()}, wanted, listed)
        answer = rpc.query("list_posts", {"approvals": 1 << 2, "limit": 200})
        self.assertEqual((answer[0], json.loads(answer[1])["data"]), ("", []))
        self.assertEqual(harness.run("post", "list", "--data", self.service.data.path, "--series", "x").returncode, 64)

    def test_words_are_found_whole_or_as_the_beginning_of_the_last_one(self):
        for word in WORDS:
            self.assertGreater(self.check(f"q={quote(word + ' ')}", lambda post: word.lower() in post["content"]["text"].lower().split()), 0)
        self.check("q=spring", lambda post: any(word.startswith("spring") for word in words_of(post)))
        self.check("q=SPRING+", lambda post: "spring" in words_of(post))
        self.check("q=spring+sal", lambda post: {"spring", "sale"} <= set(words_of(post)))
        self.check(f"q={quote(chr(0x4eac) + chr(0x5927))}", lambda post: "\u4eac\u5927" in post["content"]["text"])
        self.check("q=%22spring+sale%22", lambda post: "spring - sale" in post["content"]["text"])
        self.check("q=%22sale+spring%22", lambda post: False)
        self.check("q=zebra", lambda post: "zebra" in post["content"]["text"])
        self.check("q=unicorn", lambda post: False)

    def test_the_same_filter_twice_is_or_and_different_ones_are_and(self):
        self.check("label=rare&label=edited", lambda post: {"rare", "edited"} & set(post["labels"]))
        self.check("status=draft&status=cancelled", lambda post: post["status"] in ("draft", "cancelled"))
        self.check("label=a&status=draft", lambda post: "a" in post["labels"] and post["status"] == "draft")
        account = self.accounts[1]
        self.check(f"label=a&label=launch%20day&integration_id={account}&q=sale",
                   lambda post: {"a", "launch day"} & set(post["labels"]) and "sale" in words_of(post)
                   and account in [target["integration_id"] for target in post["targets"]])
        self.check("q=spring+2026+&status=scheduled&label=a", lambda post: {"spring", "2026"} <= set(words_of(post))
                   and post["status"] == "scheduled" and "a" in post["labels"])
        self.assert_problem(self.api.get("/v1/posts?label=a&colour=red"), 422, "parameter_unknown")
        self.assert_problem(self.api.get("/v1/posts?q=" + "+".join("w" * 65)), 422, "parameter_invalid")

    def test_pages_stay_where_they_are_while_posts_are_made_and_edited(self):
        made = [self.api.post("/v1/posts", {"content": {"text": f"walrus {i}"}}).json() for i in range(30)]
        seen, cursor = [], ""
        while cursor is not None:
            page = self.api.get(f"/v1/posts?q=walrus&limit=4&order=-created_at{cursor}").json()
            seen += [post["id"] for post in page["data"]]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
            self.api.post("/v1/posts", {"content": {"text": "walrus, too late"}})
            self.etag_call(made[-1], "PATCH", {"content": {"text": "walrus again"}})
        self.assertEqual(seen, [post["id"] for post in reversed(made)])
        for post in self.walk(self.api, "q=walrus"):
            self.etag_call(post, "DELETE", None)
        self.check("q=walrus", lambda post: False)

    def test_what_the_index_holds_is_what_the_log_makes_of_it(self):
        service = self.world.serve(self.world.data("rebuilt"), name="rebuilt", options=("--rate-limit", "0"))
        for i in range(520):
            self.assertEqual(service.api.post("/v1/posts", {"content": {"text": f"word{i % 7} spring"}}).status, 201)
        self.assertEqual(len(self.walk(service.api, "q=word3+&limit=200")), 74)
        service.stop()
        self.assert_verified_and_replayed(service.data)


if __name__ == "__main__":
    harness.main()
