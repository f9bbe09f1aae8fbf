#!/usr/bin/env python3
"""Never silence: what waits says for what and until when, and what needs a person can be found."""

import harness
from harness import wait_until


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
        answer = api.post(f"/v1/posts/{post['id']}/targets/{target}/resolve", {"resolution": "abandoned"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(api.get("/v1/posts?attention=unknown").json()["data"], [])
        figures = api.figures()
        self.assertEqual((figures["openpost_posts_unknown"], figures["openpost_posts_failed_total"]), (0, 1))
        service.stop()
        self.assert_verified_and_replayed(service.data)


if __name__ == "__main__":
    harness.main()
