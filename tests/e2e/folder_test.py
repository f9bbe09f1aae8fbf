#!/usr/bin/env python3
"""The data folder in a person's hands: backed up while it is served, restored, with a file that is broken or gone, held by another
process. Each time one sentence says what it is and what to do, and the exit code is the one that --help names."""

import concurrent.futures
import fcntl
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import harness
from harness import Parts, Serve, later, run, wait_until

# What lies in a small file instead, whether the folder can still be served, and what is then said.
GARBAGE = {
    "installation": (False, "in the name that log.vkey begins with"),
    "log.seed": (False, "put it back from the backup"),
    "wire.secret": (False, "put it back from the backup, or write 32 random bytes into it"),
    "master.key": (False, "put it back from the backup, or set OPENPOST_MASTER_KEY"),
    "log.vkey": (False, "delete it: the next start makes it again"),
    "identity": (True, "the file identity does not tell where the data folder was"),
    "clock": (True, ""),
    "views/mark": (True, ""),
    "ledger.url": (True, ""),
    "lock": (True, ""),
    "sandbox.port": (True, ""),
    "sandbox.records": (False, "sandbox.records"),
    "adapter-bluesky.key": (True, ""),
    "identity.key": (True, ""),
    "log/checkpoint": (False, "checkpoint"),
    "vault/subject.keys": (True, ""),
    "vault/account.keys": (True, ""),
}
USER = 65534  # nobody: somebody who is not root
CONTENTS = (b"", b"short", bytes(range(256)) * 20)


