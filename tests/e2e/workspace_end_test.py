#!/usr/bin/env python3
"""The end of a workspace: after seven days' pause its owner deletes it, and from then on nobody enters, nothing is sent, nothing is
billed, and the vault has no row of its credentials and no key that opens what LMDB left of them. Days pass by a wall clock that is ahead
(later.c), between a stop and a start."""

import http.client
import json
import os
import signal
import subprocess
import time

import harness
from frames import uuid_of
from harness import ROOT, Api, Parts, later, run, stored_bytes, wait_until
from lmdb_file import LmdbFile
from sign_in_test import Browser, person
from workspaces_test import created

DAY_S, MINUTE_S = 86400, 60
ANY = {"If-Match": "*"}


def clock_ahead(folder):
    """What makes a process's wall clock be ahead: a function from seconds to its environment."""
    library = folder / "later.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", library, ROOT / "tests/e2e/later.c", "-ldl"], check=True,
                   timeout=60)
    asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    return lambda seconds: {"LD_PRELOAD": str(library), "OPENPOST_LATER_S": str(int(seconds)), "ASAN_OPTIONS": asan}


class End(harness.Case):
    def setUp(self):
        super().setUp()
        self.data = self.world.data()
        self.ahead = clock_ahead(self.data.path.parent)
        self.workspace_id, self.key = created(self.data, "brief")
        self.ids = {"ada": person(self.data, "ada", "--workspace", "brief", "--role", "admin")}
        self.offset_s = 0

    def begin(self, offset_s):
        self.offset_s = offset_s
        service = harness.Serve(self.world, self.data, name=f"serve-{int(offset_s)}").start(self.ahead(offset_s) if offset_s else None)
        self.api, self.main = Api(service.port, self.key), service.api
        return service

    def end_workspace(self):
        return self.api.request("DELETE", "/v1/workspace", headers=ANY)

    def is_kept(self, secret):
        """Whether the vault has a row of it, as its file stands."""
        with open(self.data.path / "vault/data.mdb", "rb") as file:
            vault = LmdbFile(file)
            return any(uuid_of(secret) in row.key for row in vault.rows(vault.main))

    def own_key(self, secret):
        """The key that is the secret's alone, as its slot has it; None: it has no slot, any more."""
        slots = (self.data.path / "vault/account.keys").read_bytes()
        for at in range(0, len(slots), 64):
            if uuid_of(secret) in slots[at:at + 17]:
                return slots[at + 32:at + 64]
        return None

    def left_of(self, data):
        """The files in which the bytes lie, whether anything names them or not: LMDB leaves old pages as they were."""
        return [str(path.relative_to(self.data.path)) for path in self.data.path.rglob("*") if path.is_file() and data in stored_bytes(path)]

    def ended(self, kind):
        return [event for event in self.data.events() if event["type"] == kind]

    def test_after_seven_days_pause_nothing_of_it_is_left_but_the_log(self):
        service = self.begin(0)
        self.assertEqual(run("workspace", "plan", "--data", self.data.path, "--workspace", "brief", "--set", "team").returncode, 0)
        account, neighbour = self.api.connect("alice.test"), self.main.connect("bob.test")
        posts = {name: self.api.publish(name, account, schedule={"at": later(days * DAY_S)})
                 for name, days in (("during", 2), ("after", 30), ("long after", 60))}
        draft = self.api.post("/v1/posts", {"content": {"text": "a draft"}}).json()
        kept = self.main.publish("a neighbour's", neighbour, schedule={"at": later(30 * DAY_S)})
        self.assertTrue(self.api.post("/v1/workspace/pause", {"reason": "it ends"}).json()["paused"])
        self.assert_problem(self.end_workspace(), 409, "workspace_not_paused")
        wait_until(lambda: "workspace_paused" in self.main.get("/readyz").body.decode(), 10, "told: one is paused")
        service.stop()

        service = self.begin(7 * DAY_S - 10 * MINUTE_S)  # it takes some seconds until it is asked
        self.assert_problem(self.end_workspace(), 409, "workspace_not_paused")
        self.assertEqual(self.api.wait_post(posts["during"], "missed")["status"], "missed")
        self.assertEqual(self.api.read_post(posts["after"])["status"], "scheduled")
        service.stop()

        service = self.begin(7 * DAY_S + MINUTE_S)
        ada = Browser(service.port)
        self.assertEqual(ada.sign_in("ada").status, 201)
        self.assertEqual(ada.ask("GET", "/v1/posts").status, 200)
        streams = [http.client.HTTPConnection("127.0.0.1", service.port, timeout=20) for _ in range(2)]
        for stream, headers in zip(streams, ({"Authorization": f"Bearer {self.key}"}, {"Cookie": f"openpost={ada.cookie}"})):
            stream.request("GET", "/v1/events/stream", headers=headers)
            stream.answer = stream.getresponse()
            self.assertEqual(stream.answer.status, 200)
        (secret,) = [event["data"]["vault_id"] for event in self.ended("integration_connected")
                     if event["workspace_id"] == self.workspace_id]
        self.assertTrue(self.is_kept(secret))
        key = self.own_key(secret)
        self.assertEqual(self.left_of(key), ["vault/account.keys"])
        self.assertEqual(self.end_workspace().status, 204)

        began = time.monotonic()
        for stream in streams:
            stream.answer.read()
            stream.close()
        self.assertLess(time.monotonic() - began, 1.5)
        self.assert_problem(self.api.get("/v1/posts"), 401, "unauthenticated")
        self.assertEqual(ada.ask("GET", "/v1/session").json()["workspaces"], [])
        self.assert_problem(ada.ask("GET", "/v1/posts"), 422, "workspace_required")
        self.assert_problem(ada.ask("GET", "/v1/posts", OpenPost_Workspace=self.workspace_id), 404, "not_found")
        wait_until(lambda: len(self.ended("post_finished")) == 3, 20, "missed: what was scheduled")
        missed = {event["data"]["post_id"]: event["data"]["code"] for event in self.ended("targets_missed")}
        self.assertEqual(missed, {posts["during"]["id"]: "workspace_was_paused", posts["after"]["id"]: "workspace_deleted",
                                  posts["long after"]["id"]: "workspace_deleted"})
        self.assertNotIn(draft["id"], missed)
        wait_until(lambda: not self.is_kept(secret), 20, "destroyed: the credentials")
        self.assertEqual((self.own_key(secret), self.left_of(key)), (None, []))  # whoever finds the sealed bytes cannot open them
        self.assertEqual(self.main.read_post(kept)["status"], "scheduled")
        wait_until(lambda: self.main.get("/readyz").json() == {"status": "ready", "degraded": []}, 10, "told: none is paused")
        taken = run("workspace", "create", "--data", self.data.path, "--slug", "brief", "--name", "Brief again")
        self.assertEqual((taken.returncode, "name in addresses" in taken.stderr), (1, True), taken)  # an old address leads to nobody else
        for command in (("key", "make", "--name", "x", "--role", "viewer"), ("workspace", "plan", "--set", "free")):
            self.assertEqual(run(*command, "--data", self.data.path, "--workspace", "brief").returncode, 1, command)
        service.stop()

        service = self.begin(100 * DAY_S)  # three periods later
        self.main.wait_post(kept, "missed")
        self.assertEqual(service.sandbox.creates(), 0)
        self.assert_problem(self.api.get("/v1/posts"), 401, "unauthenticated")
        service.stop()
        (bill,), (deleted,) = self.ended("billing_due"), self.ended("workspace_deleted")
        self.assertEqual((bill["workspace_id"], bill["data"]["plan"], bill["data"]["next_end_at"]), (self.workspace_id, "team", None))
        self.assertEqual((bill["data"]["period_end_at"], bill["command_id"]), (bill["time"], deleted["command_id"]))
        self.assert_verified_and_replayed(self.data)

    def test_two_schedulers_that_ask_at_the_same_time_close_each_period_once(self):
        """The ledger stands still while the periods end, so that both schedulers have asked before either is answered."""
        sandbox = self.world.sandbox()
        ends = [self.planned(slug) for slug in ("main", "brief")]
        parts = Parts(self.world, self.data, [sandbox.api.port], service=sandbox.url)
        parts.add("second", "scheduler", *parts.scheduler_arguments())
        ahead_s = max(ends) - time.time() - 25  # the processes are up by then
        for name in (*Parts.ORDER, "second"):
            parts[name].start(self.ahead(ahead_s))
        self.assertLess(time.time() + ahead_s, min(ends) - 2)
        wait_until(lambda: time.time() + ahead_s > min(ends) - 1, 40, "the end of the periods")
        before = parts.api.figures()["openpost_ledger_commands_total"]
        parts["ledger"].signal(signal.SIGSTOP)
        wait_until(lambda: time.time() + ahead_s > max(ends) + 3, 40, "a turn of both schedulers after it")
        parts["ledger"].signal(signal.SIGCONT)
        wait_until(lambda: len(self.ended("billing_due")) == 2, 30, "closed: both periods")
        wait_until(lambda: parts.api.figures()["openpost_ledger_commands_total"] >= before + 4, 20, "asked by both schedulers for both")
        parts.stop()
        bills = [event["data"] for event in self.ended("billing_due")]
        self.assertEqual(len({bill["workspace_id"] for bill in bills}), 2)
        self.assertEqual(len(bills), 2)
        for bill in bills:
            self.assertIn(round(harness.seconds_of(bill["period_end_at"])), ends)
            self.assertGreater(bill["next_end_at"], bill["period_end_at"])
        self.assert_verified_and_replayed(self.data)

    def planned(self, slug):
        given = run("workspace", "plan", "--data", self.data.path, "--workspace", slug, "--set", "team", "--json")
        return round(harness.seconds_of(json.loads(given.stdout)["period_end"]))


if __name__ == "__main__":
    harness.main()
