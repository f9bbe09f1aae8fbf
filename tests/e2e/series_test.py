#!/usr/bin/env python3
"""Posts that repeat: a series written over HTTP becomes ordinary posts 60 days ahead, each once, whatever dies; it can be
changed, paused, resumed and ended, and what a person did to one of its posts stays."""

import datetime
import os
import signal
import time
import zoneinfo

import harness
from approvals_test import approve, set_policy
from described import Described
from harness import later, run, wait_until
from workspace_end_test import clock_ahead

DAY_S = 86400
UTC = datetime.timezone.utc
ANY = {"If-Match": "*"}


def today(days=0, zone="UTC"):
    return datetime.datetime.now(zoneinfo.ZoneInfo(zone)) + datetime.timedelta(days=days)


def local(instant, zone):
    return datetime.datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo(zone))


class Series(harness.Case):
    def setUp(self):
        super().setUp()
        self.service = self.world.serve()
        self.api = self.service.api
        self.api.witness = Described(self.api.get("/v1/openapi.json").json())
        self.account = self.api.connect("alice.test")

    def rule(self, **more):
        """Daily, some hours from now: none is about to lock, and today's is still to come or not at all."""
        at = today() + datetime.timedelta(hours=2)
        return {"frequency": "daily", "time": at.strftime("%H:%M"), "timezone": "UTC", "start": at.strftime("%Y-%m-%d"), **more}

    def body(self, text="every day", **rule):
        return {"rule": self.rule(**rule), "content": {"text": text}, "targets": [{"integration_id": self.account["id"]}]}

    def write(self, **rule):
        answer = self.api.post("/v1/series", self.body(**rule))
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def change(self, series, **patch):
        answer = self.api.request("PATCH", f"/v1/series/{series['id']}", patch, ANY)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def posts(self, series, *statuses):
        """Those that were made, by their local time."""
        found, cursor = [], ""
        while cursor is not None:
            page = self.api.get("/v1/posts?limit=200&order=publish_at" + "".join(f"&status={one}" for one in statuses) +
                                (f"&cursor={cursor}" if cursor else "")).json()
            found += [post for post in page["data"] if post["series_id"] == series["id"]]
            cursor = page["next_cursor"]
        return found

    def wait_posts(self, series, count, *statuses):
        statuses = statuses or ("scheduled",)
        wait_until(lambda: len(self.posts(series, *statuses)) == count, 60, f"{count} posts of the series are {statuses}")
        return self.posts(series, *statuses)

    def preview(self, series, limit=5):
        return self.api.get(f"/v1/series/{series['id']}/preview?limit={limit}").json()["data"]

    def assert_once(self, series):
        """No local time has two posts that are to be sent, or were."""
        times = [post["series_local"] for post in self.posts(series) if post["status"] != "cancelled"]
        self.assertEqual(len(times), len(set(times)))

    def test_a_daily_series_is_posts_sixty_days_ahead(self):
        series = self.write()
        self.assertEqual(series["status"], "active")
        posts = self.wait_posts(series, 60)
        first = datetime.datetime.strptime(posts[0]["series_local"], "%Y-%m-%dT%H:%M")
        for n, post in enumerate(posts):
            at = first + datetime.timedelta(days=n)
            self.assertEqual(post["series_local"], at.strftime("%Y-%m-%dT%H:%M"))
            self.assertEqual(post["publish_at"], at.strftime("%Y-%m-%dT%H:%M:00Z"))
            self.assertEqual((post["content"]["text"], post["author_id"]), ("every day", series["author_id"]))
        self.assertEqual(series["rule"]["time"], posts[0]["series_local"][11:])
        told = self.preview(series, 3)
        self.assertEqual([one["local"] for one in told], [post["series_local"] for post in posts[:3]])
        self.assertEqual([one["post_id"] for one in told], [post["id"] for post in posts[:3]])
        self.assertIsNone(self.preview(series, 61)[60]["post_id"], "sixty days ahead, no further")
        self.assertEqual(self.api.get(f"/v1/series/{series['id']}").json(), series, "making posts changes no series")
        self.service.stop()
        self.assert_verified_and_replayed(self.service.data)

    def test_what_it_says_is_checked(self):
        for rule, member in (({"frequency": "daily", "weekdays": ["monday"]}, "/rule/weekdays"), ({"interval": 0}, "/rule/interval"),
                             ({"time": "9:30"}, "/rule/time"), ({"time": "24:00"}, "/rule/time"), ({"month_day": 3}, "/rule/month_day"),
                             ({"frequency": "monthly", "month_day": 32}, "/rule/month_day"),
                             ({"frequency": "monthly", "month_week": "last"}, "/rule/weekdays"),
                             ({"until": "2000-01-01"}, "/rule/until"), ({"until": "2099-01-01", "count": 3}, "/rule/count"),
                             ({"count": 1001}, "/rule/count"), ({"count": 0}, "/rule/count"), ({"count": -1}, "/rule/count"),
                             ({"frequency": "monthly", "month_day": 0}, "/rule/month_day"), ({"month_day": 0}, "/rule/month_day")):
            answer = self.api.post("/v1/series", self.body(**rule))
            self.assert_problem(answer, 422, "field_invalid")
            self.assertEqual(answer.json()["param"], member, rule)
        self.assert_problem(self.api.post("/v1/series", self.body(timezone="Mars/Olympus")), 422, "timezone_unknown")
        self.assert_problem(self.api.post("/v1/series", {**self.body(), "targets": []}), 422, "target_missing")
        self.assert_problem(self.api.post("/v1/series", self.body(text=" ")), 422, "content_missing")
        self.assertEqual(self.api.get("/v1/series").json(), {"data": [], "next_cursor": None})

    def test_one_whose_times_are_all_over_is_refused(self):
        yesterday = (today() - datetime.timedelta(days=1)).strftime("%Y-%m-%d")
        over = [({"start": "2024-01-01", "until": yesterday}, "/rule/until"), ({"start": "2024-01-01", "count": 9}, "/rule/start"),
                ({"start": yesterday, "count": 1, "timezone": "Pacific/Kiritimati"}, "/rule/start")]
        for rule, member in over:
            problem = self.assert_problem(self.api.post("/v1/series", self.body(**rule)), 422, "timestamp_past")
            self.assertEqual((problem["param"], problem["detail"]), (member, "None of its times is still to come."), rule)
        series = self.write(start="2024-01-01")
        problem = self.assert_problem(self.api.request("PATCH", f"/v1/series/{series['id']}", {"rule": {"count": 9}}, ANY), 422, "timestamp_past")
        self.assertEqual(problem["param"], "/rule/start")
        self.change(series, labels=["weekly"])
        rest = (today() + datetime.timedelta(days=1, hours=2)).strftime("%Y-%m-%d")
        self.wait_posts(self.write(start=yesterday, until=rest), 2)

    def test_a_series_begins_within_what_a_post_may_be_scheduled_for(self):
        """Within 1,830 days; and not where the calendar ends, whatever the zone makes of its last minute."""
        series, day = self.write(start=harness.far()), datetime.timedelta(days=1)
        last, beyond = ((today() + n * day).strftime("%Y-%m-%d") for n in (1829, 1832))
        self.assertEqual(self.write(start=last)["rule"]["start"], last)
        self.assertEqual(self.write(start=last, until="9999-12-31")["status"], "active", "it is the beginning that counts")
        yesterday = (today() - day).strftime("%Y-%m-%d")
        for rule in ({"start": beyond}, {"start": "9999-12-31"}, {"start": "9999-12-31", "time": "23:59", "timezone": "Etc/GMT+12"},
                     {"start": "9999-12-31", "time": "23:59", "timezone": "America/New_York"},
                     {"start": yesterday, "frequency": "monthly", "interval": 366}):
            body = self.body(**rule)
            for answer in (self.api.post("/v1/series", body), self.api.request("PATCH", f"/v1/series/{series['id']}", {"rule": body["rule"]}, ANY)):
                problem = self.assert_problem(answer, 422, "timestamp_too_far")
                self.assertEqual((problem["param"], problem["detail"]), ("/rule/start", "The first of its times that is still to come is."), rule)
        self.assertEqual(self.api.get(f"/v1/series/{series['id']}").json(), series)

    def test_a_workspace_has_a_thousand_series_that_have_not_ended(self):
        """Those that begin far away: none makes a post now."""
        body = self.body(start=harness.far())
        for n in range(1000):
            answer = self.api.post("/v1/series", body)
            self.assertEqual(answer.status, 201, (n, answer))
        last = answer.json()
        problem = self.assert_problem(self.api.post("/v1/series", body), 409, "series_limit")
        self.assertEqual(problem["title"], "The workspace has 1,000 series that have not ended: end one.")
        self.assertEqual(self.api.post(f"/v1/series/{last['id']}/pause").status, 200)
        self.assert_problem(self.api.post("/v1/series", body), 409, "series_limit")
        self.assertEqual(self.api.post(f"/v1/series/{last['id']}/resume").status, 200, "what is there goes on")
        self.assertEqual(self.change(last, rule={"time": "10:00"})["rule"]["time"], "10:00")
        self.assertEqual(self.api.post(f"/v1/series/{last['id']}/end").status, 200)
        self.assertEqual(self.api.post("/v1/series", body).status, 201)

    def test_wall_clock_time_stays_when_clocks_change(self):
        zone = "America/New_York"
        series = self.write(timezone=zone, time="09:30", start=today(zone=zone).strftime("%Y-%m-%d"))
        told = self.preview(series, 200)
        self.assertEqual({local(one["publish_at"], zone).strftime("%H:%M") for one in told}, {"09:30"})
        self.assertEqual(len({one["publish_at"][10:] for one in told}), 2, "two hundred days have both offsets")
        self.assertEqual({one["publish_at_local"][-6:] for one in told}, {"-04:00", "-05:00"})
        eighth = datetime.date(today().year + 1, 3, 8)
        sunday = (eighth + datetime.timedelta(days=6 - eighth.weekday())).isoformat()  # the second one of March
        gap = self.write(timezone=zone, time="02:30", start=sunday, count=1, frequency="daily")
        self.assertEqual([(one["local"], one["publish_at_local"]) for one in self.preview(gap)],
                         [(sunday + "T02:30", sunday + "T03:00:00-04:00")])

    def test_an_edit_reaches_what_is_neither_locked_nor_touched_by_hand(self):
        series = self.write(count=6)
        posts = self.wait_posts(series, 6)
        edited, moved, cancelled, *others = posts
        patch = self.api.request("PATCH", f"/v1/posts/{edited['id']}", {"content": {"text": "by hand"}}, ANY)
        self.assertEqual(patch.status, 200, patch)
        self.assertEqual(self.api.post(f"/v1/posts/{moved['id']}/schedule", {"at": later(3 * DAY_S)}).status, 200)
        self.assertEqual(self.api.post(f"/v1/posts/{cancelled['id']}/cancel").status, 200)
        self.change(series, content={"text": "another text"}, labels=["weekly"])
        wait_until(lambda: all(self.api.read_post(post)["content"]["text"] == "another text" for post in others), 30, "they follow")
        told = [self.api.read_post(post) for post in posts]
        self.assertEqual([post["content"]["text"] for post in told], ["by hand", "every day", "every day"] + ["another text"] * 3)
        self.assertEqual([post["status"] for post in told], ["scheduled", "scheduled", "cancelled"] + ["scheduled"] * 3)
        self.assertEqual([post["publish_at"] for post in told[3:]], [post["publish_at"] for post in others], "at their instants")
        self.assertEqual(told[3]["labels"], ["weekly"])
        self.assert_once(series)
        self.assertEqual(len(self.posts(series)), 6)

    def test_who_approves_is_told_when_another_text_voids_what_was_approved(self):
        set_policy(self, self.api, "any_approver")
        series = self.write(count=2)
        first, second = self.wait_posts(series, 2)

        def told(post):
            return [one["kind"] for one in self.api.get("/v1/notifications?limit=200").json()["data"] if one["post_id"] == post["id"]]
        self.assertEqual(approve(self.api, first).status, 200)
        self.assertEqual((told(first), told(second)), (["approval.wanted"], ["approval.wanted"]))
        self.change(series, content={"text": "another"})
        wait_until(lambda: [post["content"]["text"] for post in self.posts(series)] == ["another"] * 2, 30, "rewritten")
        self.assertEqual(self.api.read_post(first)["approval"]["status"], "void")
        self.assertEqual((told(first), told(second)), (["approval.wanted"] * 2, ["approval.wanted"]))

    def test_another_rule_makes_its_posts_anew_and_leaves_what_a_person_did(self):
        series = self.write(count=6)
        edited, dropped, moved, *others = self.wait_posts(series, 6)
        self.api.request("PATCH", f"/v1/posts/{edited['id']}", {"labels": ["mine"]}, ANY)
        self.assertEqual(self.api.post(f"/v1/posts/{dropped['id']}/cancel").status, 200)
        at = later(50 * 3600)
        self.assertEqual(self.api.post(f"/v1/posts/{moved['id']}/schedule", {"at": at}).status, 200)
        first = edited["series_local"][11:]
        second = first[:3] + ("00" if first.endswith("59") else "59")  # of the same day, whatever the time is now
        by_hand = (edited["id"], moved["id"])
        for time_of_day, old in ((second, others), (first, None)):
            made = [] if old else self.posts(series, "scheduled")
            series = self.change(series, rule={"time": time_of_day})
            wait_until(lambda: [post["series_local"][11:] for post in self.posts(series, "scheduled") if post["id"] not in by_hand] ==
                       [time_of_day] * 3, 30, "three new ones, for the days that nobody has touched")
            taken_back = old or [post for post in made if post["id"] not in by_hand]
            self.assertEqual({self.api.read_post(post)["status"] for post in taken_back}, {"cancelled"})
            told = {one["local"][:10]: one for one in self.preview(series, 6)}
            for post, status in ((edited, "scheduled"), (dropped, "cancelled"), (moved, "scheduled")):
                one = told[post["series_local"][:10]]
                self.assertEqual((one["post_id"], one["status"]), (post["id"], status))
            self.assertEqual(told[moved["series_local"][:10]]["publish_at"], at, "of a post its own")
            self.assertEqual(len({post["series_local"][:10] for post in self.posts(series, "scheduled")}), 5, "a day has one")
        self.assert_once(series)

    def test_a_pause_takes_back_what_was_made_and_a_resume_makes_it_anew(self):
        series = self.write(count=4)
        posts = self.wait_posts(series, 4)
        self.assertEqual(self.api.post(f"/v1/series/{series['id']}/pause").json()["status"], "paused")
        self.wait_posts(series, 4, "cancelled")
        self.assertEqual(self.preview(series), [])
        self.assertEqual(self.api.post(f"/v1/series/{series['id']}/resume").json()["status"], "active")
        again = self.wait_posts(series, 4)
        self.assertEqual([post["series_local"] for post in again], [post["series_local"] for post in posts])
        self.assert_once(series)
        history = self.api.get(f"/v1/posts/{posts[0]['id']}/history").json()["data"]
        self.assertIn("Its series took it back.", [one["sentence"] for one in history])

    def test_an_end_takes_back_or_keeps_what_was_made(self):
        kept, dropped = self.write(count=3), self.write(count=3)
        self.wait_posts(kept, 3)
        self.wait_posts(dropped, 3)
        self.assertEqual(self.api.post(f"/v1/series/{kept['id']}/end", {"keep": True}).json()["status"], "ended")
        self.assertEqual(self.api.post(f"/v1/series/{dropped['id']}/end").json()["status"], "ended")
        self.wait_posts(dropped, 3, "cancelled")
        self.assertEqual(len(self.posts(kept, "scheduled")), 3)
        self.assert_problem(self.api.request("PATCH", f"/v1/series/{kept['id']}", {"labels": []}, ANY), 409, "series_ended")
        version = self.api.get(f"/v1/series/{kept['id']}").json()["version"]
        self.assertEqual(self.api.post(f"/v1/series/{kept['id']}/end", {"keep": True}).json()["version"], version, "it is so already")
        for series, body in ((kept, None), (dropped, {"keep": True})):  # what was kept is nobody's to take back by ending it once more, nor the other way round
            self.assert_problem(self.api.post(f"/v1/series/{series['id']}/end", body), 409, "series_ended")
        self.assert_problem(self.api.post(f"/v1/series/{kept['id']}/resume"), 409, "series_ended")
        again = self.write(count=3)
        self.wait_posts(again, 3)  # whoever makes posts has looked at both by now
        self.assertEqual((len(self.posts(kept, "scheduled")), len(self.posts(dropped, "cancelled"))), (3, 3))

    def test_a_full_plan_leaves_drafts_that_say_why(self):
        workspace = self.api.get("/v1/workspace").json()["slug"]
        plan = run("workspace", "plan", "--data", self.service.data.path, "--workspace", workspace, "--set", "free")
        self.assertEqual(plan.returncode, 0, plan.stderr)
        series = self.write(count=33)  # of which a plan for nothing lets thirty be scheduled, and asks for patience
        self.assertEqual(series["rule"]["count"], 33)

        def withheld():
            return [event["data"] for event in self.service.data.events() if event["type"] == "instance_withheld"]

        wait_until(lambda: len(withheld()) == 3, 60, "three are withheld")
        drafts = self.posts(series, "draft")
        self.assertEqual(len(self.posts(series, "scheduled")), 30)
        told = self.api.get("/v1/notifications?kind=post.withheld").json()["data"]
        self.assertEqual({(one["post_id"], one["code"], one["publish_at"]) for one in told},
                         {(post["id"], "plan_limit", next(one["at"] for one in withheld() if one["post_id"] == post["id"])) for post in drafts})
        history = self.api.get(f"/v1/posts/{drafts[0]['id']}/history").json()["data"]
        self.assertTrue(history[-1]["sentence"].startswith("Its series could not schedule it"), history[-1])
        self.assertEqual([(one["code"], one["local"]) for one in withheld()],
                         [("plan_limit", post["series_local"]) for post in sorted(drafts, key=lambda post: post["series_local"])])
        instants = {event["post_id"]: event["at"] for event in withheld()}
        first, second = drafts[0]["id"], drafts[1]["id"]
        self.assert_problem(self.api.post(f"/v1/posts/{first}/schedule", {"at": instants[first]}), 403, "plan_limit")
        self.assertEqual(self.api.post(f"/v1/posts/{self.posts(series, 'scheduled')[0]['id']}/cancel").status, 200)
        self.assertEqual(len(self.posts(series, "draft")), 3, "the room is for whoever takes it")
        self.assertEqual(self.api.post(f"/v1/posts/{second}/schedule", {"at": instants[second]}).json()["status"], "scheduled")
        self.assert_problem(self.api.post(f"/v1/posts/{first}/schedule", {"at": instants[first]}), 403, "plan_limit")


