#!/usr/bin/env python3
"""Where each secret may be and where it is not: everything that has to do with one is done, and then all of them are looked for, in every
form in which they may be written, in the files of the folder and of its copy, in what the processes say and show, in what /metrics and
`openpost log` tell, and in the memory of each process. ALLOWED, below, is written by hand. A gateway that crashes leaves no core, and who
was erased is in no file of the folder any more."""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time

import harness
import traces
from harness import Api, run
from sign_in_test import Browser, user

KEYS_OF_THE_FOLDER = ("master.key", "wire.secret", "log.seed", "adapter-bluesky.key")  # files that are secrets, with mode 0600
PROCESSES = {"ledger": "openpost-ledger", "gateway": "openpost-gw", "scheduler": "openpost-schedu", "adapter": "openpost-bsky",
             "serve": "openpost-serve"}
PLACES = ("log", "views", "vault", "other files", "backup", "said", "shown", "log --json", "/metrics",
          *(f"memory of {name}" for name in PROCESSES))

# kind of secret: {place: why it may be there}. Anywhere else: never.
ALLOWED = {
    "API key": {},
    "invitation token": {},
    "password": {},
    "wrong password": {},
    "session cookie": {},
    "app password": {},
    "platform session": {},
    "address or name": {"memory of gateway": "shows it to who may see it", "memory of ledger": "opens the vault for the gateway"},
    "Idempotency-Key": {},
    "master.key": {"memory of ledger": "opens the vault", "memory of scheduler": "opens the vault"},
    "wire.secret": {},  # each process has its own key made of it, and forgets it
    "log.seed": {"memory of ledger": "signs checkpoints"},
    "adapter-bluesky.key": {"memory of scheduler": "speaks with the adapter", "memory of adapter": "speaks with the scheduler"},
}