class SmallFiles(harness.Case):
    def served(self, data, name):
        """What serve said, and its exit code: None when it became ready."""
        service = Serve(self.world, data, name=name)
        service.process.start(wait=False)
        ready = wait_until(lambda: "ready: http" in service.process.output() or not service.process.alive() and "ended", 120,
                           "an end or readiness")
        code = service.process.stop() if ready is True else service.process.wait_end()
        return service.process.output(), None if ready is True else code

    def test_garbage_in_any_small_file_is_named_or_made_again(self):
        original = self.world.data("original")
        self.world.serve(original).stop()
        small = {str(path.relative_to(original.path)) for path in original.path.rglob("*")
                 if path.is_file() and not path.name.endswith(".mdb")}
        self.assertEqual(small, set(GARBAGE))
        for number, (name, (served, sentence)) in enumerate(GARBAGE.items()):
            content = CONTENTS[number % len(CONTENTS)]
            with self.subTest(name):
                data = original.copy(self.world.folder / "broken")
                run("confirm", "--data", data.path)
                (data.path / name).write_bytes(content)
                said, code = self.served(data, f"serve-{number}")
                if served:
                    self.assertEqual(code, None, said)
                    self.assertIn(sentence, said)
                elif name in ("log/checkpoint", "sandbox.records"):
                    self.assertEqual(code, 1 if name == "log/checkpoint" else 2, said)
                    self.assertIn(sentence, said)
                else:
                    self.assertEqual((code, len(said.splitlines())), (2, 1), said)
                    self.assertIn(f"{data.path}/{name}: ", said)
                    self.assertIn(sentence, said)
                    ledger = run("ledger", "--data", data.path, "--listen", f"tcp://127.0.0.1:{harness.free_port()}")
                    self.assertNotIn(ledger.returncode, (0, -signal.SIGABRT, -signal.SIGSEGV), ledger.stderr)
                for arguments in (("verify",), ("log",), ("replay", "--check"), ("confirm",), ("clock", "accept"),
                                  ("key", "list"), ("backup", "--to", self.world.folder / "copy")):
                    ended = run(*arguments, "--data", data.path)
                    self.assertIn(ended.returncode, (0, 1, 2, 71), (arguments, ended))
                    self.assertEqual(ended.returncode != 0, ended.stderr != "" or "altered" in ended.stdout, (arguments, ended))
                    shutil.rmtree(self.world.folder / "copy", ignore_errors=True)
                shutil.rmtree(data.path)

    def test_a_file_that_the_service_may_not_open_is_named(self):
        data = self.world.data()
        self.world.serve(data, sandbox=False).stop()
        powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        for name in ("lock", "log/checkpoint", "log/data.mdb", "log/lock.mdb", "vault", "vault/data.mdb", "views", "views/lock.mdb"):
            path = data.path / name
            mode = path.stat().st_mode
            path.chmod(0)
            for command in ("ledger", "serve") if name == "log/lock.mdb" else ("ledger",):
                address = f"127.0.0.1:{harness.free_port()}"
                ended = subprocess.run([*powerless, harness.EXECUTABLE, command, "--data", data.path, "--listen",
                                        address if command == "serve" else f"tcp://{address}"],
                                       stdin=subprocess.DEVNULL, capture_output=True, timeout=120, text=True)
                self.assertEqual(ended.returncode, 2, ended)
                self.assertIn(f'err=ACCESS sentence="{path}: permission denied: it belongs to the user with the id '
                              f'{os.geteuid()} (mode 000), openpost runs as {os.geteuid()}; chmod u+rwX it"', ended.stderr)
            path.chmod(mode)
        self.assertEqual(self.served(data, "mended")[1], None)

    def test_a_public_key_that_is_gone_is_made_again_and_that_is_said(self):
        data = self.world.data()
        key = data.path / "log.vkey"
        before = key.read_bytes()
        self.assertNotIn("file_made", self.served(data, "whole")[0])
        key.unlink()
        said, code = self.served(data, "without")
        self.assertEqual((code, key.read_bytes()), (None, before))
        self.assertEqual(said.count("what=file_made file=log.vkey "), 1, said)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_root_serves_another_users_folder_as_that_user(self):
        data = self.world.data()
        self.world.folder.chmod(0o755)  # so that the user finds its folder
        for path in (data.path, *data.path.rglob("*")):
            os.chown(path, USER, USER)
        self.assertEqual(self.served(data, "by-root")[1], None)
        run("key", "list", "--data", data.path)
        self.assertEqual({str(path): path.stat().st_uid for path in data.path.rglob("*") if path.stat().st_uid != USER}, {})
        executable = shutil.copy(harness.EXECUTABLE, self.world.folder)  # the built one may lie where the user cannot go
        verify = [executable, "verify", "--data", data.path]
        ended = subprocess.run(verify, user=USER, group=USER, extra_groups=[], capture_output=True, timeout=60, text=True)
        self.assertEqual(ended.returncode, 0, ended)
        for command, name in ((verify, "log/checkpoint"), ([executable, "key", "list", "--data", data.path], "log.seed")):
            os.chown(data.path / name, 0, 0)
            mode = (data.path / name).stat().st_mode & 0o777
            ended = subprocess.run(command, user=USER, group=USER, extra_groups=[], capture_output=True, timeout=60, text=True)
            self.assertEqual((ended.returncode, ended.stderr),
                             (2, f"openpost {command[1]}: {data.path}/{name}: permission denied: it belongs to the user with the id 0 "
                              f"(mode {mode:03o}), openpost runs as {USER}; run this as its owner, or give it to the user that openpost "
                              "runs as\n"))

    def test_a_vault_that_is_gone_is_told_at_once_and_no_platform_is_blamed(self):
        service = self.world.serve()
        integration = service.api.connect()
        service.stop()
        self.assertNotIn("credentials_missing", service.process.output())
        shutil.rmtree(service.data.path / "vault")
        service.start()
        warning = [line for line in service.process.output().splitlines() if "credentials_missing" in line]
        self.assertEqual(len(warning), 1, service.process.output())
        self.assertIn(f'accounts=1 which="{integration["id"]}" keys=1 reason="the vault does not hold them"', warning[0])
        self.assertIn("connect these accounts again", warning[0])
        post = service.api.publish("nothing to send it with", integration)
        path = f"/v1/integrations/{integration['id']}"
        lost = wait_until(lambda: (now := service.api.get(path).json())["status"] == "disconnected" and now, 30, "disconnected")
        self.assertEqual(lost["error"]["code"], "credentials_missing", lost)
        self.assertIn("vault", lost["error"]["message"])
        wait_until(lambda: service.api.read_post(post)["targets"][0]["held"] == "disconnected", 30, "held")
        self.assertEqual(service.sandbox.texts(), [])
        again = service.api.post(path + "/reconnect", {"identifier": "alice.test", "app_password": "app-password"},
                                 {"If-Match": "*"})
        self.assertEqual(again.status, 200, again)
        service.api.wait_post(post, "published", within_s=60)
        self.assertEqual(service.sandbox.texts(), ["nothing to send it with"])

    def test_a_vault_of_another_master_key_is_told_too(self):
        service = self.world.serve()
        service.api.connect()
        service.stop()
        (service.data.path / "master.key").write_bytes(os.urandom(32))
        service.start()
        self.assertIn('reason="the vault was sealed under another master key', service.process.output())

    def test_a_folder_without_its_log_is_no_new_installation(self):
        service = self.world.serve()
        service.api.connect()
        service.stop()
        data, away = service.data, self.world.folder / "away"

        def unmount():
            (data.path / "log").rename(away)

        def unmount_from_a_mount_point():
            unmount()
            (data.path / "log").mkdir()

        def empty():
            unmount_from_a_mount_point()
            (data.path / "log" / "data.mdb").touch()

        for number, lose in enumerate((unmount, unmount_from_a_mount_point, empty)):
            with self.subTest(lose.__name__):
                lose()
                before = self.everything_in(data.path)
                said, code = self.served(data, f"without-log-{number}")
                self.assertEqual((code, len(said.splitlines())), (2, 1), said)
                self.assertIn(f"{data.path}/log/data.mdb: the log cannot be read: there is none; mount its disk, or put log/ back "
                              "from the backup", said)
                for arguments in (("confirm",), ("clock", "accept"), ("key", "--name", "late", "--role", "viewer"),
                                  ("backup", "--to", self.world.folder / "copy")):
                    self.assertEqual(run(*arguments, "--data", data.path).returncode, 2, arguments)
                ledger = run("ledger", "--data", data.path, "--listen", f"tcp://127.0.0.1:{harness.free_port()}")
                self.assertEqual(ledger.returncode, 2, ledger)
                self.assertEqual(self.everything_in(data.path), before)
                shutil.rmtree(data.path / "log", ignore_errors=True)
                away.rename(data.path / "log")
        service.start()
        self.assertNotIn("credentials_missing", service.process.output())
        self.assertNotIn("starts_suspended", service.process.output())

    def test_a_data_file_that_is_cut_or_overwritten_is_named_with_what_to_do(self):
        original = self.world.data("original")
        self.world.serve(original, sandbox=False).stop()
        sentences = {"log": "does not begin as it was written, or is cut short: restore data from a copy",
                     "vault": "the vault is not as it was written"}
        # What says 1: the log was altered. What else is broken is a folder that cannot be read.
        asked = {"log": {("verify",): 1, ("log",): 1, ("replay", "--check"): 1, ("key", "list"): 1, ("confirm",): 1,
                         ("backup", "--to", self.world.folder / "copy"): 2},
                 "vault": {("verify",): 0, ("log",): 0, ("key", "list"): 0,
                           ("key", "--name", "late", "--role", "viewer"): 2,
                           ("backup", "--to", self.world.folder / "copy"): 2}}
        for number, (name, content) in enumerate(itertools.product(("log", "vault"), (b"x" * 100, None, os.urandom(8192)))):
            with self.subTest(f"{name} {number}"):
                data = original.copy(self.world.folder / "broken")
                file = data.path / name / "data.mdb"
                if content is None:
                    os.truncate(file, 4096)
                else:
                    with open(file, "r+b") as opened:
                        opened.write(content)
                        opened.truncate(len(content))
                for arguments, expected in asked[name].items():
                    ended = run(*arguments, "--data", data.path)
                    self.assertEqual(ended.returncode, expected, (arguments, ended))
                    self.assertEqual(expected != 0, "data.mdb" in ended.stdout + ended.stderr, (arguments, ended))
                    shutil.rmtree(self.world.folder / "copy", ignore_errors=True)
                said, code = self.served(data, f"cut-{number}")
                self.assertEqual(code, 1 if name == "log" else 2, said)
                self.assertIn(f"file={file}", said)
                self.assertIn(sentences[name], said)
                shutil.rmtree(data.path)

    def test_a_pipe_in_the_place_of_a_small_file_holds_nobody_up(self):
        original = self.world.data("original")
        self.world.serve(original, sandbox=False).stop()
        for number, name in enumerate(GARBAGE):
            with self.subTest(name):
                data = original.copy(self.world.folder / "broken")
                (data.path / name).unlink(missing_ok=True)
                os.mkfifo(data.path / name)
                for arguments in (("verify",), ("log",), ("replay", "--check"), ("key", "list"), ("clock", "accept"),
                                  ("backup", "--to", self.world.folder / "copy")):
                    self.assertIn(run(*arguments, "--data", data.path).returncode, (0, 1, 2, 71), arguments)
                    shutil.rmtree(self.world.folder / "copy", ignore_errors=True)
                said, code = self.served(data, f"pipe-{number}")
                self.assertTrue(code is None or code in (1, 2, 69) and name in said, said)
                shutil.rmtree(data.path)

    def test_a_log_that_is_deleted_under_the_service_is_told_and_nothing_more_is_accepted(self):
        service = self.world.serve(sandbox=False)
        self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "kept"}}).status, 201)
        copy, log = self.world.folder / "copy", service.data.path / "log"
        self.assertEqual(run("backup", "--data", service.data.path, "--to", copy).returncode, 0)
        shutil.rmtree(log)
        self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "for nobody"}}).status, 503)
        wait_until(lambda: service.api.get("/readyz").status == 503, 10, "not ready")
        told = [line for line in service.process.output().splitlines() if "what=log_gone" in line]
        self.assertEqual(len(told), 1, service.process.output())
        self.assertIn(f"file={log}/data.mdb", told[0])
        self.assertIn("stop the service, put log/ back", told[0])
        wait_until(lambda: f"{log}/data.mdb: the log cannot be read: there is none" in service.process.output(), 10,
                   "the next ledger's refusal")
        self.assertFalse(log.exists(), "nobody made a new one")
        self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "for nobody"}}).status, 503)
        service.stop()
        shutil.copytree(copy / "log", log)
        service.start()
        self.assertIn("starts_suspended", service.process.output())
        self.assertEqual([post["content"]["text"] for post in service.api.get("/v1/posts").json()["data"]], ["kept"])

    @staticmethod
    def everything_in(folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
                if path.is_file() and "views" not in path.parts}

    def test_a_vault_that_is_older_than_the_log_is_not_swept(self):
        service = self.world.serve()
        service.api.connect()
        service.stop()
        later_log = self.world.data("later")
        for name in ("vault", "master.key"):
            path = later_log.path / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            subprocess.run(["cp", "-a", str(service.data.path / name), str(path)], check=True, timeout=60)
        other = self.world.serve(later_log, name="other")
        other.stop()
        self.assertIn("credentials_missing", other.process.output())
        self.assertNotIn("vault_swept", other.process.output())
        shutil.rmtree(service.data.path / "vault")
        (later_log.path / "vault").rename(service.data.path / "vault")
        service.start()
        self.assertNotIn("credentials_missing", service.process.output())


