#!/usr/bin/env python3
"""Lists of what is large, or many, though allowed: a page is shorter rather than refused, and its cursor leads on."""

import json
import time

import harness
from frames import Rpc, tag_key


class Pages(harness.Case):
    """One service for all cases; each makes what it needs."""

    @classmethod
    def make_world(cls):
        port = harness.free_port()
        service = cls.world.serve(cls.world.data(), options=("--rate-limit", "0", "--rpc", f"127.0.0.1:{port}"))
        cls.rpc = Rpc(port, tag_key(service.data.key))
        cls.world.at_end(cls.rpc.close)
        cls.api = service.api
        cls.api.timeout_s = 120

    def walk(self, path, may_be_empty=False):
        """Every item of a list, page by page, and how many each page had."""
        items, counts, cursor = [], [], ""
        while True:
            answer = self.api.get(path + cursor)
            self.assertEqual(answer.status, 200, answer)
            page = answer.json()
            items += page["data"]
            counts.append(len(page["data"]))
            if page["next_cursor"] is None:
                return items, counts
            self.assertGreaterEqual(counts[-1], 0 if may_be_empty else 1)
            cursor = f"&cursor={page['next_cursor']}"

    def drafts(self, count, **post):
        made = []
        for _ in range(count):
            answer = self.api.post("/v1/posts", post)
            self.assertEqual(answer.status, 201, answer)
            made.append(answer.json()["id"])
        return made

    def test_posts_with_long_texts_make_shorter_pages(self):
        made = self.drafts(30, content={"parts": [{"text": "x" * 30000}] * 25}, labels=["long"])
        for limit, most in ((1, 1), (50, 11), (200, 11)):  # an answer is at most 8 MiB
            items, counts = self.walk(f"/v1/posts?label=long&order=created_at&limit={limit}")
            self.assertEqual([post["id"] for post in items], made)
            self.assertEqual(counts[0], most)

    def test_series_with_long_texts_make_shorter_pages(self):
        """Nine megabytes and a half together; they begin so late that none has a post yet."""
        start = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 70 * 86400))
        rule = {"frequency": "daily", "time": "09:00", "timezone": "UTC", "start": start}
        account = self.api.connect("yearly.test")["id"]
        made = []
        for _ in range(6):
            answer = self.api.post("/v1/series", {"rule": rule, "content": {"parts": [{"text": "x" * 64000}] * 25},
                                                  "targets": [{"integration_id": account, "variant": {"parts": [{"text": "short"}]}}]})
            self.assertEqual(answer.status, 201, answer)
            made.append(answer.json()["id"])
        items, counts = self.walk("/v1/series?limit=200")
        self.assertEqual([series["id"] for series in items], made)
        self.assertGreater(counts[0], 1)
        self.assertLess(counts[0], 6)
        told, after = [], {}
        while not told or after:
            code, answer = self.rpc.query("list_series", {**after, "limit": 200})
            self.assertEqual(code, "")
            page = json.loads(answer)
            told += [series["id"] for series in page["data"]]
            after = {"cursor": page["next_cursor"].encode()} if page["next_cursor"] else {}
        self.assertEqual(told, made)

    def test_any_number_of_accounts_has_a_punctuality_report(self):
        accounts = [self.api.connect(f"many{i}.test") for i in range(50)]
        post = self.api.wait_post(self.api.publish("to all", *accounts), "published", within_s=60)
        for _ in range(250):  # they need not be let in
            body = {"channel": "bluesky", "identifier": "many.test", "app_password": "wrong"}
            self.assertEqual(self.api.post("/v1/integrations", body).status, 201)
        for period in ("", f"from={time.strftime('%Y-%m-%d', time.gmtime(time.time() - 390 * 86400))}"):
            days, counts = self.walk(f"/v1/punctuality?{period}", may_be_empty=True)
            self.assertEqual(sorted(day["integration_id"] for day in days),
                             sorted(target["integration_id"] for target in post["targets"]))
            self.assertEqual(len(counts), 2)  # of more than 200 accounts
        last = max(account["id"] for account in accounts)
        self.assertEqual(self.walk(f"/v1/punctuality?integration_id={last}"), ([day for day in days if day["integration_id"] == last], [1]))
        self.assert_problem(self.api.get("/v1/punctuality?cursor=00"), 400, "cursor_invalid")

    def test_posts_to_many_accounts_make_shorter_pages(self):
        targets = [{"integration_id": self.api.connect(f"wide{i}.test")["id"]} for i in range(50)]
        parts = [{"text": ("a word " * 50)[:280]}] * 25
        made = self.drafts(25, content={"parts": parts}, targets=targets, labels=["wide"])
        for limit in (10, 50):
            items, counts = self.walk(f"/v1/posts?label=wide&order=created_at&limit={limit}")
            self.assertEqual([post["id"] for post in items], made)
            self.assertTrue(10 <= counts[0] < 25, counts)
            self.assertTrue(all(target["rendering"] for post in items for target in post["targets"]))

    def test_a_post_is_never_larger_than_an_answer(self):
        targets = [{"integration_id": self.api.connect(f"dense{i}.test")["id"]} for i in range(50)]
        parts = [{"text": " ".join(f"#a{n:x}" for n in range(60))}] * 25  # each hashtag is many times as long on the channel
        (made,) = self.drafts(1, content={"parts": parts}, targets=targets)
        answer = self.api.get("/v1/posts/" + made)
        self.assertEqual(answer.status, 200, answer)
        for target in answer.json()["targets"]:
            (violation,) = [one for one in target["violations"] if one["fatal"]]
            self.assertEqual((violation["code"], target["rendering"]["parts"]), ("rendering_too_large", []))
        refused = self.api.post(f"/v1/posts/{made}/schedule", {"now": True})
        self.assert_problem(refused, 422, "content_violation")

    def test_programs_are_shown_what_will_be_sent_of_a_draft_and_of_the_largest_too(self):
        accounts = [self.api.connect(f"full{i}.test")["id"] for i in range(50)]
        words = ["#tag and more " * 20, "#tag and less " * 20]
        targets = [{"integration_id": one, "variant": {"parts": [{"text": f"{i} {n} {words[n % 2]}"[:300]} for n in range(24)]}}
                   for i, one in enumerate(accounts)]
        made = self.drafts(1, content={"parts": [{"text": "x" * 60000}] * 25}, targets=targets, labels=["full"])
        made += self.drafts(3, content={"text": "one #tag https://example.com"}, targets=targets[:1], labels=["full"])
        for post in made:
            code, shown = self.rpc.query("get_post", {"post_id": post})
            self.assertEqual(code, "")
            self.assertEqual(json.loads(shown), self.api.get("/v1/posts/" + post).json())
            self.assertTrue(all(target["rendering"]["parts"] for target in json.loads(shown)["targets"]))
        self.assertGreater(max(len(self.rpc.query("get_post", {"post_id": post})[1]) for post in made), 4 << 20)
        code, page = self.rpc.query("list_posts", {"label": "full", "limit": 3, "order": "-created_at"})
        self.assertEqual((code, json.loads(page)["data"]), ("", self.walk("/v1/posts?label=full&limit=3")[0][:3]))

    def test_what_grows_too_large_by_its_mentions_fails_at_its_lock_and_a_retry_says_what_to_do(self):
        account = self.api.connect("m.test")
        parts = [{"text": "@m.test " * 35}] * 25  # what a mention becomes is known at the lock only
        post = self.api.wait_post(self.api.publish({"parts": parts}, account), "failed")
        (target,) = post["targets"]
        self.assertEqual((target["status"], target["error"]["code"]), ("failed", "render_refused"))
        self.assertIn("in the channel's form", target["error"]["message"])
        path = "/v1/posts/" + post["id"]
        problem = self.assert_problem(self.api.post(path + "/retry", {"now": True}), 409, "post_finished")
        self.assertIn("/duplicate", problem["detail"])
        self.assertEqual(self.api.post(path + "/duplicate").status, 201)


if __name__ == "__main__":
    harness.main()