class Secrets(harness.Case):
    @classmethod
    def make_world(cls):
        cls.secrets, cls.kinds, cls.fields = {}, {}, iter(range(1000))
        cls.data = cls.world.data("data", "--slug", "acme", "--name", "Acme")
        cls.know("API key", "owner's", cls.data.key)
        cls.password = cls.know("password", "ada's", "violet-harbour-5150-lantern")
        cls.address = cls.know("address or name", "ada's address", "ada.lovelace.4711@example.com")
        cls.know("address or name", "ada's name", "Augusta Ada Kingzq")
        cls.person("ada's", "owner")
        cls.service = cls.world.serve(cls.data)
        for name in KEYS_OF_THE_FOLDER:
            cls.know(name, "the folder's", (cls.data.path / name).read_bytes())
        cls.use_keys()
        cls.use_passwords()
        cls.invite()
        cls.publish()
        cls.api.get("/readyz")
        cls.processes = {name: pid for name, pid in harness.children(cls.service.process.child.pid).items()}
        cls.processes["openpost-serve"] = cls.service.process.child.pid
        cls.seeker = traces.Seeker(cls.secrets)

    @classmethod
    def know(cls, kind, name, secret):
        assert kind in ALLOWED, kind
        cls.secrets[f"{kind}: {name}"] = secret.encode() if isinstance(secret, str) else secret
        cls.kinds[f"{kind}: {name}"] = kind
        return secret

    @classmethod
    def known(cls, kind, name):
        return cls.secrets[f"{kind}: {name}"].decode()

    @classmethod
    def person(cls, whose, role):
        made = user("create", "--data", cls.data.path, "--email", cls.known("address or name", f"{whose} address"), "--name",
                    cls.known("address or name", f"{whose} name"), "--workspace", "acme", "--role", role, password=cls.known("password", whose))
        assert made.returncode == 0, made.stderr
        return made.stdout.splitlines()[0].removeprefix("id: ")

    @classmethod
    def done(cls, answer, *statuses):
        assert answer.status in statuses, answer
        return answer.json() if answer.body else None

    @classmethod
    def use_keys(cls):
        cls.api = cls.service.api
        cls.done(cls.api.get("/v1/posts"), 200)
        by_hand = cls.know("API key", "made by the command", cls.data.another_key("by-hand", "admin"))
        made = cls.done(cls.api.post("/v1/api-keys", {"name": "made", "role": "admin"}), 201)
        cls.know("API key", "made over HTTP", made["key"])
        rotated = cls.done(cls.api.post(f"/v1/api-keys/{made['id']}/rotate"), 201)
        cls.know("API key", "rotated", rotated["key"])
        once = cls.know("Idempotency-Key", "a post's", "idempotent-once-8842-zebra")
        for key in (by_hand, made["key"], rotated["key"]):
            cls.done(Api(cls.service.port, key).post("/v1/posts", {"content": {"text": "a draft"}}, {"Idempotency-Key": once}), 201)
        cls.done(cls.api.request("DELETE", "/v1/api-keys/" + made["id"]), 204)
        cls.done(Api(cls.service.port, made["key"]).get("/v1/posts"), 401)
        unknown = cls.know("API key", "of nobody", "op_nobody_" + "Zx9" * 14 + "7")
        cls.done(Api(cls.service.port, unknown).get("/v1/posts"), 401)

    @classmethod
    def sign_in(cls, address, password, whose, status=201):
        browser = Browser(cls.service.port)
        cls.done(browser.ask("POST", "/v1/session", {"email": address, "password": password}), status)
        if status == 201:
            cls.know("session cookie", whose, browser.cookie)
        return browser

    @classmethod
    def use_passwords(cls):
        browser = cls.sign_in(cls.address, cls.password, "ada's first")
        wrong = cls.know("wrong password", "at sign-in", "wrong-marble-staircase-77")
        cls.sign_in(cls.address, wrong, "", 401)
        cls.sign_in("nobody.at.all@example.com", wrong, "", 401)
        malformed = cls.know("wrong password", "in a refused body", "refused-copper-teapot-31")
        cls.done(browser.ask("POST", "/v1/session", {"email": cls.address, "password": malformed, "colour": "red"}), 422)
        cls.done(browser.ask("POST", "/v1/session", {"email": "no address", "password": malformed}), 422)
        cls.done(browser.ask("POST", "/v1/session", '{"email": "a@b", "password": "' + malformed + '"'), 400)
        foreign = cls.know("wrong password", "from another site", "foreign-silver-anchor-13")
        cls.done(browser.ask("POST", "/v1/session", {"email": cls.address, "password": foreign}, Origin="https://evil.example"), 403)
        new = cls.know("password", "ada's second", "scarlet-meadow-8080-compass")
        cls.done(browser.ask("PUT", "/v1/user/password", {"old_password": wrong, "new_password": new}), 401)
        cls.done(browser.ask("PUT", "/v1/user/password", {"old_password": cls.password, "new_password": new}), 204)
        cls.know("session cookie", "ada's second", browser.cookie)
        cls.done(cls.sign_in(cls.address, new, "ada's third").ask("GET", "/v1/user"), 200)

    @classmethod
    def invite(cls):
        address = cls.know("address or name", "the invited's address", "grace.hopper.1906@example.com")
        name = cls.know("address or name", "the invited's name", "Grace Brewster Murrayq")
        invited = cls.done(cls.api.post("/v1/invitations", {"email": address, "name": name, "role": "editor"}), 201)
        token = cls.know("invitation token", "taken", invited["accept_url"].partition("#")[2])
        password = cls.know("password", "the invited's", "granite-orchard-2718-saddle")
        browser = Browser(cls.service.port)
        cls.done(browser.ask("POST", "/v1/invitation/accept", {"token": token, "password": password}), 201)
        cls.know("session cookie", "the invited's", browser.cookie)
        waits = cls.done(cls.api.post("/v1/invitations", {"email": "x." + address, "role": "viewer"}), 201)
        cls.know("invitation token", "that waits", waits["accept_url"].partition("#")[2])
        cls.done(cls.api.get("/v1/members"), 200)

    @classmethod
    def publish(cls):
        for what, more, status in (("refused", {"colour": "red"}, 422), ("used", {}, 201)):
            secret = cls.know("app password", what, f"app-pass-{what}-qwxz-7391")
            made = cls.done(cls.api.post("/v1/integrations", {"channel": "bluesky", "identifier": "alice.test", "app_password": secret, **more}),
                            status)
        path = "/v1/integrations/" + made["id"]
        account = harness.wait_until(lambda: (now := cls.api.get(path).json())["status"] != "connecting" and now, 30, "connected")
        cls.api.wait_post(cls.api.publish("published with a session", account), "published")
        did = re.search(r"did:plc:[a-z0-9]+", json.dumps(account) + json.dumps(cls.service.sandbox.posts()))[0]
        cls.know("platform session", "alice's", f".{did}.")  # the sandbox's tokens have it between two others of their pieces

    # The search

    def judge(self, place, found, seen):
        seen[place] = found
        return [(place, name) for name in sorted(found) if place not in ALLOWED[self.kinds[name]]]

    def test_each_secret_is_where_it_may_be_and_nowhere_else(self):
        copy = self.world.folder / "copy"
        copied = run("backup", "--data", self.data.path, "--to", copy)
        self.assertEqual(copied.returncode, 0, copied.stderr)
        stored = traces.files(self.data.path, KEYS_OF_THE_FOLDER)
        self.assertTrue({"log/data.mdb", "views/data.mdb", "vault/data.mdb", "vault/subject.keys"} <= set(stored))
        for what in ("log", "views", "vault"):
            self.assertGreater(len(stored[what + "/data.mdb"].strip(b"\0")), 4096)
        by_folder = {place: b"\0".join(data for path, data in stored.items() if path.startswith(place + "/")) for place in ("log", "views", "vault")}
        shown = b"".join(pathlib.Path(f"/proc/{pid}/{file}").read_bytes() for pid in self.processes.values() for file in ("cmdline", "environ"))
        self.assertIn(b"PATH=", shown)
        looked = {**by_folder, "other files": b"\0".join(data for path, data in stored.items() if "/" not in path),
                  "backup": b"\0".join(traces.files(copy, KEYS_OF_THE_FOLDER).values()),
                  "said": self.service.process.log_path.read_bytes(), "shown": shown,
                  "log --json": json.dumps(self.data.events()).encode(), "/metrics": self.api.get("/metrics").body}
        seen, wrong = {}, []
        for place, data in looked.items():
            self.assertGreater(len(data), 100, place)
            wrong += self.judge(place, self.seeker.found(data), seen)
        for name, called in PROCESSES.items():
            wrong += self.judge(f"memory of {name}", self.memory(self.processes[called]), seen)
        self.assertEqual(set(seen), set(PLACES))
        self.tell(seen)
        self.assertEqual(wrong, [])

    def memory(self, pid):
        """At a quiet moment: nobody asks anything."""
        began, size, found = time.monotonic(), 0, set()
        for piece in traces.memory(pid, self.seeker.longest):
            size += len(piece)
            found |= self.seeker.found(piece)
        self.assertGreater(size, 100000)
        print(f"{size >> 20} MiB of {pid} in {time.monotonic() - began:.1f} s")
        return found

    def tell(self, seen):
        for kind, places in ALLOWED.items():
            found = {place for place, names in seen.items() for name in names if self.kinds[name] == kind}
            print(f"{kind}: " + ("; ".join(f"{place} ({places.get(place, 'MUST NOT BE')}){'' if place in found else ': not now'}"
                                           for place in sorted({*places, *found})) or "nowhere"))

    def test_no_core_is_left_of_a_gateway_that_crashes(self):
        """Whatever the limit that it was started with, and the folder that it is in; of a process that allows it there is one. The limit is
        looked at by itself: where the kernel's Landlock forbids files, too, that alone would leave no core."""
        self.assertEqual(pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip().partition("%")[0].partition(".")[0], "core",
                         "here the kernel gives cores to a program: where one would be is not known")
        folder = self.world.folder / "crashes"
        folder.mkdir()

        def unlimited():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        willing = subprocess.Popen(["sleep", "1000"], cwd=folder, preexec_fn=unlimited)
        willing.send_signal(signal.SIGSEGV)
        self.assertEqual(willing.wait(20), -signal.SIGSEGV)
        self.assertEqual(len(list(folder.iterdir())), 1, "a core of who allows it")
        next(folder.iterdir()).unlink()
        service = harness.Serve(self.world, self.world.data("crashing"), sandbox=False, limits=unlimited, name="crashing")
        service.process.cwd = folder
        own = os.environ.get("ASAN_OPTIONS", "")  # a sanitizer would forbid cores itself, and take the signal
        service.start({"ASAN_OPTIONS": f"{own}:disable_coredump=0:handle_segv=0:handle_abort=0"})
        for number in (signal.SIGSEGV, signal.SIGABRT):
            self.assertEqual(service.api.get("/v1/posts").status, 200)
            pids = harness.children(service.process.child.pid)
            for called in sorted(set(PROCESSES.values()) & set(pids)):
                limit = re.search(r"Max core file size +(\S+) +(\S+)", pathlib.Path(f"/proc/{pids[called]}/limits").read_text())
                self.assertEqual(limit.groups(), ("0", "0"), called)
            os.kill(pids["openpost-gw"], number)
            harness.wait_until(lambda: self.answers_anew(service, pids["openpost-gw"]), 60, "a gateway again")
        service.stop()
        self.assertEqual(list(folder.iterdir()), [])

    @staticmethod
    def answers_anew(service, former):
        try:
            now = harness.children(service.process.child.pid).get("openpost-gw", former)
            return now != former and service.api.get("/readyz").status == 200
        except OSError:
            return False

    def test_who_was_erased_is_in_no_file_and_no_key_opens_what_was_sealed(self):
        """The sealed bytes stay in the log's and the vault's pages until these are used again; the keys that opened them are overwritten."""
        secrets = {"address": b"erased.person.0815@example.com", "name": b"Erasmus Gonequist", "password": b"erased-kettle-6174-window"}
        made = user("create", "--data", self.data.path, "--email", secrets["address"].decode(), "--name", secrets["name"].decode(),
                    password=secrets["password"].decode())
        self.assertEqual(made.returncode, 0, made.stderr)
        browser = Browser(self.service.port)
        self.assertEqual(browser.ask("POST", "/v1/session", {"email": secrets["address"].decode(), "password": secrets["password"].decode()}).status, 201)
        self.assertEqual(browser.ask("GET", "/v1/user").json()["name"], secrets["name"].decode())
        slots = self.data.path / "vault" / "subject.keys"
        before = slots.read_bytes()
        erased = user("erase", made.stdout.splitlines()[0].removeprefix("id: "), "--data", self.data.path)
        self.assertEqual(erased.returncode, 0, erased.stderr)

        def gone():
            after = slots.read_bytes()
            return [before[at:at + 64] for at in range(0, len(before), 64) if before[at:at + 64] != after[at:at + 64]]
        harness.wait_until(lambda: len(gone()) >= 2, 30, "two keys overwritten: what the person is called, and the password")
        keys = {f"key {number}": slot[32:] for number, slot in enumerate(gone())}
        self.assertFalse([name for name, key in keys.items() if not any(key)])
        seeker = traces.Seeker({**secrets, **keys, "token": browser.cookie.encode()})
        for path, data in traces.files(self.data.path).items():
            self.assertEqual(seeker.found(data), set(), path)
        self.assertEqual(seeker.found(self.service.process.log_path.read_bytes()), set())

    def test_what_is_looked_for_is_found_where_it_was_put(self):
        """The measure can fail: a secret in each of its forms in a file, and in the memory of a process that keeps it."""
        for name, secret in self.secrets.items():
            for form in traces.forms(secret):
                self.assertIn(name, self.seeker.found(b"before" + form + b"after"))
        for name in ("API key: owner's", "master.key: the folder's"):
            keeper = subprocess.Popen([sys.executable, "-c", "import sys; kept = sys.stdin.buffer.readline(); kept = bytes.fromhex("
                                       "kept.decode()); print(1, flush=True); sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            keeper.stdin.write(self.secrets[name].hex().encode() + b"\n")
            keeper.stdin.flush()
            keeper.stdout.readline()
            self.assertIn(name, self.seeker.found_in(traces.memory(keeper.pid, self.seeker.longest)))
            keeper.communicate()


if __name__ == "__main__":
    harness.main()
