#!/usr/bin/env python3
"""What a list of posts can be asked for: each filter, several at once, in each order; on more than a shelf of the index, of which posts
are edited, cancelled and deleted while it is paged through. Every answer is compared with what every post says of itself."""

import re
from urllib.parse import quote

import harness
from harness import Api, later

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
        service = cls.world.serve(data, options=("--rate-limit", "0"))
        cls.service, cls.api, cls.editor = service, service.api, Api(service.port, editor)
        cls.accounts = [cls.api.connect(f"{name}.test")["id"] for name in ("alice", "bob")]
        made = [cls.make(i) for i in range(POSTS)]
        for i in (3, 30, 300):
            cls.etag_call(made[i], "PATCH", {"content": {"text": "rewritten zebra"}, "labels": ["edited"]})
        for i in (4, 48, 500):  # drafts
            cls.etag_call(made[i], "DELETE", None)
        for post in [post for post in made if post["status"] == "scheduled"][:5]:
            assert cls.api.post(f"/v1/posts/{post['id']}/cancel").status == 200
        cls.all = cls.walk(cls.api, "limit=200")
        assert len(cls.all) == POSTS - 3

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
        # without the Z: whole seconds are written without .000, and 05Z would sort behind 05.123Z
        created = sorted(posts, key=lambda post: (post["created_at"][:-1], post["id"]), reverse=down)
        if order.endswith("created_at"):
            return [post["id"] for post in created]
        dated = sorted((post for post in posts if post["publish_at"]), key=lambda post: (post["publish_at"][:-1], post["id"]), reverse=down)
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
