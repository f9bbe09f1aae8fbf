#!/usr/bin/env python3
"""kill -9 of the ledger, of the gateway and of the scheduler under 64 clients that write and keep journals of their own: posts, queues,
series, templates, approvals and settings, each client its own. After every kill: whatever was acknowledged is there as its last answer
showed it, and a request that is asked again gets its first answer, byte for byte. At the end: every acknowledged version is in the
log, no queue gave an instant away twice, no series made a post twice, and the views equal a rebuild; from which, too, requests get
their first answers.

OPENPOST_KILL_ROUNDS: how often the ledger is killed (3, and 20 for whoever has some minutes)."""

import collections
import json
import os
import random
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor, wait

import harness
from harness import Api, wait_until
from journals import DEEDS, SERIES_DEEDS, Client, Crew, far_days
from workspaces_test import created

ROUNDS = int(os.environ.get("OPENPOST_KILL_ROUNDS", "3"))
CLIENTS, TENANTS, SHARED = 64, 8, 4
EACH = 3  # commands of every client, by and large, on either side of a kill
RECENT, OLDER = 3, 2  # requests of each client that are asked again after a round: of that round, of those before
GRID_MS = 15 * 60 * 1000


def ms(instant):
    return round(harness.seconds_of(instant) * 1000)


class Kill(harness.Case):
    @classmethod
    def make_world(cls):
        cls.service = cls.world.serve()
        cls.api, cls.data = cls.service.api, cls.service.data
        cls.dice = random.Random(int(os.environ.get("OPENPOST_KILL_SEED", "64")))
        cls.pool = ThreadPoolExecutor(CLIENTS)
        cls.world.at_end(cls.pool.shutdown)
        cls.shared = list(cls.pool.map(lambda n: cls.account(cls.api, f"shared{n}.test"), range(SHARED)))
        cls.clients = list(cls.pool.map(cls.client, range(CLIENTS)))
        cls.figures, cls.rounds, cls.began = collections.Counter(), collections.Counter(), time.monotonic()

    @classmethod
    def account(cls, api, name):
        """With a queue that has so many slots that a year holds more than will be asked for."""
        account = api.connect(name)["id"]
        slots = [{"weekday": day, "time": f"{hour:02d}:00"} for day in far_days() for hour in range(24)]
        changed = api.request("PATCH", f"/v1/integrations/{account}/queue", {"slots": slots}, {"If-Match": "*"})
        assert changed.status == 200, changed
        return account

    @classmethod
    def client(cls, number):
        tenant = number < TENANTS
        key = created(cls.data, f"tenant-{number}")[1] if tenant else cls.data.key
        own = cls.account(Api(cls.service.port, key), f"own{number}.test")
        return Client(number, cls.service.port, key, own, own if tenant else cls.shared[number % SHARED], tenant)

    # One round.

    def child(self, name):
        try:
            found = harness.children(self.service.process.child.pid)
        except FileNotFoundError:
            return None  # one has just ended
        return next((pid for one, pid in found.items() if one.startswith(name)), None)

    def more(self, crew, count):
        goal = crew.acknowledged() + count
        wait_until(lambda: crew.acknowledged() >= goal, 120, f"{count} more acknowledged commands")

    def kill(self, name):
        pid = wait_until(lambda: self.child(name), 30, f"a {name}")
        self.figures["in flight"] += sum(client.flying for client in self.clients if name == "openpost-ledger")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.child(name) not in (None, pid), 60, f"another {name}")

    def play(self, name, clients=None, deeds=None):
        """The crew works, one process dies at some moment, the crew works on; then each judges what it has."""
        clients = clients or self.clients
        before = {client: len(client.journal) for client in clients}
        crew = Crew(self.pool, clients, deeds)
        try:
            self.more(crew, EACH * len(clients))
            time.sleep(self.dice.uniform(0, 0.5))  # a moment that no answer has chosen
            self.kill(name)
            self.more(crew, EACH * len(clients))
        finally:
            crew.go_home()
        self.note(name, [asked for client in clients for asked in client.journal[before[client]:]])
        asked = {client: (self.sample(client.journal[before[client]:], RECENT), self.sample(client.journal[:before[client]], OLDER))
                 for client in clients}
        self.judge(asked)
        self.figures["asked again"] += sum(len(recent) + len(older) for recent, older in asked.values())

    def judge(self, asked):
        judging = [self.pool.submit(client.judge, *more) for client, more in asked.items()]
        wait(judging)  # each has a connection of its own, which nobody else may use meanwhile
        for one in judging:
            one.result()

    def sample(self, journal, count):
        """Some of it, and first of all what the kill has hit, and what is in no event."""
        hit = [asked for asked in journal if asked.told_late or not asked.made_event][:count]
        return hit + self.dice.sample(journal, min(count - len(hit), len(journal)))

    def rebuilt(self):
        """How often the ledger has made the views anew: of three that die soon after their start the third is one too many."""
        return self.service.process.output().count("process=ledger what=rebuilt")

    def note(self, name, asked):
        self.rounds[name] += 1
        self.figures["acknowledged"] += len(asked)
        self.figures["unanswered at first"] += sum(one.lost for one in asked)
        self.figures["done before their answer was lost"] += sum(one.told_late and one.lost for one in asked)
        self.figures["likewise, and told by the gateway"] += sum(one.told_late and not one.lost for one in asked)

    def test_a_the_ledger_is_killed_under_all_clients(self):
        for _ in range(ROUNDS):
            self.play("openpost-ledger")
        # It dies while many wait for it, and not between them. How many of these hear of it, or are asked again by the gateway, depends on
        # how soon it is there again: the first time at once.
        self.assertGreater(self.figures["in flight"], ROUNDS * 8)
        self.assertEqual([name for name in self.deeds_left_out()], [])

    def deeds_left_out(self):
        """What the clients can do and nobody has done: what then was proved of it?"""
        done = sum((client.counts for client in self.clients), collections.Counter())
        return sorted(set(DEEDS) - set(done))

    def test_b_the_gateway_is_killed_under_all_clients(self):
        self.play("openpost-gw")

    def test_c_the_scheduler_is_killed_while_series_become_posts(self):
        clients = self.clients[::4]
        for _ in range(2):
            self.play("openpost-sched", clients, SERIES_DEEDS)
        for client in clients:
            self.wait_made(client)

    def wait_made(self, client):
        """Each date of its series that go on has its post."""
        api = Api(self.service.port, client.key)
        for thing in [one for one in client.things.values() if one.kind == "series" and one.body["status"] == "active"]:
            def made():
                page = api.get(thing.path + "/preview?limit=20").json()["data"]
                soon = time.time() + 59 * 86400
                return all(one["post_id"] for one in page if harness.seconds_of(one["publish_at"]) < soon)
            wait_until(made, 60, f"the posts of {thing.path}")

    # The end.

    def test_d_at_the_end_log_views_and_a_rebuild_say_what_was_acknowledged(self):
        self.service.stop()
        events = self.data.events()
        self.check_acknowledged(events)
        self.check_slots(events)
        self.check_series(events)
        self.assert_verified_and_replayed(self.data)
        shutil.rmtree(self.data.path / "views")  # and with them the keys of what changed nothing, which no event names
        self.service.start()
        for client in self.clients:
            client.touched.update(self.dice.sample(list(client.things.values()), min(20, len(client.things))))
        again = {client: (self.sample([asked for asked in client.journal if asked.made_event], RECENT), []) for client in self.clients}
        self.judge(again)
        self.service.stop()
        self.assert_verified_and_replayed(self.data)
        asked = sum(client.asks for client in self.clients)
        print(f"kills {dict(self.rounds)}, {self.rebuilt() - 1} rebuilds between, {asked} commands, {dict(self.figures)}, {sum(c.retries for c in self.clients)} retries, "
              f"{sum(c.refusals for c in self.clients)} refused as they must be, {len(events)} events, "
              f"{time.monotonic() - self.began:.0f} s", flush=True)

    def check_acknowledged(self, events):
        """Every version that an answer named stands in the log, made once."""
        made = collections.Counter((event["stream"], event["version"]) for event in events)
        self.assertEqual([one for one, count in made.items() if count > 1], [])
        for asked in [asked for client in self.clients for asked in client.journal if asked.first[0] != 204]:
            told = json.loads(asked.first[2])
            version = told["version"] - (1 if told["id"].startswith("que_") else 0)  # a queue's making is no event
            self.assertIn((told["id"], version), made, asked)

    def check_slots(self, events):
        """In the order of the log: an instant that a queue gives away is nobody else's on that account. A swap gives nothing
        away: it may bring a post to an instant of another account that is taken there, as a person's own choice may."""
        swaps = set().union(*(client.swaps for client in self.clients))
        accounts, due, holders, given = {}, {}, collections.defaultdict(set), 0
        for command in self.commands(events):
            by_swap = any((event["stream"], event["version"]) in swaps for event in command)
            dues = [(one["target_id"], ms(one["due_at"])) for event in command if event["type"] == "post_scheduled"
                    for one in event["data"]["targets"]]
            ended = [one["target_id"] for event in command if event["type"] == "targets_cancelled" for one in event["data"]["targets"]]
            for event in command:
                if event["type"] in ("post_created", "post_edited"):
                    accounts.update({one["target_id"]: one["integration_id"] for one in event["data"]["targets"]})
            before = {target: due.pop(target, None) for target in [target for target, _ in dues] + ended}
            for target, at in before.items():  # all are released before any is taken: a swap changes two
                holders[accounts[target], at].discard(target)
            for target, at in dues:
                due[target] = at
                there = holders[accounts[target], at]
                if at % GRID_MS == 0 and not by_swap and at != before[target]:  # else it stays where it is
                    self.assertEqual(there, set(), f"given to {target}, too, by {command[0]['command_id']}")
                    given += 1
                there.add(target)
        self.assertGreater(given, CLIENTS)

    def commands(self, events):
        """The events of one command after those of another."""
        group = []
        for event in events:
            if group and event["command_id"] != group[0]["command_id"]:
                yield group
                group = []
            group.append(event)
        yield group

    def check_series(self, events):
        """In the order of the log: no local time of a series has two posts at once that are to be sent."""
        series, alive = {}, {}
        for event in events:
            fields = event["data"]
            if event["type"] == "post_created" and fields.get("series_id"):
                place = fields["series_id"], fields["series_local"]
                self.assertNotIn(place, alive, "made twice")
                alive[place], series[fields["post_id"]] = fields["post_id"], place
            elif event["type"] in ("targets_cancelled", "instance_withdrawn") and fields["post_id"] in series:
                alive.pop(series[fields["post_id"]], None)
        self.assertGreater(len(series), 0)


if __name__ == "__main__":
    harness.main()
