#!/usr/bin/env python3
"""Keys and secrets, from outside: what an auditor may read opens nothing, a revoked key opens nothing any more, proofs and logs are
verified with a public key alone, and no process has a master key that it does not need."""

import http.client
import json
import os
import re
import time
from pathlib import Path

import harness
from frames import REFUSED, Rpc, WELCOME, sha256, tag_key
from harness import Api, Data, run

ACTS_WITHIN_S = 1


class Keys(harness.Case):
    def service(self, data=None):
        self.rpc_port = harness.free_port()
        return self.world.serve(data or self.world.data(), options=("--rpc", f"127.0.0.1:{self.rpc_port}"))

    def rpc(self, key):
        rpc = Rpc(self.rpc_port, tag_key(key), sha256(tag_key(key))[:16])
        self.world.at_end(rpc.close)
        return rpc

    def shown(self, service):
        """Everything that looks like a hash in what an auditor can read."""
        auditor = Api(service.port, service.data.another_key("auditor", "auditor"))
        read = auditor.get("/v1/events?limit=200").body.decode() + json.dumps(service.data.events())
        read += run("key", "list", "--data", service.data.path, "--json").stdout
        found = {bytes.fromhex(text) for text in re.findall(r"\b[0-9a-f]{64}\b", read)}
        self.assertIn(sha256(tag_key(service.data.key)), found)
        return found

    def test_no_hash_that_an_auditor_reads_is_taken_for_a_key(self):
        service = self.service()
        self.assertEqual(self.rpc(service.data.key).hello()[0], WELCOME)
        name = sha256(tag_key(service.data.key))[:16]
        for shown in self.shown(service):
            for tag in (shown, sha256(shown)):
                for named in (name, shown[:16], sha256(shown)[:16]):
                    rpc = Rpc(self.rpc_port, tag, named)
                    kind, body = rpc.hello()
                    rpc.close()
                    self.assertEqual((kind, b"frame_unauthenticated" in body), (REFUSED, True), shown.hex())

    def test_a_key_that_is_made_beside_a_running_service_opens_http_and_rpc(self):
        service = self.service()
        made = run("key", "make", "--data", service.data.path, "--name", "later", "--role", "editor", "--json")
        self.assertEqual(made.returncode, 0, made.stderr)
        key = json.loads(made.stdout)
        self.assertEqual(self.rpc(key["key"]).hello()[0], WELCOME)
        self.assertEqual(Api(service.port, key["key"]).post("/v1/posts", {}).status, 201)
        service.stop()
        service.start()
        self.assertEqual(self.rpc(key["key"]).hello()[0], WELCOME, "the vault's row outlives a restart")

    def test_an_auditors_key_ends_within_a_year_and_a_day(self):
        data = self.world.data()
        make = ("key", "make", "--data", data.path, "--name", "audit", "--role", "auditor")
        lines = run(*make).stdout.splitlines()
        self.assertEqual([line.split(":")[0] for line in lines], ["id", "name", "role", "expires", "key"])
        ends = time.mktime(time.strptime(lines[3][9:28], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        self.assertAlmostEqual(ends, time.time() + 366 * 86400, delta=60)
        refused = run(*make, "--expires", "367d")
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("366 days", refused.stderr)
        self.assertEqual(run(*make, "--expires", "30d").returncode, 0)

    def test_a_key_opens_nothing_from_its_expiry_on(self):
        service = self.service()
        wall = time.time()
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall + 4))
        made = run("key", "make", "--data", service.data.path, "--name", "brief", "--role", "viewer", "--expires", expires,
                   "--json")
        self.assertEqual(made.returncode, 0, made.stderr)
        key = json.loads(made.stdout)
        self.assertEqual(key["expires_at"], expires)
        api = Api(service.port, key["key"])
        if api.get("/v1/posts").status != 200:
            self.assertGreaterEqual(time.time(), wall + 3)  # the machine was too busy to be asked in time
        harness.wait_until(lambda: api.get("/v1/posts").status == 401, 10, "expired")
        self.assertGreaterEqual(time.time(), int(wall + 4))
        self.assertEqual(self.rpc(key["key"]).hello()[0], REFUSED)
        listed = [json.loads(line) for line in run("key", "list", "--data", service.data.path, "--json").stdout.splitlines()]
        self.assertIn((key["id"], expires), [(one["id"], one["expires_at"]) for one in listed])
        self.assertRegex(run("key", "list", "--data", service.data.path).stdout, rf"{key['id']} .* expired \d")

    def test_an_expiry_is_an_instant_to_come_or_days(self):
        data = self.world.data()
        make = ("key", "make", "--data", data.path, "--name", "a", "--role", "viewer")
        made = run(*make, "--expires", "90d")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertRegex(made.stdout, r"\nexpires: 20\d\d-.*Z\nkey: op_a_\w{43}\n$")
        for wrong in ("", "90", "0d", "12h", "2001-01-01T00:00:00Z", "2101-01-01T00:00:00", "soon", "99999d"):
            ended = run(*make, "--expires", wrong)
            self.assertEqual(ended.returncode, 64, (wrong, ended))
            self.assertIn(f"--expires {wrong}: expected an instant to come", ended.stderr)
        self.assertEqual(run("key", "list", "--data", data.path, "--expires", "90d").returncode, 64)
        self.assertEqual(len(run("key", "list", "--data", data.path).stdout.splitlines()), 2)

    def test_a_key_keeps_the_scopes_and_accounts_that_are_named(self):
        service = self.service()
        account = service.api.connect("alice.test")["id"]
        make = ("key", "make", "--data", service.data.path, "--name", "narrow", "--role", "editor")
        made = run(*make, "--scopes", "posts:read,integrations:read", "--integrations", account)
        self.assertEqual(made.returncode, 0, made.stderr)
        lines = made.stdout.splitlines()
        self.assertEqual([line.split(":")[0] for line in lines], ["id", "name", "role", "scopes", "integrations", "key"])
        self.assertEqual(lines[3:5], ["scopes: posts:read,integrations:read", f"integrations: {account}"])
        api = Api(service.port, lines[-1].removeprefix("key: "))
        self.assertEqual([one["id"] for one in api.get("/v1/integrations").json()["data"]], [account])
        self.assert_problem(api.post("/v1/posts", {}), 403, "scope_insufficient")
        listed = run("key", "list", "--data", service.data.path).stdout.splitlines()
        self.assertTrue(listed[-1].endswith(f"Z workspace main scopes posts:read,integrations:read integrations {account}"), listed)
        row = json.loads(run("key", "list", "--data", service.data.path, "--json").stdout.splitlines()[-1])
        self.assertEqual((row["scopes"], row["integrations"]), (["posts:read", "integrations:read"], [account]))
        told = json.loads(run(*make, "--scopes", "posts:read", "--json").stdout)
        self.assertEqual((told["scopes"], told["integrations"]), (["posts:read"], None))
        unknown = account[:-1] + ("0" if account[-1] != "0" else "1")
        for option, value, sentence in (("--scopes", "keys:write", "does not reach"), ("--integrations", unknown, "names nothing")):
            refused = run(*make, option, value)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""), refused)
            self.assertIn(sentence, refused.stderr)
        for option, wrong in (("--scopes", "posts"), ("--scopes", ""), ("--scopes", ",posts:read"), ("--scopes", ",".join(["posts:read"] * 14)),
                              ("--integrations", ""), ("--integrations", "int_x"), ("--integrations", ",".join([account] * 51))):
            self.assertEqual(run(*make, option, wrong).returncode, 64, (option, wrong))
        scopes = "posts:read, posts:write, integrations:read, integrations:write, analytics:read, members:read, members:write, keys:read, keys:write, settings:read, settings:write, log:read, billing:read"
        self.assertIn(f"--scopes posts:reed: expected one or more, with commas between them, of {scopes.replace(', ', ',')}\n", run(*make, "--scopes", "posts:reed").stderr)
        self.assertEqual(run("key", "list", "--data", service.data.path, "--scopes", "posts:read").returncode, 64)

    def test_a_revoked_key_opens_nothing_within_a_second_whatever_connection_it_comes_by(self):
        service = self.service()
        key = json.loads(run("key", "--data", service.data.path, "--name", "short", "--role", "viewer", "--json").stdout)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        self.world.at_end(connection.close)
        rpc = self.rpc(key["key"])

        def http_status():
            connection.request("GET", "/v1/posts", headers={"Authorization": f"Bearer {key['key']}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        self.assertEqual((http_status(), rpc.hello()[0]), (200, WELCOME))
        revoked = run("key", "revoke", key["id"], "--data", service.data.path, "--json")
        at = time.monotonic()
        self.assertEqual((revoked.returncode, json.loads(revoked.stdout)), (0, {"id": key["id"], "already": False}))
        self.assertEqual((http_status(), rpc.hello()[0]), (401, REFUSED))
        self.assertLess(time.monotonic() - at, ACTS_WITHIN_S)
        again = run("key", "revoke", key["id"], "--data", service.data.path, "--json")
        self.assertEqual((again.returncode, json.loads(again.stdout)["already"]), (0, True))
        listed = {row["name"]: row for row in map(json.loads, run("key", "list", "--data", service.data.path,
                                                                  "--json").stdout.splitlines())}
        self.assertEqual((listed["short"]["id"], listed["short"]["role"]), (key["id"], "viewer"))
        self.assertTrue(listed["short"]["revoked_at"])
        self.assertIsNone(listed["owner"]["revoked_at"])

    def test_a_stopped_folder_s_keys_are_listed_and_revoked_too_and_refusals_have_their_exit_codes(self):
        data = self.world.data()
        data.another_key("second", "editor")
        rows = list(map(json.loads, run("key", "list", "--data", data.path, "--json").stdout.splitlines()))
        self.assertEqual([row["name"] for row in rows], ["owner", "second"])
        self.assertEqual(run("key", "revoke", rows[1]["id"], "--data", data.path).returncode, 0)
        unknown = rows[1]["id"][:-1] + ("0" if rows[1]["id"][-1] != "0" else "1")
        ended = run("key", "revoke", unknown, "--data", data.path)
        self.assertEqual((ended.returncode, ended.stderr), (1, f"openpost key: there is no key {unknown} (openpost key list)\n"))
        for wrong in (("revoke",), ("revoke", "key_x"), ("burn",), ("list", "more"), ("list", "--name", "x")):
            self.assertEqual(run("key", *wrong, "--data", data.path).returncode, 64, wrong)
        self.assertEqual(run("key", "list", "--data", self.world.folder / "nothing").returncode, 2)

    def test_a_workspace_is_named_by_its_slug_or_its_id_and_the_list_has_columns(self):
        data = self.world.data("data", "--slug", "acme")
        key = json.loads(run("key", "list", "--data", data.path, "--json").stdout)
        for name in ("acme", key["workspace_id"]):
            listed = run("key", "list", "--data", data.path, "--workspace", name)
            self.assertEqual(listed.stdout.splitlines(keepends=True)[0], f"{key['id']} {'owner':7} {'owner':24} made    {key['created_at']}\n", listed)
            made = run("key", "make", "--data", data.path, "--workspace", name, "--name", "more", "--role", "viewer")
            self.assertEqual(made.returncode, 0, made)
            self.assertEqual(run("key", "revoke", made.stdout.split()[1], "--data", data.path).returncode, 0)
        self.assertEqual(run("workspace", "create", "--data", data.path, "--slug", "other", "--name", "Other").returncode, 0)
        owners = [line for line in run("key", "list", "--data", data.path).stdout.splitlines() if " owner " in line]
        self.assertEqual([line.split("Z", 1)[1] for line in owners], [" workspace acme", " workspace other"], "two owners are told apart")
        for name in ("acm", "ACME", "", key["workspace_id"][:-1]):
            for form in (("list",), ("make", "--name", "more", "--role", "viewer")):
                refused = run("key", *form, "--data", data.path, "--workspace", name)
                self.assertEqual((refused.returncode, refused.stdout, refused.stderr), (1, "", f"openpost key: --workspace {name}: there is no such workspace (openpost workspace list)\n"))

    def test_a_proof_is_verified_whole_with_the_public_key_alone(self):
        service = self.service()
        auditor = Api(service.port, service.data.another_key("auditor", "auditor"))
        verifier = auditor.get("/v1/log/verifier").body.decode().strip()
        shown = run("verify", "--data", service.data.path, "--show-verifier")
        self.assertEqual(shown.stdout.strip(), verifier)
        self.assertRegex(verifier, r"^openpost/sys_[0-9a-z]{26}\+[0-9a-f]{8}\+[0-9A-Za-z+/]{44}$")
        events = {row["workspace_seq"]: row for row in auditor.get("/v1/events").json()["data"]}
        file = self.world.folder / "event.tlog-proof"
        for number in (1, 2, 3):
            proof = auditor.get(f"/v1/log/proof/{number}").body.decode()
            file.write_text(proof)
            good = run("verify", "--proof", file, "--verifier", verifier, "--json")
            self.assertEqual(good.returncode, 0, (good, proof))
            said = json.loads(good.stdout)
            stored = next(event for event in service.data.events() if event["seq"] == said["seq"])
            self.assertEqual((said.pop("result"), stored["workspace_seq"]), ("good", number))
            self.assertEqual((said["type"], said["payload_sha256"]), (events[number]["type"], events[number]["payload_sha256"]))
            self.assertEqual(said, stored, "the whole leaf and its payload")
            shown = run("verify", "--proof", file, "--verifier", verifier).stdout
            for line in (f"time: {stored['time']}", f"type: {stored['type']}", f"stream: {stored['stream']}", f"seq: {stored['seq']}",
                         f"command: {stored['command_id']}", f"payload SHA-256: {stored['payload_sha256']}"):
                self.assertIn("\n" + line + "\n", shown)
            self.assertIn(f"\nactor: {stored['actor']}", shown)
            lines = proof.splitlines()
            self.assertEqual([lines[0], lines[1][:6], lines[2][:6]], ["c2sp.org/tlog-proof@v1", "extra ", "index "])
            self.assertTrue(lines[-1].startswith("\N{EM DASH} openpost/sys_"), "nothing follows the signatures")
            for at, line in enumerate(lines):
                for character in (5, len(line) - 2):
                    if len(line) > 8:
                        wrong = "A" if line[character] != "A" else "B"
                        changed = lines[:at] + [line[:character] + wrong + line[character + 1:]] + lines[at + 1:]
                        file.write_text("\n".join(changed) + "\n")
                        self.assertNotEqual(run("verify", "--proof", file, "--verifier", verifier).returncode, 0, changed)

    def test_what_is_no_proof_and_a_proof_of_another_log_are_told_apart(self):
        service = self.service()
        proof = service.api.get("/v1/log/proof/1").body
        file = self.world.folder / "event.tlog-proof"
        other = run("verify", "--data", self.world.data("other").path, "--show-verifier").stdout.strip()
        own = run("verify", "--data", service.data.path, "--show-verifier").stdout.strip()
        for bad, sentence in ((b"", "it is empty"), (b"garbage\n", "not a proof"), (os.urandom(300), "not a proof"),
                              (proof[:80], "not a proof"), (proof.split(b"\n\n")[0] + b"\n\n", "not a proof"),
                              (b"x" * 100_000, "not a proof"), (proof.replace(b"extra ", b"index "), "not a proof")):
            file.write_bytes(bad)
            ended = run("verify", "--proof", file, "--verifier", own)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), (bad, ended))
            self.assertIn(f"{file}: it is", ended.stderr)
            self.assertIn(sentence, ended.stderr)
        file.write_bytes(proof)
        ended = run("verify", "--proof", file, "--verifier", other)
        self.assertEqual((ended.returncode, ended.stdout.split(":")[0]), (1, "not_signed"), ended)
        told = json.loads(run("verify", "--proof", file, "--verifier", other, "--json").stdout)
        self.assertEqual((told["result"], "not signed by that key" in told["sentence"]), ("not_signed", True), told)

    def test_a_log_is_verified_without_its_private_key_and_not_with_another_s_public_one(self):
        data, other = self.world.data(), self.world.data("other")
        verifier = run("verify", "--data", data.path, "--show-verifier").stdout.strip()
        (data.path / "log.seed").unlink()
        self.assertEqual(data.verify().returncode, 0)
        self.assertEqual(run("verify", "--data", data.path, "--verifier", verifier).returncode, 0)
        foreign = run("verify", "--data", other.path, "--show-verifier").stdout.strip()
        ended = run("verify", "--data", data.path, "--verifier", foreign)
        names = [key.split("+")[0] for key in (verifier, foreign)]
        self.assertEqual((ended.returncode, ended.stdout), (1, f"not this key's log: the folder is of {names[0]}, the key of {names[1]}; "
                                                            "nothing was read\n"))
        told = json.loads(run("verify", "--data", data.path, "--verifier", foreign, "--json").stdout)
        self.assertEqual(told, {"result": "other_log", "folder": names[0], "verifier": names[1]})
        keyless = run("verify", "--proof", self.world.folder / "any")
        self.assertEqual((keyless.returncode, "--verifier VKEY, or --data DIR" in keyless.stderr), (64, True), keyless)
        self.assertEqual(run("verify", "--data", data.path, "--verifier", "no key").returncode, 64)

    def test_no_plain_hash_of_a_body_with_a_password_is_kept(self):
        service = self.service()
        body = json.dumps({"channel": "bluesky", "identifier": "alice.test", "app_password": "abcd-efgh-ijkl-mnop"}).encode()
        for _ in range(2):
            made = service.api.post("/v1/integrations", body, {"Idempotency-Key": "once"})
            self.assertEqual(made.status, 201, made)
        service.stop()
        for file in service.data.path.rglob("*.mdb"):
            self.assertNotIn(sha256(body), harness.stored_bytes(file), file)


