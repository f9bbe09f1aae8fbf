"""Clients that keep a journal, for kill_ledger_test.py. Whatever one asks, it asks until it is answered, under the same Idempotency-Key
each time, and it has things of its own that nobody else changes: so what was acknowledged is what must be found, whatever died in between.

What is due is days ahead, so that nothing locks by itself meanwhile; a queue's slots stand at full and half hours of their zones, whatever
else is given an instant does not: an instant on the quarter of an hour was given away by a queue."""

import collections
import datetime
import http.client
import json
import random
import threading
import time
import zoneinfo
from concurrent.futures import wait

from harness import Answer, later

DAY_S = 86400
WITHIN_S = 120  # a rebuild, or a supervisor that waits before it starts anew, and then a sanitizer's pace
PASSING = ("unavailable", "views_rebuilding", "idempotency_in_flight", "too_many_connections")
KEPT = ("Content-Type", "ETag", "Location")
ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
OVER = ("cancelled", "published", "failed", "missed")


def far_days():
    """Days of the week that are neither today nor tomorrow nor yesterday, in any zone: their next slot is days ahead."""
    today = datetime.datetime.now(datetime.timezone.utc).weekday()
    return [WEEK[(today + n) % 7] for n in (2, 3, 4, 5)]


def local(instant, zone):
    at = datetime.datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo(zone))
    return at.isoformat(timespec="milliseconds" if "." in instant else "seconds")


class Asked:
    """A request that was acknowledged, and its first answer."""

    def __init__(self, key, method, path, body, match):
        self.key, self.method, self.path, self.match = key, method, path, match
        self.body = None if body is None else json.dumps(body).encode()
        self.first, self.made_event = None, True
        self.lost = False  # it was not answered at first
        self.told_late = False  # what had been done before; not lost: the gateway asked the ledger again by itself

    def __repr__(self):
        return f"{self.method} {self.path} {self.key} {self.match} {self.body}"


class Thing:
    """Something that one client alone changes: what its last acknowledgement said, by which it is known again."""

    def __init__(self, kind, path):
        self.kind, self.path, self.gone = kind, path, False
        self.body = self.tag = self.zone = None
        self.epoch = 0  # of the workspace's settings that it was last shown under


def kept(answer):
    return answer.status, {name: answer.headers[name] for name in KEPT}, answer.body


