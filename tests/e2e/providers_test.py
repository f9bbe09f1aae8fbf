#!/usr/bin/env python3
"""Identity providers are added, listed and removed by the operator, on a folder that nobody serves and beside a running service alike;
our secret at one is in the vault and shown by nothing."""

import json
import os
import pty
import signal
import subprocess
import termios

import harness
from harness import run, stored_bytes

SECRET = "a-client-secret-that-nobody-sees"
ADD = ("--name", "Acme", "--issuer", "https://id.acme.test/", "--client-id", "openpost")


class Providers(harness.Case):
    def added(self, data, *options, secret=SECRET):
        """What an option of ADD is said to be takes its place: each is said once."""
        usual = [word for name, value in zip(ADD[::2], ADD[1::2]) if name not in options for word in (name, value)]
        return subprocess.run([harness.EXECUTABLE, "provider", "add", "--data", data.path, *usual, *options], input=secret + "\n",
                              text=True, capture_output=True, timeout=60)

    def listed(self, data):
        shown = run("provider", "list", "--data", data.path, "--json")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        return [json.loads(line) for line in shown.stdout.splitlines()]

    def there_and_back(self, data):
        made = self.added(data, "--links-by-address")
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        provider = made.stdout.split()[1]
        self.assertTrue(provider.startswith("idp_"))
        (line,) = self.listed(data)
        self.assertEqual((line["id"], line["name"], line["issuer"], line["client_id"]), (provider, "Acme", "https://id.acme.test/", "openpost"))
        self.assertEqual((line["public"], line["links_by_address"]), (False, True))
        self.assertIn("secret links https://id.acme.test/", run("provider", "list", "--data", data.path).stdout)
        self.assertEqual(run("provider", "remove", provider, "--data", data.path).returncode, 0)
        self.assertEqual(self.listed(data), [])
        again = run("provider", "remove", provider, "--data", data.path)
        self.assertEqual(again.returncode, 1)
        self.assertIn("there is no such provider", again.stderr)
        made = self.added(data, "--public")
        self.assertEqual(made.returncode, 0)
        (line,) = self.listed(data)
        self.assertEqual((line["public"], line["links_by_address"]), (True, False))
        self.assertEqual(run("provider", "remove", line["id"], "--data", data.path).returncode, 0)
        for path in data.path.rglob("*"):
            self.assertNotIn(SECRET.encode(), stored_bytes(path) if path.is_file() else b"", path)

    def test_beside_a_service_and_without_one(self):
        data = self.world.data()
        self.there_and_back(data)
        service = self.world.serve(data)
        self.there_and_back(data)
        service.stop()

    def test_without_the_process_that_talks_to_them_a_service_is_ready_and_has_it_back(self):
        service = self.world.serve()
        serve = service.process.child.pid
        first = harness.children(serve)["openpost-idp"]
        os.kill(first, signal.SIGSTOP)
        self.assertEqual(service.api.get("/readyz").status, 200)
        self.assertEqual(service.api.post("/v1/posts", {"content": {"text": "as ever"}}).status, 201)
        os.kill(first, signal.SIGKILL)
        harness.wait_until(lambda: harness.children(serve).get("openpost-idp", first) != first, 30, "another one")
        self.assertEqual(service.api.get("/readyz").status, 200)
        service.stop()
        told = service.process.output()
        self.assertLess(told.index("process=identity what=stopped"), told.index("process=ledger what=stopped"))

    def test_a_secret_is_one_line_of_a_file_or_of_stdin(self):
        data = self.world.data("files")
        secret = self.world.folder / "secret"
        secret.write_text(SECRET + "\r\nwhat follows is none of it\n")
        self.assertEqual(self.added(data, "--secret-file", secret, secret="").returncode, 0)
        self.assertEqual(self.added(data, "--client-id", "longest", secret="x" * 1024).returncode, 0)
        other = ("--client-id", "other")
        for wrong in ("", "x" * 1025):
            refused = self.added(data, *other, secret=wrong)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("no secret of 1 to 1024 bytes", refused.stderr)
        for place, why in ((secret.parent / "nowhere", "No such file or directory"), (secret.parent, "Is a directory")):
            refused = self.added(data, *other, "--secret-file", place)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn(f"--secret-file {place}: {why}", refused.stderr)
        self.assertEqual(self.added(data, *other, "--secret-file", secret, "--public").returncode, 64)
        self.assertEqual(len(self.listed(data)), 2)

    def test_a_terminal_is_asked_for_the_secret_and_does_not_show_it(self):
        data = self.world.data("typed")
        ours, theirs = pty.openpty()
        child = subprocess.Popen([harness.EXECUTABLE, "provider", "add", "--data", data.path, *ADD], stdin=theirs, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.assertEqual(child.stderr.read(len("the client's secret: ")), "the client's secret: ")
        harness.wait_until(lambda: not termios.tcgetattr(theirs)[3] & termios.ECHO, 10, "a terminal that shows nothing")
        os.write(ours, (SECRET + "\n").encode())
        told, _ = child.communicate(timeout=60)
        self.assertEqual((child.returncode, told), (0, f"id: {self.listed(data)[0]['id']}\n"))
        self.assertTrue(termios.tcgetattr(theirs)[3] & termios.ECHO)
        for end in (ours, theirs):
            os.close(end)

    def test_one_issuer_knows_us_by_one_client_id_once(self):
        data = self.world.data("twice")
        for served in (False, True):
            service = self.world.serve(data) if served else None
            first = self.added(data).stdout.split()[1]
            again = self.added(data, "--name", "Acme again", secret="another")
            self.assertEqual((again.returncode, again.stdout), (1, ""))
            self.assertIn(f"--issuer and --client-id are those of {first}", again.stderr)
            for option in (("--client-id", "another"), ("--issuer", "https://id.acme.test")):  # without the slash: another issuer
                other = self.added(data, *option)
                self.assertEqual(other.returncode, 0, other.stderr)
                self.assertEqual(run("provider", "remove", other.stdout.split()[1], "--data", data.path).returncode, 0)
            self.assertEqual(run("provider", "remove", first, "--data", data.path).returncode, 0)
            if service:
                service.stop()

    def test_an_issuer_is_an_address_that_may_be_asked(self):
        data = self.world.data("issuers")
        for issuer in ("http://id.acme.test", "id.acme.test", "https://id.acme.test/?a=b", "https://id.acme.test/#a", "https://a@id.acme.test",
                       "https://id.acme.test/" + "a" * 2000, ""):
            refused = self.added(data, "--issuer", issuer)
            self.assertEqual(refused.returncode, 64, issuer)
            self.assertIn("--issuer", refused.stderr)
        self.assertEqual(self.added(data, "--issuer", "http://127.0.0.1:9000").returncode, 0)
        self.assertEqual(run("provider", "remove", "usr_01ka0000000000000000000000", "--data", data.path).returncode, 64)
        self.assertEqual(run("provider", "add", "--data", data.path, "--name", "Acme").returncode, 64)


if __name__ == "__main__":
    harness.main()