class Deaths(harness.Case):
    """kill -9 of scheduler and ledger while a series is made, changed and paused."""

    def test_each_is_made_once_whatever_dies(self):
        service = self.world.serve()
        api = service.api
        account = api.connect("alice.test")
        at = today() + datetime.timedelta(hours=2)
        body = {"rule": {"frequency": "daily", "time": at.strftime("%H:%M"), "timezone": "UTC", "start": at.strftime("%Y-%m-%d")},
                "content": {"text": "whatever dies"}, "targets": [{"integration_id": account["id"]}]}
        series = api.persist("POST", "/v1/series", body).json()
        path = f"/v1/series/{series['id']}"
        for name in ("sched", "ledger") * 3:
            alive = {one: pid for one, pid in harness.children(service.process.child.pid).items() if one.startswith("openpost-" + name)}
            for pid in alive.values():
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: any(one.startswith("openpost-" + name) and pid not in alive.values()
                                   for one, pid in harness.children(service.process.child.pid).items()), 30, f"another {name}")
        api.persist("PATCH", path, {"content": {"text": "changed"}}, **ANY)

        def posts():
            answer = api.get("/v1/posts?limit=200&order=publish_at&status=scheduled")
            return answer.json()["data"] if answer.status == 200 else []

        wait_until(lambda: len(found := posts()) == 60 and all(post["content"]["text"] == "changed" for post in found), 60, "all, changed")
        self.assertEqual(len({post["series_local"] for post in posts()}), 60)
        self.assertEqual(len(api.get("/v1/posts?limit=200").json()["data"]), 60, "and no others")
        service.stop()
        self.assert_verified_and_replayed(service.data)