NEXT = "if it is another openpost command, try again when that has ended; if it is a service, restart it"


class InUse(harness.Case):
    def test_a_key_on_a_folder_in_which_another_command_writes_is_told_to_wait(self):
        """No service runs, nor ever ran: the lock is held, as by a command that works for long."""
        data = self.world.data()
        with open(data.path / "lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            for command in (("key", "list"), ("key", "make", "--name", "late", "--role", "viewer")):
                ended = run(*command, "--data", data.path)
                self.assertEqual((ended.returncode, ended.stdout, ended.stderr),
                                 (69, "", f"openpost key: process {os.getpid()} has the folder, and the file ledger.url does not say where it "
                                          f"can be asked: {NEXT}\n"))
        self.assertEqual(run("key", "list", "--data", data.path).returncode, 0)

    def test_a_second_serve_says_in_one_line_who_has_the_folder(self):
        service = self.world.serve()
        second = run("serve", "--data", service.data.path, "--listen", f"127.0.0.1:{harness.free_port()}")
        self.assertEqual((second.returncode, second.stdout), (69, ""), second)
        holder = int((service.data.path / "lock").read_text())
        self.assertIn("openpost", pathlib.Path(f"/proc/{holder}/comm").read_text())
        self.assertEqual(second.stderr, f"openpost serve: --data {service.data.path}: process {holder} serves it or writes to "
                                        "it already: stop it first, or serve another folder\n")
        (row,) = [line for line in (harness.ROOT / "README.md").read_text().splitlines() if line.startswith("| 69 |")]
        for said in (row, run("serve", "--help").stdout, run("key", "--help").stdout):
            self.assertIn("another process has the folder or the address", " ".join(said.split()))

    def test_every_command_ends_with_the_code_that_its_help_names(self):
        data = self.world.data()
        seedless = data.copy(self.world.folder / "seedless")
        (seedless.path / "log.seed").unlink()
        nothing, copies = self.world.folder / "nothing", self.world.folder / "copies"
        copies.mkdir()
        copy = (str(copies / str(number)) for number in itertools.count())
        # What it is called with, and its code for a good folder, one without its seed, none, and a word too many.
        table = ((("verify",), 0, 0, 2, 64), (("log",), 0, 0, 2, 64), (("replay", "--check"), 0, 2, 2, 64),
                 (("key", "list"), 0, 2, 2, 64), (("confirm",), 0, 2, 2, 64), (("clock", "accept"), 0, 2, 2, 64),
                 (("backup", "--to"), 0, 2, 2, 64))
        general = run("--help").stdout
        for words, *codes in table:
            for code, more in zip(codes, ((data.path,), (seedless.path,), (nothing,), (data.path, "a", "b", "c"))):
                to = [next(copy)] if words[-1] == "--to" else []
                ended = run(*words, *to, "--data", *more)
                self.assertEqual(ended.returncode, code, (words, more, ended))
                self.assertRegex(run(words[0], "--help").stdout + general, rf"\b{code}\b")
        for path in (seedless.path, nothing):
            ended = run("serve", "--data", path, "--listen", f"127.0.0.1:{harness.free_port()}")
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended)

    def test_a_service_that_does_not_answer_is_69_for_every_command_that_asks_it(self):
        data = self.world.data()
        key = json.loads(run("key", "list", "--data", data.path, "--json").stdout.splitlines()[0])["id"]
        parts = Parts(self.world, data)
        parts.processes["ledger"].start()
        commands = (("confirm",), ("clock", "accept"), ("key", "--name", "late", "--role", "viewer"), ("key", "revoke", key))
        parts.processes["ledger"].signal(signal.SIGSTOP)
        try:
            with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
                for command, ended in zip(commands, pool.map(lambda one: run(*one, "--data", data.path), commands)):
                    self.assertEqual(ended.returncode, 69, (command, ended))
                    self.assertEqual(ended.stderr, f"openpost {command[0]}: process {(data.path / 'lock').read_text().strip()} has the folder, "
                                                   f"and does not answer (the time allowed is over): {NEXT}\n")
                    self.assertIn("69", run(command[0], "--help").stdout)
            (data.path / "ledger.url").write_text("nowhere")
            ended = run("confirm", "--data", data.path)
            self.assertEqual(ended.returncode, 69, ended)
            self.assertIn("ledger.url does not say where", ended.stderr)
            self.assertTrue(ended.stderr.endswith(f": {NEXT}\n"), ended)
        finally:
            parts.processes["ledger"].signal(signal.SIGCONT)