class MasterKey(harness.Case):
    def test_only_who_opens_the_vault_is_given_the_master_key_and_nobody_keeps_it_in_its_environment(self):
        master = os.urandom(32).hex()
        env = {"OPENPOST_MASTER_KEY": master}
        data = object.__new__(Data)
        data.path = self.world.folder / "data"
        made = run("init", "--data", data.path, env=env)
        self.assertEqual(made.returncode, 0, made.stderr)
        data.key = made.stdout.splitlines()[-1].removeprefix("key: ")
        (data.path / "master.key").unlink()
        rpc_port = harness.free_port()
        service = harness.Serve(self.world, data, options=("--rpc", f"127.0.0.1:{rpc_port}")).start(env)
        serve = service.process.child.pid

        def environments():
            return {name: Path(f"/proc/{pid}/environ").read_bytes() for name, pid in [("openpost-serve", serve),
                                                                                      *harness.children(serve).items()]}
        seen = environments()
        self.assertEqual(len(seen), 7)
        for name, environment in seen.items():
            self.assertIn(b"PATH=", environment)
            self.assertNotIn(master.encode(), environment, name)
            if not name.startswith(("openpost-ledger", "openpost-sched", "openpost-serve")):
                self.assertNotIn(b"OPENPOST_MASTER_KEY", environment, name)
        integration = service.api.connect()
        service.api.wait_post(service.api.publish("sealed by the environment's key", integration), "published")
        rpc = Rpc(rpc_port, tag_key(data.key), sha256(tag_key(data.key))[:16])
        self.world.at_end(rpc.close)
        self.assertEqual(rpc.hello()[0], WELCOME)
        killed = harness.children(serve)["openpost-ledger"]
        os.kill(killed, 9)

        def again():
            try:
                return service.api.get("/readyz").status == 200
            except (OSError, http.client.HTTPException):
                return False
        harness.wait_until(lambda: harness.children(serve).get("openpost-ledger", killed) != killed and again(), 60, "a ledger again")
        rpc = Rpc(rpc_port, tag_key(data.key), sha256(tag_key(data.key))[:16])
        self.world.at_end(rpc.close)
        self.assertEqual(rpc.hello()[0], WELCOME, "the ledger that was started again has the key, too")
        for name, environment in environments().items():
            self.assertNotIn(master.encode(), environment, name)

    def test_a_key_that_this_master_key_cannot_unseal_opens_http_only_and_is_told_so(self):
        data = self.world.data()
        rpc_port = harness.free_port()
        service = harness.Serve(self.world, data, options=("--rpc", f"127.0.0.1:{rpc_port}"))
        service.start({"OPENPOST_MASTER_KEY": os.urandom(32).hex()})
        self.assertEqual(service.api.get("/v1/posts").status, 200)
        rpc = Rpc(rpc_port, tag_key(data.key), sha256(tag_key(data.key))[:16])
        self.world.at_end(rpc.close)
        kind, body = rpc.hello()
        self.assertEqual((kind, b"key_not_in_vault" in body), (REFUSED, True), body)


if __name__ == "__main__":
    harness.main()
