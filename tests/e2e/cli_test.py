#!/usr/bin/env python3
"""The command line: help, exit codes, and what an auditor's commands say of a folder that was altered."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess

import harness
from harness import Parts, Serve, run

COMMANDS = ("init", "serve", "verify", "log", "replay", "key", "workspace", "post", "account", "queue", "series", "template",
            "notification", "backup", "confirm", "clock", "sandbox", "ledger", "gateway", "scheduler",
            "adapter")


class CommandLine(harness.Case):
    def test_every_command_is_listed_and_explains_itself(self):
        overview = run("--help")
        self.assertEqual((overview.returncode, overview.stderr), (0, ""))
        listed = re.findall(r"^  (\w+)  +\S", overview.stdout, re.MULTILINE)
        self.assertLessEqual(set(COMMANDS), set(listed))
        for command in listed:
            shown = run(command, "--help")
            self.assertEqual((shown.returncode, shown.stderr), (0, ""), command)
            self.assertIn(f"usage: openpost {command}", shown.stdout)
            self.assertIn(f"\n e.g.: openpost {command}", shown.stdout)
            self.assertIn("\nexit codes: 0 good;", shown.stdout)

    def test_wrong_usage_is_64_and_changes_nothing(self):
        for arguments in ((), ("fly",), ("verify",), ("init",), ("serve", "--listen", "127.0.0.1:1"), ("log", "--colour"),
                          ("verify", "--data"), ("init", "--data", self.world.folder / "d", "--timezone", "Mars/X"),
                          ("init", "--data", self.world.folder / "d", "--slug", "Not A Slug"), ("ledger",),
                          ("gateway",), ("scheduler",), ("adapter",), ("sandbox",), ("sandbox", "--listen", "nowhere"),
                          ("verify", "--data", "x", "surplus"), ("init", "--data", self.world.folder / "d", f"--data={self.world.folder / 'd'}"),
                          ("post", "list", "--data", "x", "--approval", "wanted", "--approval", "given"), ("post", "list", "--json", "--json")):
            ended = run(*arguments)
            self.assertEqual(ended.returncode, 64, (arguments, ended))
            self.assertTrue(ended.stderr or ended.stdout)
        self.assertEqual(ended.stderr, "openpost post: given twice: --json (try --help)\n")
        self.assertFalse((self.world.folder / "d").exists())

    def test_a_folder_that_is_none_is_2(self):
        nothing, empty = self.world.folder / "nothing", self.world.folder / "empty"
        empty.mkdir()
        for folder in (nothing, empty):
            for command in (("verify",), ("log",), ("replay", "--check")):
                self.assertEqual(run(*command, "--data", folder).returncode, 2, command)
        self.assertFalse(nothing.exists())

    def test_init_never_touches_a_folder_that_is_in_use(self):
        data = self.world.data()
        before = (data.path / "installation").read_bytes()
        again = run("init", "--data", data.path)
        self.assertEqual(again.returncode, 71)
        self.assertIn("nothing was changed", again.stderr)
        self.assertEqual((data.path / "installation").read_bytes(), before)
        for secret in ("log.seed", "wire.secret", "master.key"):
            self.assertEqual((data.path / secret).stat().st_mode & 0o777, 0o600)

    def test_what_the_operators_commands_did_can_be_read_by_programs(self):
        folder, copy = self.world.folder / "json", self.world.folder / "copy"

        def told(*arguments):
            ended = run(*arguments, "--json")
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), arguments)
            return json.loads(ended.stdout)
        made = told("init", "--data", folder)
        self.assertEqual((set(made), made["data"]), ({"data", "log", "verifier", "workspace_id", "key"}, str(folder)))
        self.assertRegex(made["key"], r"^op_owner_\w{43}$")
        backup = told("backup", "--data", folder, "--to", copy)
        self.assertEqual((backup["result"], backup["backup"]), ("good", str(copy)))
        self.assertGreaterEqual(backup["events"], 2)
        self.assertEqual(told("confirm", "--data", folder), {"result": "nothing_suspended"})
        self.assertEqual(told("confirm", "--data", copy), {"result": "confirmed"})
        self.assertEqual(told("clock", "accept", "--data", folder), {"result": "not_suspect"})

    def test_how_late_posts_may_be_is_said_when_the_workspace_is_made(self):
        data = self.world.data("late", "--max-lateness", "90m", "--late-spacing", "5s")
        (made,) = [one["data"] for one in data.events() if one["type"] == "workspace_created"]
        self.assertEqual((made["max_lateness_ms"], made["late_spacing_ms"]), (90 * 60 * 1000, 5000))
        for option, wrong in (("--max-lateness", ("", "6", "h", "59s", "367d", "1.5h", "-1h", "6H")),
                              ("--late-spacing", ("0s", "2d", "60000ms", "x"))):
            for value in wrong:
                ended = run("init", "--data", self.world.folder / "none", option, value)
                self.assertEqual(ended.returncode, 64, (option, value, ended))
                self.assertIn(f"{option} {value}: expected a time of", ended.stderr)
        self.assertFalse((self.world.folder / "none").exists())

    def test_all_processes_are_ready_at_once_when_readiness_is_told(self):
        """One that was ready and dies while a later one starts is awaited again."""
        data = self.world.data()
        service = harness.Serve(self.world, data)
        service.process.start(wait=False)
        serve = service.process.child.pid

        def child(name, other_than=0):
            for pid in pathlib.Path(f"/proc/{serve}/task/{serve}/children").read_text(encoding="ascii").split():
                try:
                    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if len(words) > 2 and words[1] == name.encode() and int(pid) != other_than:
                    return int(pid)
            return 0
        while not child("adapter"):
            self.assertTrue(service.process.alive(), service.process.tail())
        adapter, ledger = child("adapter"), child("ledger")
        os.kill(adapter, signal.SIGSTOP)
        self.assertFalse(child("scheduler"), "the adapter was ready before it could be stopped")
        os.kill(ledger, signal.SIGKILL)
        again = harness.wait_until(lambda: child("ledger", other_than=ledger), 30, "the ledger's restart")
        os.kill(again, signal.SIGSTOP)
        os.kill(adapter, signal.SIGCONT)
        with self.assertRaises(AssertionError):
            harness.wait_until(lambda: child("scheduler"), 2, "the next one's start")
        os.kill(again, signal.SIGCONT)
        harness.wait_until(lambda: "\nready: " in "\n" + service.process.output(), 60, "ready")
        self.assertEqual(service.api.post("/v1/posts", {}).status, 201)

    def test_the_folder_of_a_running_service_belongs_to_it_alone(self):
        service = self.world.serve()
        second = Serve(self.world, service.data, name="second")
        second.process.start(wait=False)
        self.assertNotEqual(second.process.wait_end(60), 0)
        self.assertEqual(run("replay", "--data", service.data.path, "--check").returncode, 69)
        self.assertEqual(service.api.get("/healthz").status, 200)
        self.assertEqual(service.data.verify().returncode, 0)

    def test_a_port_that_is_taken_is_said_and_everything_ends(self):
        service = self.world.serve()
        other = Serve(self.world, self.world.data("other"), name="other")
        other.process.argv[other.process.argv.index("--listen") + 1] = f"127.0.0.1:{service.port}"
        other.process.start(wait=False)
        self.assertEqual(other.process.wait_end(60), 69)
        self.assertIn(f"--listen 127.0.0.1:{service.port}: another program listens there", other.process.output())

    def test_a_wrong_value_is_named_with_what_is_expected(self):
        data = self.world.data()
        for address in ("8081", "localhost:8081", ":8081", "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:", "[::1]",
                        "::1:8081", "127.0.0.1:80x"):
            ended = run("serve", "--data", data.path, "--listen", address, "--sandbox", within_s=10)
            self.assertEqual(ended.returncode, 64, (address, ended))
            self.assertIn(f"--listen {address}: expected ADDR:PORT", ended.stderr)
        for address in ("0.0.0.0:8081", "192.0.2.1:8081", "[::]:8081"):
            for arguments in (("sandbox", "--listen", address),
                              ("serve", "--data", data.path, "--listen", "127.0.0.1:8081", "--rpc", address)):
                ended = run(*arguments, within_s=10)
                self.assertEqual(ended.returncode, 64, (arguments, ended))
                self.assertIn("only on loopback", ended.stderr)
        ended = run("key", "--data", data.path, "--name", "Bob_1", "--role", "editor")
        self.assertEqual((ended.returncode, ended.stderr),
                         (64, "openpost key: --name Bob_1: expected 1 to 24 of a-z, 0-9 and -\n"))
        ended = run("key", "--data", data.path, "--name", "bob", "--role", "king")
        self.assertEqual((ended.returncode, ended.stderr),
                         (64, "openpost key: --role king: expected owner, admin, editor, viewer or auditor\n"))
        nowhere = self.world.folder / "none" / "x" / "y"
        ended = run("init", "--data", nowhere)
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn(f"its parent folder does not exist: {nowhere.parent}\n", ended.stderr)
        for command in ("verify", "log", "confirm"):
            ended = run(command, "--data", nowhere)
            self.assertEqual(ended.returncode, 2)
            self.assertNotIn("init", ended.stderr)

    def test_a_restarted_sandbox_is_where_its_accounts_say(self):
        service = self.world.serve()
        integration = service.api.connect()
        url = service.sandbox.url
        service.stop()
        service.start()
        self.assertEqual(service.sandbox.url, url)
        post = service.api.publish("after the restart", integration)
        self.assertEqual(service.api.wait_post(post, "published", "failed")["status"], "published")

    def test_serve_without_the_sandbox_says_what_comes_of_the_sandbox_s_accounts(self):
        service = self.world.serve()
        integration = service.api.connect()
        service.stop()
        self.assertNotIn("without_sandbox", service.process.output())
        real = self.world.serve(service.data, sandbox=False, name="real")
        self.assertIn("what=without_sandbox", real.process.output())
        post = real.api.wait_post(real.api.publish("to nobody", integration), "published", "failed")
        self.assertEqual((post["status"], post["targets"][0]["error"]["code"]), ("failed", "address_refused"))

    def test_a_sandbox_whose_port_is_taken_is_not_started_at_another(self):
        service = self.world.serve()
        service.api.connect()
        service.stop()
        port = int((service.data.path / "sandbox.port").read_text())
        with socket.socket() as squatter:
            squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            squatter.bind(("127.0.0.1", port))
            squatter.listen()
            ended = run("serve", "--data", service.data.path, "--listen", f"127.0.0.1:{service.port}", "--sandbox")
            self.assertEqual((ended.returncode, ended.stdout, len(ended.stderr.splitlines())), (69, "", 1), ended)
            self.assertIn(f"another program listens on 127.0.0.1:{port}, where the simulated accounts are: end it", ended.stderr)
            original, other = ended.stderr.index("never serve both"), ended.stderr.index("sandbox.port")
            self.assertLess(original, other, "who serves a copy is not told first how to serve it beside its original")
        service.start()
        self.assertTrue(service.sandbox.url.endswith(f":{port}"))

    def test_keys_open_what_their_role_allows_and_wrong_names_are_refused(self):
        data = self.world.data()
        editor = data.another_key("nightly-job", "editor")
        self.assertRegex(editor, r"^op_nightly-job_[0-9A-Za-z]{43}$")
        for name, role in (("UPPER", "editor"), ("x" * 25, "editor"), ("good", "king"), ("", "editor")):
            self.assertNotEqual(run("key", "--data", data.path, "--name", name, "--role", role).returncode, 0)
        service = self.world.serve(data)
        self.assertEqual(harness.Api(service.port, editor).post("/v1/posts", {}).status, 201)
        self.assertEqual(harness.Api(service.port, editor).post("/v1/workspace/pause").status, 403)

    def test_what_cannot_be_printed_is_a_failure(self):
        data = self.world.data()
        for arguments in (("log", "--data", data.path), ("log", "--data", data.path, "--follow"), ("--help",),
                          ("key", "--data", data.path, "--name", "lost", "--role", "viewer"),
                          ("init", "--data", self.world.folder / "lost")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                ended = run(*arguments, stdout=full)
            self.assertEqual(ended.returncode, 71, (arguments, ended))
            self.assertIn("standard output", ended.stderr)

    def test_a_reader_that_has_read_enough_is_no_failure(self):
        data = self.world.data()
        reads, writes = os.pipe()
        os.close(reads)
        with open(writes, "w", encoding="utf-8") as closed:
            self.assertEqual(run("log", "--data", data.path, stdout=closed).returncode, 0)


class Altered(harness.Case):
    def written(self):
        service = self.world.serve()
        integration = service.api.connect()
        for number in range(5):
            post = service.api.publish(f"the audited text number {number}", integration)
            service.api.wait_post(post, "published")
        service.stop()
        return service.data

    def flip(self, data, at, bit):
        with open(data.path / "log" / "data.mdb", "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << bit]))

    def places(self, data, text):
        """Where the log's file has the text: the stored one, and pages that LMDB has left behind."""
        stored = (data.path / "log" / "data.mdb").read_bytes()
        return [found.start() for found in re.finditer(re.escape(text), stored)]

    def test_one_flipped_bit_of_a_stored_text_is_found_with_its_position(self):
        data = self.written()
        self.assertEqual(data.verify().returncode, 0)
        created = next(event for event in data.events() if event["type"] == "post_created")
        copy = data.copy(self.world.folder / "copy")
        events, positions = data.events(), set()
        for at in self.places(copy, b"the audited text number 0"):
            self.flip(copy, at + 4, 2)
            found = copy.verify()
            answer = json.loads(found.stdout)
            if found.returncode == 0:
                self.assertEqual(copy.events(), events)
            else:
                self.assertEqual((found.returncode, answer["result"]), (1, "altered"), found)
                self.assertTrue(answer["sentence"])
                self.assertIn(f"altered at position {answer['position']}:" if answer["position"] else "altered:",
                              run("verify", "--data", copy.path).stdout)
                positions.add(answer["position"])
            self.flip(copy, at + 4, 2)
        self.assertIn(created["seq"], positions)
        self.assertEqual(copy.verify().returncode, 0, "put right again it is good again")
        self.assertEqual(data.verify().returncode, 0)

    def test_an_altered_log_is_named_and_not_what_is_derived_from_it(self):
        data = self.written()
        for at in self.places(data, b"the audited text number 0"):
            self.flip(data, at + 4, 1)
        shutil.rmtree(data.path / "views")
        replayed = run("replay", "--check", "--data", data.path)
        self.assertEqual(replayed.returncode, 1, replayed)
        self.assertIn(f"the log is altered; openpost verify --data {data.path} tells where; restore the folder from a copy", replayed.stderr)
        ended = run("ledger", "--data", data.path, "--listen", f"tcp://127.0.0.1:{harness.free_port()}")
        self.assertEqual(ended.returncode, 1, ended)
        self.assertEqual((ended.stderr.count("what=log_altered position="), ended.stderr.count("what=views_")), (1, 0), ended.stderr)

    def test_a_flipped_bit_anywhere_is_found_or_changed_nothing_that_the_log_says(self):
        data = self.written()
        events = data.events()
        copy = data.copy(self.world.folder / "copy")
        stored = (copy.path / "log" / "data.mdb").read_bytes()
        used = [at for found in re.finditer(rb"[^\0]+", stored) for at in range(*found.span())]
        dice = random.Random(os.environ.get("OPENPOST_SEED", 1))
        found = 0
        for _ in range(40):
            at, bit = dice.choice(used), dice.randrange(8)
            self.flip(copy, at, bit)
            code = copy.verify().returncode
            self.assertIn(code, (0, 1, 2), f"bit {bit} of byte {at}")
            if code == 0:
                self.assertEqual(copy.events(), events, f"bit {bit} of byte {at}")
            found += code != 0
            self.flip(copy, at, bit)
        self.assertEqual(copy.verify().returncode, 0)
        print(f"{found} of 40 flipped bits were in use, and found")

    def test_a_ledger_does_not_start_on_a_log_that_was_altered_behind_its_last_checkpoint(self):
        parts = Parts(self.world, self.world.data())
        parts["ledger"].start()
        parts["gateway"].start()
        made = parts.api.post("/v1/posts", {"content": {"text": "the audited text"}})
        self.assertEqual(made.status, 201)
        parts["gateway"].stop()
        parts["ledger"].kill9()
        for at in self.places(parts.data, b"the audited text"):
            self.flip(parts.data, at + 4, 1)
        parts["ledger"].start(wait=False)
        self.assertEqual(parts["ledger"].wait_end(60), 1)
        self.assertRegex(parts["ledger"].output(), r'what=log_altered position=\d+ sentence="')

    def test_a_ledger_does_not_start_on_a_log_that_is_shorter_than_its_last_checkpoint(self):
        service = self.world.serve()
        service.api.post("/v1/posts", {"content": {"text": "first"}})
        service.stop()
        log = service.data.path / "log" / "data.mdb"
        before = log.read_bytes()
        service.start()
        service.api.post("/v1/posts", {"content": {"text": "second"}})
        service.stop()
        log.write_bytes(before)
        self.assertEqual(service.data.verify().returncode, 1)
        deaf = subprocess.run([harness.EXECUTABLE, "verify", "--data", service.data.path], check=False, timeout=60,
                              stdout=subprocess.DEVNULL,
                              preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(deaf.returncode, 1, "whatever its parent does about its children")
        parts = Parts(self.world, service.data)
        parts["ledger"].start(wait=False)
        self.assertEqual(parts["ledger"].wait_end(60), 1)
        self.assertIn("log_altered", parts["ledger"].output())


if __name__ == "__main__":
    harness.main()