class Backup(harness.Case):
    def test_a_backup_of_a_served_folder_is_verified_served_and_sends_nothing_twice(self):
        sandbox = self.world.sandbox()
        options = ("--allow-loopback", str(sandbox.api.port))
        original = Serve(self.world, self.world.data(), sandbox=False, options=options).start()
        integration = original.api.connect(service=sandbox.url)
        done = original.api.publish("published before the backup", integration)
        original.api.wait_post(done, "published")
        waits = original.api.publish("due after the backup", integration, schedule={"at": later(20)})
        long = original.api.post("/v1/posts", {"content": {"text": "a long body " * 400}})
        self.assertEqual(long.status, 201, long)
        path = self.world.folder / "backup"
        keys = [pathlib.Path("vault", name) for name in ("subject.keys", "account.keys")]
        with (original.data.path / keys[0]).open("ab") as file:
            file.write(os.urandom(64 * 100))  # as of people
        made = run("backup", "--data", original.data.path, "--to", path)
        self.assertEqual(made.returncode, 0, made)
        for file in keys:
            self.assertGreaterEqual(len((path / file).read_bytes()), 64)
            self.assertEqual((path / file).read_bytes(), (original.data.path / file).read_bytes())
            self.assertEqual((path / file).stat().st_mode & 0o777, 0o600)
        self.assertRegex(made.stdout, r"^backup: .*\nevents: \d+\nnext: openpost verify --data ")
        self.assertLess(int(subprocess.check_output(["du", "-s", "--apparent-size", "-k", path]).split()[0]), 100_000)
        self.assertFalse((path / "views").exists())
        original.api.wait_post(waits, "published", within_s=60)
        original.process.kill9()
        copy = object.__new__(harness.Data)
        copy.path, copy.key = path, original.data.key
        self.assertEqual(copy.verify().returncode, 0)
        replayed = run("replay", "--data", path, "--check", "--json")
        self.assertEqual((replayed.returncode, json.loads(replayed.stdout)["result"]), (0, "replayed"), replayed)
        restored = Serve(self.world, copy, sandbox=False, options=options, name="restored").start()
        self.assertIn("starts_suspended", restored.process.output())
        self.assertIn(f"keys and accounts are as they were when the copy was made: openpost key list --data {path}, revoke again",
                      restored.process.output())
        self.assertNotIn("credentials_missing", restored.process.output())
        self.assertEqual(restored.api.read_post(waits)["targets"][0]["held"], "starts_suspended")
        self.assertEqual(restored.api.read_post(long.json())["content"]["text"], "a long body " * 400)
        confirmed = run("confirm", "--data", path)
        self.assertEqual(confirmed.returncode, 0, confirmed)
        wait_until(lambda: restored.api.read_post(waits)["targets"][0]["needs_person"], 30, "a person is needed")
        fresh = restored.api.publish("after the restore", integration)
        restored.api.wait_post(fresh, "published", within_s=60)
        self.assertEqual(sandbox.texts(), ["published before the backup", "due after the backup", "after the restore"])
        restored.stop()
        self.assert_verified_and_replayed(copy)

    def test_backups_under_writers_are_all_whole(self):
        service = self.world.serve(sandbox=False)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            writer = pool.submit(lambda: [service.api.post("/v1/posts", {"content": {"text": "x" * 3000}}).status
                                          for _ in range(150)])
            for number in range(5):
                path = self.world.folder / f"backup-{number}"
                made = run("backup", "--data", service.data.path, "--to", path)
                self.assertEqual(made.returncode, 0, made)
                self.assertEqual(run("verify", "--data", path).returncode, 0)
            self.assertEqual(set(writer.result()), {201})

    def test_a_backup_of_a_folder_at_rest_is_made_once_and_over_nothing(self):
        data = self.world.data()
        path = self.world.folder / "backup"
        self.assertEqual(run("backup", "--data", data.path, "--to", path).returncode, 0)
        again = run("backup", "--data", data.path, "--to", path)
        self.assertEqual(again.returncode, 71, again)
        self.assertIn("nothing was changed", again.stderr)
        nowhere = run("backup", "--data", data.path, "--to", self.world.folder / "no" / "such")
        self.assertEqual(nowhere.returncode, 71, nowhere)
        self.assertEqual(run("backup", "--data", self.world.folder / "none", "--to", path).returncode, 2)
        self.assertEqual(run("backup", "--data", data.path).returncode, 64)
        (data.path / "empty").mkdir()
        for inside in (data.path, data.path / "backup", data.path / "empty", data.path / "empty" / ".." / "x/", data.path / "log"):
            ended = run("backup", "--data", data.path, "--to", inside)
            self.assertEqual((ended.returncode, ended.stdout), (64, ""), ended)
            self.assertIn("lies in the data folder itself", ended.stderr)
        self.assertFalse((data.path / "backup").exists())
        beside = pathlib.Path(f"{data.path}-backup")
        self.assertEqual(run("backup", "--data", data.path, "--to", beside).returncode, 0)
        for secret in ("log.seed", "wire.secret", "master.key"):
            self.assertEqual((path / secret).stat().st_mode & 0o777, 0o600)
        self.assertEqual(path.stat().st_mode & 0o777, 0o700)

    def test_a_backup_of_an_altered_log_says_so_and_is_kept(self):
        service = self.world.serve(sandbox=False)
        for number in range(3):
            made = service.api.post("/v1/posts", {"content": {"text": f"the backed-up text number {number}"}})
            self.assertEqual(made.status, 201, made)
        service.stop()
        data = service.data
        first = next(event for event in data.events() if event["type"] == "post_created")
        log = data.path / "log" / "data.mdb"
        log.write_bytes(log.read_bytes().replace(b"the backed-up text number 0", b"the backed-up text number 9"))
        path = self.world.folder / "backup"
        made = run("backup", "--data", data.path, "--to", path)
        self.assertEqual((made.returncode, made.stdout), (1, ""), made)
        self.assertIn(f"the log is altered at position {first['seq']}: ", made.stderr)
        self.assertIn(f"{path} holds it as it is and was kept", made.stderr)
        verified = run("verify", "--data", path, "--json")
        self.assertEqual((verified.returncode, json.loads(verified.stdout)["position"]), (1, first["seq"]))

    def test_a_folder_without_read_models_is_replayed_and_served(self):
        service = self.world.serve()
        service.stop()
        shutil.rmtree(service.data.path / "views")
        replayed = run("replay", "--data", service.data.path, "--check")
        self.assertEqual(replayed.returncode, 0, replayed)
        self.assertIn("the folder has no read models to compare with", replayed.stdout)
        self.assertEqual(sorted(path.name for path in service.data.path.glob("replay.*")), [])
        service.start()
        self.assertEqual(service.api.get("/v1/posts").status, 200)
        service.stop()
        self.assert_verified_and_replayed(service.data)


if __name__ == "__main__":
    harness.main()