class Absence(harness.Case):
    def begin(self, offset_s):
        return harness.Serve(self.world, self.data, name=f"serve-{int(offset_s)}").start(self.ahead(offset_s) if offset_s else None)

    def test_a_service_that_was_down_for_seventy_days_leaves_nothing_out(self):
        self.data = self.world.data()
        self.ahead = clock_ahead(self.data.path.parent)
        service = self.begin(0)
        account = service.api.connect("alice.test")
        at = today() + datetime.timedelta(hours=2)
        body = {"rule": {"frequency": "daily", "time": at.strftime("%H:%M"), "timezone": "UTC", "start": at.strftime("%Y-%m-%d")},
                "content": {"text": "every day"}, "targets": [{"integration_id": account["id"]}]}
        series = service.api.post("/v1/series", body).json()

        def posts(*statuses):
            found, cursor = [], ""
            while cursor is not None:
                page = service.api.get("/v1/posts?limit=200&order=publish_at" + "".join(f"&status={one}" for one in statuses) +
                                       (f"&cursor={cursor}" if cursor else "")).json()
                found, cursor = found + page["data"], page["next_cursor"]
            return found

        wait_until(lambda: len(posts("scheduled")) == 60, 60, "sixty days are made")
        service.stop()
        service = self.begin(70 * DAY_S)
        wait_until(lambda: len(posts("scheduled")) == 60 and len(posts()) == 130, 120, "of the ten days between, too")
        wait_until(lambda: len(posts("missed")) == 70, 120, "each of the seventy is missed, and says so")
        self.assertEqual(len({post["series_local"] for post in posts()}), 130)
        self.assertEqual({post["series_id"] for post in posts()}, {series["id"]})