class Client:
    """own, shared: accounts; what is scheduled to the first nobody else schedules. tenant: the workspace is its own, too."""

    def __init__(self, number, port, key, own, shared, tenant):
        self.number, self.key, self.own, self.shared, self.tenant = number, key, own, shared, tenant
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(f"127.0.5.{number + 1}", 0))
        self.dice = random.Random(number)
        self.journal, self.things, self.touched, self.sent = [], {}, set(), {}
        self.flying, self.asks, self.retries, self.refusals = False, 0, 0, 0
        self.counts, self.swaps = collections.Counter(), set()
        self.policy, self.zone, self.epoch = "none", "UTC", 0
        self.account, self.queue = f"/v1/integrations/{own}", f"/v1/integrations/{own}/queue"
        for kind, path in (("queue", self.queue), ("account", self.account), ("workspace", "/v1/workspace")):
            if kind != "workspace" or tenant:
                self.keep(kind, path, self.get(path))
        if number < 4 and tenant:
            self.set({"approval_policy": "any_approver"})

    # One request.

    def send(self, method, path, body, headers):
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return None

    def persist(self, asked, more):
        """Until it is answered: the answer. Counts what was not."""
        headers = {"Authorization": f"Bearer {self.key}", **more}
        if asked.match:
            headers["If-Match"] = asked.match
        if asked.body is not None:
            headers["Content-Type"] = "application/json"
        until = time.monotonic() + WITHIN_S
        while True:
            self.flying = True
            answer = self.send(asked.method, asked.path, asked.body, headers)
            self.flying = False
            if answer is not None and (answer.status not in (409, 503) or answer.json()["code"] not in PASSING):
                return answer
            assert time.monotonic() < until, f"after {WITHIN_S} s: not answered: {asked}: {answer}"
            asked.lost = True
            self.retries += 1
            time.sleep(0.05)

    def get(self, path):
        return self.persist(Asked(None, "GET", path, None, None), {})

    def ask(self, method, path, body=None, match=None):
        self.asks += 1
        asked = Asked(f"{self.number}-{self.asks}", method, path, body, match)
        answer = self.persist(asked, {"Idempotency-Key": asked.key})
        asked.told_late = answer.headers["Idempotent-Replayed"] == "true"
        if answer.status < 300:
            asked.first = kept(answer)
            known = self.things.get("/".join(path.split("/")[:4]))
            asked.made_event = known is None or answer.headers["ETag"] != known.tag
            self.journal.append(asked)
        return answer

    def done(self, method, path, body=None, match=None):
        answer = self.ask(method, path, body, match)
        assert answer.status < 300, (self.number, method, path, body, match, answer)
        return answer

    def again(self, asked):
        """Asks once more what was acknowledged: it gets the first answer, byte for byte."""
        answer = self.persist(asked, {"Idempotency-Key": asked.key})
        assert answer.headers["Idempotent-Replayed"] == "true", (asked, answer)
        assert kept(answer) == asked.first, f"not the first answer to {asked}:\n{kept(answer)}\n{asked.first}"

    # What it has.

    def keep(self, kind, path, answer, zone=None):
        thing = self.things.get(path) or Thing(kind, path)
        thing.body, thing.tag, thing.epoch = answer.json(), answer.headers["ETag"], self.epoch
        thing.zone = zone or thing.zone
        assert thing.tag == f'"{thing.body["version"]}"', answer
        self.things[path] = thing
        self.touched.add(thing)
        return thing.body

    def lose(self, thing):
        thing.gone = True
        self.touched.add(thing)

    def some(self, kind, accepts=lambda body: True):
        found = [one for one in self.things.values() if one.kind == kind and not one.gone and accepts(one.body)]
        return self.dice.choice(found[-40:]) if found else None

    def held(self):
        """What holds what is scheduled to its account: the first of three that are paused."""
        paused = [(self.tenant and self.things["/v1/workspace"].body["paused"], "workspace_paused"),
                  (self.things[self.account].body["status"] == "paused", "paused"), (self.things[self.queue].body["paused"], "queue_paused")]
        return next((word for is_so, word in paused if is_so), None)

    def expected(self, thing, found):
        """What is there now: the last answer, but for what a post shows of its workspace and its account's queue."""
        body = json.loads(json.dumps(thing.body))
        if thing.kind == "queue":
            body["clock"] = body["timezone"] or self.zone
        if thing.kind != "post":
            return body
        zone = thing.zone or self.zone
        for one in (body, *body["targets"]):
            one["timezone"] = zone
            one["publish_at_local"] = one["publish_at"] and local(one["publish_at"], zone)
        if thing.epoch != self.epoch:  # a policy has come or gone, and with it when it is missed
            assert found["approval"]["policy"] == self.policy, (thing.path, found)
            body["approval"] = found["approval"]
            for target, shown in zip(body["targets"], found["targets"]):
                target["missed_at"] = shown["missed_at"]
        held = "approval" if body["approval"]["status"] in ("wanted", "void") else self.held()
        for target in body["targets"]:
            if target["status"] == "pending" and body["status"] == "scheduled" and target["integration_id"] == self.own:
                told = (held, held, None) if held else (None, "schedule", target["publish_at"])
                target["held"], target["waits_for"], target["waits_until"] = told
        return body

    def check(self, thing):
        answer = self.get(thing.path)
        if thing.gone:
            assert answer.status == 404, (thing.path, answer)
            return
        found = answer.json()
        wanted = self.expected(thing, found)
        assert (found, answer.headers["ETag"]) == (wanted, thing.tag), f"not what was acknowledged of {thing.path}:\n{found}\n{wanted}"

    def check_sent(self, path, text):
        """What was due at once goes out by itself: it is there, on its way."""
        post = self.get(path).json()
        assert post["content"]["text"] == text, (path, post)
        assert post["status"] in ("scheduled", "queued", "publishing", "published"), (path, post)

    def judge(self, recent, older):
        """Everything that was touched since the last time is as acknowledged, some requests of the last round and of
        earlier ones get their first answer."""
        for thing in self.touched:
            self.check(thing)
        self.touched.clear()
        for path, text in self.sent.items():
            self.check_sent(path, text)
        for asked in recent + older:
            self.again(asked)

    # What it does.

    def work(self, stop, deeds):
        names, weights = zip(*deeds.items())
        while not stop.is_set():
            new = [name for name in names if not self.counts[name]]
            name = self.dice.choice(new) if new and self.dice.random() < 0.5 else self.dice.choices(names, weights)[0]
            if getattr(self, name)() is not None:
                self.counts[name] += 1

    def text(self):
        return f"{self.number} {self.asks} " + " ".join(self.dice.choices(("plain", "Grüße", "\U0001F680", "news", "tomorrow"), k=4))

    def day(self):
        """A date some days ahead."""
        return (datetime.date.today() + datetime.timedelta(days=self.dice.randrange(4, 200))).isoformat()

    def instant(self):
        """Days ahead, and on no full second."""
        return later(self.dice.randrange(4 * DAY_S, 300 * DAY_S))[:-4] + f"{self.dice.randrange(1, 999):03d}Z"

    def schedule(self):
        return {"next_slot": True} if self.dice.random() < 0.6 else {"at": self.instant()}

    def targets(self):
        accounts = list(dict.fromkeys(self.dice.choice(([self.own], [self.shared], [self.own, self.shared]))))
        return [{"integration_id": one} for one in accounts]

    def keep_post(self, answer, **said):
        """Keeps the post of an answer, which says what was asked for."""
        post = answer.json()
        assert {name: post[name] for name in said if name != "text"} == {name: said[name] for name in said if name != "text"}, (said, answer)
        assert said.get("text") in (None, post["content"]["text"]), (said, answer)
        return self.keep("post", f"/v1/posts/{post['id']}", answer)

    def create(self):
        text, labels, zone = self.text(), [f"client-{self.number}"], self.dice.choice([None, *ZONES])
        body = {"content": {"text": text}, "labels": labels, "metadata": {"n": str(self.asks)}, "targets": self.targets()}
        if zone:
            body["timezone"] = zone
        if self.dice.random() < 0.75:
            body["schedule"] = self.schedule()
        answer = self.done("POST", "/v1/posts", body)
        post = self.keep_post(answer, text=text, labels=labels, metadata=body["metadata"], status="scheduled" if "schedule" in body else "draft")
        self.things[f"/v1/posts/{post['id']}"].zone = zone
        if "at" in body.get("schedule", {}):
            assert post["publish_at"] == body["schedule"]["at"], (body, answer)
        return answer

    def send_now(self):
        if self.tenant:  # a policy that is switched on before it locks would keep it
            return None
        text = self.text()
        answer = self.done("POST", "/v1/posts", {"content": {"text": text}, "targets": [{"integration_id": self.own}], "schedule": {"now": True}})
        self.sent[f"/v1/posts/{answer.json()['id']}"] = text
        return answer

    def open_post(self, *statuses):
        return self.some("post", lambda body: body["status"] in (statuses or ("draft", "scheduled")))

    def edit(self):
        thing = self.open_post()
        if not thing:
            return None
        text, labels = self.text(), [f"client-{self.number}", f"label-{self.dice.randrange(9)}"]
        patch, said = self.dice.choice([({"content": {"text": text}}, {"text": text}), ({"labels": labels}, {"labels": labels}),
                                        ({"metadata": {"edited": text}}, {"metadata": {**thing.body["metadata"], "edited": text}})])
        answer = self.done("PATCH", thing.path, patch, thing.tag)
        self.keep_post(answer, **said)
        return answer

    def edit_stale(self):
        thing = self.open_post()
        if not thing or thing.body["version"] < 2:
            return None
        answer = self.ask("PATCH", thing.path, {"content": {"text": "stale"}}, f'"{thing.body["version"] - 1}"')
        assert answer.status == 412, (thing.path, answer)
        self.refusals += 1
        return answer

    def move(self):
        thing = self.open_post()
        if not thing:
            return None
        body = self.schedule()
        answer = self.done("POST", thing.path + "/schedule", body, self.dice.choice([None, thing.tag]))
        self.keep_post(answer, status="scheduled", **({"publish_at": body["at"]} if "at" in body else {}))
        return answer

    def cancel(self):
        thing = self.open_post("scheduled")
        if not thing:
            return None
        target = self.dice.choice([None, *[one for one in thing.body["targets"] if one["status"] == "pending"]])
        answer = self.done("POST", thing.path + (f"/targets/{target['id']}" if target else "") + "/cancel")
        self.keep_post(answer, **({} if target else {"status": "cancelled"}))
        return answer

    def delete(self):
        thing = self.open_post("draft")
        if not thing:
            return None
        answer = self.done("DELETE", thing.path, match=thing.tag)
        self.lose(thing)
        return answer

    def duplicate(self):
        thing = self.some("post")
        if not thing:
            return None
        answer = self.done("POST", thing.path + "/duplicate")
        post = self.keep_post(answer, text=thing.body["content"]["text"], duplicate_of=thing.body["id"], status="draft")
        self.things[f"/v1/posts/{post['id']}"].zone = thing.zone
        return answer

    def swap(self):
        one, two = self.open_post("scheduled"), self.open_post("scheduled")
        if not one or one is two:
            return None
        mine, theirs = ([t for t in thing.body["targets"] if t["status"] == "pending"][0] for thing in (one, two))
        if mine["publish_at"] == theirs["publish_at"]:
            return None  # it would change nothing
        answer = self.done("POST", f"{one.path}/targets/{mine['id']}/swap", {"post_id": two.body["id"], "target_id": theirs["id"]})
        self.keep_post(answer)
        other = self.get(two.path)
        instants = [next(t["publish_at"] for t in said.json()["targets"] if t["id"] == target["id"]) for said, target in
                    ((answer, mine), (other, theirs))]
        assert instants == [theirs["publish_at"], mine["publish_at"]], (answer, other)
        assert other.json()["updated_at"] == answer.json()["updated_at"] and other.json()["version"] > two.body["version"], other
        self.keep_post(other, text=two.body["content"]["text"], labels=two.body["labels"], status="scheduled")
        self.swaps.add((one.body["id"], one.body["version"]))
        return answer

    def approve(self):
        thing = self.open_post("scheduled")
        if not thing or self.policy == "none":
            return None
        shown = self.get(thing.path)
        if shown.json()["approval"]["status"] not in ("wanted", "void"):
            return None
        answer = self.done("POST", thing.path + "/approve", {"content_sha256": shown.json()["approval"]["content_sha256"]})
        assert self.keep_post(answer)["approval"]["status"] == "given", answer
        return answer

    def change_queue(self):
        thing = self.some("queue")
        slots = [{"weekday": day, "time": f"{hour:02d}:{self.dice.choice(('00', '30'))}"} for day in far_days()
                 for hour in self.dice.sample(range(24), 3)]
        answer = self.done("PATCH", thing.path, {"slots": slots, "timezone": self.dice.choice([None, *ZONES])}, thing.tag)
        found = self.keep("queue", thing.path, answer)["slots"]
        assert sorted((s["weekday"], s["time"]) for s in found) == sorted((s["weekday"], s["time"]) for s in slots), answer
        return answer

    def pause(self):
        """Or resume: the queue, its account, or the workspace where it is the client's own."""
        def is_paused():
            return thing.body["status"] == "paused" if thing.kind == "account" else thing.body["paused"]
        thing = self.things[self.dice.choice([self.queue, self.account, *(["/v1/workspace"] if self.tenant else [])])]
        before = is_paused()
        answer = self.done("POST", thing.path + ("/resume" if before else "/pause"))
        self.keep(thing.kind, thing.path, answer)
        assert is_paused() != before, answer
        return answer

    def has_many(self, kind):
        """As many as leave every client room in a workspace of a thousand."""
        return sum(one.kind == kind and not one.gone and one.body.get("status") != "ended" for one in self.things.values()) >= 12

    def create_series(self):
        if self.has_many("series"):
            return self.change_series("end")
        rule = {"frequency": self.dice.choice(("daily", "weekly")), "time": f"{self.dice.randrange(24):02d}:17", "start": self.day(),
                "timezone": self.dice.choice(ZONES), "count": self.dice.randrange(2, 6)}
        answer = self.done("POST", "/v1/series", {"rule": rule, "content": {"text": self.text()}, "targets": [{"integration_id": self.own}]})
        series = self.keep("series", f"/v1/series/{answer.json()['id']}", answer)
        assert {name: series["rule"][name] for name in rule} == rule, answer
        return answer

    def change_series(self, deed=None):
        thing = self.some("series", lambda body: body["status"] != "ended")
        if not thing:
            return None
        deed, text = deed or self.dice.choice(("rule", "content", "content", "pause", "end")), self.text()
        if deed == "rule":
            answer = self.done("PATCH", thing.path, {"rule": {"time": f"{self.dice.randrange(24):02d}:17"}}, thing.tag)
        elif deed == "content":
            answer = self.done("PATCH", thing.path, {"content": {"text": text}}, thing.tag)
            assert answer.json()["content"]["text"] == text, answer
        elif deed == "end":
            answer = self.done("POST", thing.path + "/end", {"keep": self.dice.random() < 0.5})
            assert answer.json()["status"] == "ended", answer
        else:
            paused = thing.body["status"] == "paused"
            answer = self.done("POST", thing.path + ("/resume" if paused else "/pause"))
            assert answer.json()["status"] == ("active" if paused else "paused"), answer
        self.keep("series", thing.path, answer)
        return answer

    def create_template(self):
        if self.has_many("template"):
            return self.change_template()
        body = {"name": self.text(), "content": {"text": "{{who}} says {{what}}"}, "targets": [{"integration_id": self.own}],
                "placeholders": [{"name": "who", "default": "somebody"}, {"name": "what"}], "labels": [f"client-{self.number}"]}
        answer = self.done("POST", "/v1/templates", body)
        template = self.keep("template", f"/v1/templates/{answer.json()['id']}", answer)
        assert template["name"] == body["name"], answer
        return answer

    def change_template(self):
        thing = self.some("template")
        if not thing:
            return None
        if self.dice.random() < 0.2:
            answer = self.done("DELETE", thing.path, match=thing.tag)
            self.lose(thing)
            return answer
        name = self.text()
        answer = self.done("PATCH", thing.path, {"name": name}, thing.tag)
        assert self.keep("template", thing.path, answer)["name"] == name, answer
        return answer

    def instantiate(self):
        thing = self.some("template")
        if not thing:
            return None
        what = self.text()
        body = {"values": {"what": what}, **({"schedule": self.schedule()} if self.dice.random() < 0.5 else {})}
        answer = self.done("POST", thing.path + "/instantiate", body)
        self.keep_post(answer, text="somebody says " + what, template_id=thing.body["id"], blanks=[])
        return answer

    def change_workspace(self):
        if not self.tenant:
            return None
        return self.set(self.dice.choice([{"approval_policy": "any_approver" if self.policy == "none" else "none"},
                                          {"timezone": self.dice.choice(ZONES)}, {"name": self.text()[:40]}]))

    def set(self, patch):
        thing = self.things["/v1/workspace"]
        answer = self.done("PATCH", thing.path, patch, thing.tag)
        found = self.keep("workspace", thing.path, answer)
        assert {name: found[name] for name in patch} == patch, answer
        self.policy, self.zone, self.epoch = found["approval_policy"], found["timezone"], self.epoch + 1
        return answer


DEEDS = {"create": 26, "send_now": 1, "edit": 14, "edit_stale": 2, "move": 10, "cancel": 7, "delete": 3, "duplicate": 3, "swap": 5,
         "approve": 8, "change_queue": 2, "pause": 3, "create_series": 2, "change_series": 5, "create_template": 2,
         "change_template": 3, "instantiate": 4, "change_workspace": 3}
SERIES_DEEDS = {"create_series": 3, "change_series": 5}


class Crew:
    """Clients that work at once until they are told to stop."""

    def __init__(self, pool, clients, deeds=None):
        self.stop = threading.Event()
        self.clients = clients
        self.at_work = [pool.submit(client.work, self.stop, deeds or DEEDS) for client in clients]

    def acknowledged(self):
        """How much of all; fails as soon as one of them has."""
        for one in self.at_work:
            if one.done():
                one.result()
        return sum(len(client.journal) for client in self.clients)

    def go_home(self):
        self.stop.set()
        wait(self.at_work)
        for one in self.at_work:
            one.result()