class Approved(harness.Case):
    """A series' posts where somebody has to approve them: nobody was there who could have been refused, so what is made too near its
    instant, or behind it, is told of, and missed if nobody approves it."""

    def setUp(self):
        super().setUp()
        self.data = self.world.data()
        self.ahead = clock_ahead(self.data.path.parent)
        self.service = self.begin(0)
        self.account = self.service.api.connect("alice.test")
        set_policy(self, self.service.api, "any_approver")

    def begin(self, offset_s):
        self.service = harness.Serve(self.world, self.data, name=f"serve-{int(offset_s)}").start(self.ahead(offset_s) if offset_s else None)
        return self.service

    def write(self, text, at, **rule):
        answer = self.service.api.post("/v1/series", {
            "rule": {"time": at.strftime("%H:%M"), "timezone": "UTC", "start": at.strftime("%Y-%m-%d"), **rule},
            "content": {"text": text}, "targets": [{"integration_id": self.account["id"]}]})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def posts(self, series, *statuses):
        page = self.service.api.get("/v1/posts?limit=200&order=publish_at" + "".join(f"&status={one}" for one in statuses)).json()["data"]
        return [post for post in page if post["series_id"] == series["id"]]

    def told(self, post):
        """What members were told of it, the oldest first."""
        return [one["kind"] for one in reversed(self.service.api.get("/v1/notifications?limit=200").json()["data"])
                if one["post_id"] == post["id"]]

    def names(self, post):
        return [one["event"] for one in self.service.api.get(f"/v1/posts/{post['id']}/history?limit=200").json()["data"]]

    def assert_missed(self, post):
        done = self.service.api.wait_post(post, "missed")
        self.assertEqual([one["error"]["code"] for one in done["targets"]], ["approval_missing"])
        return done

    def test_what_is_made_in_its_last_five_minutes_is_asked_for_approved_at_once_or_missed(self):
        at = datetime.datetime.fromtimestamp((time.time() + 240) // 60 * 60, UTC)  # three to four minutes ahead
        made = [self.write(text, at, frequency="daily", count=1) for text in ("approved", "never approved")]
        given, never = ((wait_until(lambda: self.posts(one), 30, "made"))[0] for one in made)
        for post in (given, never):
            self.assertEqual((post["status"], post["approval"]["status"], post["publish_at"]),
                             ("scheduled", "wanted", at.strftime("%Y-%m-%dT%H:%M:00Z")))
            self.assertEqual(self.names(post), ["post_created", "post_scheduled", "approval_wanted"])
            self.assertEqual(self.told(post), ["approval.wanted"])
            edited = self.service.api.request("PATCH", f"/v1/posts/{post['id']}", {"labels": ["late"]}, ANY)
            self.assert_problem(edited, 409, "post_locked")
        answer = approve(self.service.api, given)
        self.assertEqual(answer.status, 200, answer)
        self.service.api.wait_post(given, "queued", within_s=10)
        self.assertEqual(self.service.api.read_post(never)["status"], "scheduled")
        self.service.stop()
        self.begin(at.timestamp() - time.time() + 2)
        self.assertEqual(self.service.api.wait_post(given, "published")["approval"]["status"], "given")
        self.assert_missed(never)
        self.assertEqual((self.told(given), self.told(never)), (["approval.wanted", "post.published"], ["approval.wanted", "post.missed"]))
        self.assertEqual(self.service.sandbox.texts(), ["approved"])
        self.service.stop()
        self.assert_verified_and_replayed(self.data)

    def test_what_is_made_behind_its_instant_is_missed_and_nobody_is_asked_for_what_they_cannot_give(self):
        """Ten weeks without the service: nine posts were asked for before, and of the tenth nobody knew."""
        series = self.write("every week", today() + datetime.timedelta(hours=2), frequency="weekly")
        before = wait_until(lambda: len(found := self.posts(series)) == 9 and found, 60, "sixty days are made")
        self.service.stop()
        self.begin(70 * DAY_S)
        wait_until(lambda: len(self.posts(series, "missed")) == 10, 60, "each is missed")
        *asked, unasked = self.posts(series, "missed")
        self.assertEqual([post["id"] for post in asked], [post["id"] for post in before])
        for post in asked:
            self.assertEqual(self.told(post), ["approval.wanted", "post.missed"])
        self.assertEqual(self.told(unasked), ["post.missed"])
        self.assertEqual(self.names(unasked), ["post_created", "post_scheduled", "targets_missed", "post_finished"])
        for post in (*asked, unasked):
            self.assert_missed(post)
        wait_until(lambda: self.posts(series, "scheduled"), 60, "it goes on")
        self.assertEqual({self.told(post)[0] for post in self.posts(series, "scheduled")}, {"approval.wanted"})
        self.service.stop()
        self.assert_verified_and_replayed(self.data)


if __name__ == "__main__":
    harness.main()
