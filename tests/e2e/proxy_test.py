#!/usr/bin/env python3
"""Behind a proxy: who is trusted (--trusted-proxy) tells whose request it is, and nobody else does. With the README's own lines for
nginx: TLS, sign-in, streams, and headers that a client makes up."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import unittest

import harness
from harness import ROOT, Api, free_port, run, wait_until
from sign_in_test import PASSWORD, person

PER_PLACE, WINDOW_S = 60, 900  # tries of a password from one place, in a quarter of an hour
HOST = "posts.example.com"
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


class Proxied(Api):
    """As a proxy on this machine forwards a request: with what it says of the client."""

    def __init__(self, port, origin, **said):
        super().__init__(port, timeout_s=120)
        self.origin, self.said = origin, {name.replace("_", "-"): value for name, value in said.items()}

    def request(self, method, path, body=None, headers=None):
        return super().request(method, path, body, {"Origin": self.origin, **self.said, **(headers or {})})

    def sign_in(self, name="ada", password=PASSWORD):
        return self.post("/v1/session", {"email": f"{name}@example.com", "password": password})

    def networks(self):
        """Where the sessions of the one who has just signed in were begun: the newest is last."""
        made = self.sign_in()
        assert made.status == 201, made
        cookie = made.headers["Set-Cookie"].partition(";")[0]
        return [one["network"] for one in self.get("/v1/sessions", headers={"Cookie": cookie}).json()["data"]]


class Trusting(harness.Case):
    @classmethod
    def make_world(cls):
        cls.data = cls.world.data()
        person(cls.data, "ada", "--workspace", "main", "--role", "owner")
        cls.service = cls.world.serve(cls.data, options=("--trusted-proxy", "127.0.0.1,10.0.0.0/8,2001:db8:f::/48"))
        cls.origin = f"http://127.0.0.1:{cls.service.port}"

    def proxied(self, **said):
        return Proxied(self.service.port, self.origin, **said)

    def tries(self, client):
        """How many are taken until one is one too many."""
        taken = 0
        while client(taken).sign_in(f"nobody{taken}", "x").status == 401:
            taken += 1
            self.assertLess(taken, 3 * PER_PLACE)
        return taken

    def assert_one_place(self, client):
        """They are counted, whatever client(n) says of itself; and they come back one by one."""
        began, tries = time.monotonic(), self.tries(client)
        self.assertGreaterEqual(tries, PER_PLACE)
        self.assertLessEqual(tries, PER_PLACE + 1 + (time.monotonic() - began) / WINDOW_S * PER_PLACE)


class Liars(Trusting):
    def test_who_sends_headers_that_contradict_each_other_is_counted_with_all_who_do(self):
        """One of the two is made up: whatever it says, it opens no new place, and takes none of anybody else's tries."""
        self.assert_one_place(lambda number: self.proxied(X_Forwarded_For="198.51.100.9", Forwarded=f"for=203.0.113.{number}"))
        for client in (self.proxied(X_Forwarded_For="198.51.100.9"), self.proxied(Forwarded="for=203.0.113.7"),
                       self.proxied(X_Forwarded_For="203.0.113.8", Forwarded="for=203.0.113.8")):
            self.assertEqual(client.sign_in("nobody", "x").status, 401)


class Direct(Trusting):
    def test_whose_session_it_is_the_trusted_proxy_tells(self):
        for said, network in (({}, "127.0.0.0/24"),
                              ({"X_Forwarded_For": "203.0.113.9, 198.51.100.77"}, "198.51.100.0/24"),
                              ({"X_Forwarded_For": "198.51.100.77, 10.1.2.3"}, "198.51.100.0/24"),
                              ({"X_Forwarded_For": "2001:db8:1:2:3::4"}, "2001:0db8:0001::/48"),
                              ({"Forwarded": 'for="[2001:db8:7::1]:4711";proto=https'}, "2001:0db8:0007::/48"),
                              ({"X_Forwarded_For": "198.51.100.77", "Forwarded": "for=203.0.113.9"}, "127.0.0.0/24"),
                              ({"X_Forwarded_For": "198.51.100.77, <script>"}, "127.0.0.0/24")):
            self.assertEqual(self.proxied(**said).networks()[-1], network, said)

    def test_somebody_else_who_says_so_is_who_they_are(self):
        stranger = self.proxied(X_Forwarded_For="198.51.100.77")
        stranger.source = "127.0.0.2"
        self.assertEqual(stranger.networks()[-1], "127.0.0.0/24")

    def test_tries_are_counted_by_the_client_and_not_by_the_proxy(self):
        one, other = (self.proxied(X_Forwarded_For=address) for address in ("198.51.100.1", "198.51.100.2"))
        self.assert_one_place(lambda _: one)
        self.assertEqual(other.sign_in("nobody", "x").status, 401)
        began, tries = time.monotonic(), self.tries(lambda _: self.proxied(X_Forwarded_For="198.51.100.2, 198.51.100.1"))
        self.assertLessEqual(tries, 1 + (time.monotonic() - began) / WINDOW_S * PER_PLACE)

    def test_figures_of_all_tenants_are_for_this_machine_alone(self):
        self.assertEqual(self.proxied().get("/metrics").status, 200)
        self.assertEqual(self.proxied(X_Forwarded_For="198.51.100.77").get("/metrics").status, 404)
        self.assertEqual(self.proxied(Forwarded="for=198.51.100.77").get("/metrics").status, 404)

    def test_what_is_no_network_is_refused_at_the_start(self):
        for wrong in ("", "localhost", "127.0.0.1,", "10.0.0.1/8", "0.0.0.0/0", "::/129", "10.0.0.0/x"):
            ended = run("serve", "--data", self.data.path, "--listen", f"127.0.0.1:{free_port()}", "--trusted-proxy", wrong)
            self.assertEqual((ended.returncode, wrong in ended.stderr), (64, True), ended)


class Unproxied(harness.Case):
    def test_figures_are_for_nobody_who_came_to_a_proxy_of_this_machine(self):
        """Trusted or not: a proxy that nobody told us of passes on requests of the whole world, and is on loopback, too."""
        for options in ((), ("--trusted-proxy", "10.0.0.1"), ("--trusted-proxy", "127.0.0.1")):
            service = self.world.serve(self.world.data(f"data-{len(options)}-{options[-1:]}"), options=options)
            self.assertEqual(Api(service.port).get("/metrics").status, 200, options)
            for headers in ({"X-Forwarded-For": "198.51.100.77"}, {"Forwarded": "for=198.51.100.77"}, {"X-Forwarded-For": "127.0.0.1"},
                            {"Forwarded": 'for="[::1]"'}, {"X-Forwarded-For": ""}, {"Forwarded": "for=unknown"},
                            {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=198.51.100.77"}):
                self.assert_problem(Api(service.port).get("/metrics", headers=headers), 404, "not_found")
            service.stop()


class Nginx(harness.Case):
    @classmethod
    def make_world(cls):
        if NGINX is None:
            raise unittest.SkipTest("nginx is not installed")
        cls.data = cls.world.data()
        person(cls.data, "ada", "--workspace", "main", "--role", "owner")
        cls.service = cls.world.serve(cls.data, options=("--trusted-proxy", "127.0.0.1", "--public-url", f"https://{HOST}"))
        folder = cls.data.path.parent / "nginx"
        folder.mkdir()
        cls.port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", folder / "posts.key", "-out",
                        folder / "posts.pem"], check=True, stderr=subprocess.DEVNULL, timeout=60)
        (lines,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        for written, here in (("listen 443 ssl", f"listen 127.0.0.1:{cls.port} ssl"), ("127.0.0.1:8181", f"127.0.0.1:{cls.service.port}"),
                              ("/etc/ssl/posts", str(folder / "posts"))):
            assert written in lines, written
            lines = lines.replace(written, here)
        kept = "".join(f"{what}_temp_path {folder / what};\n" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        owner = "user root root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(f"{owner} daemon off; pid {folder / 'pid'}; error_log stderr; events {{}}\n"
                                           f"http {{ access_log off;\n{kept}{lines}}}\n")
        cls.trust = ssl.create_default_context(cafile=folder / "posts.pem")
        cls.nginx = cls.world.process("nginx", [NGINX, "-p", folder, "-c", folder / "nginx.conf"])
        cls.nginx.start(wait=False)
        wait_until(lambda: cls.nginx.alive() and cls.answers(), 20, "an answer through nginx")

    @classmethod
    def answers(cls):
        try:
            return cls.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    @classmethod
    def connection(cls, source="127.0.0.1"):
        made = http.client.HTTPSConnection(HOST, cls.port, timeout=30, source_address=(source, 0), context=cls.trust)
        made._create_connection = lambda address, timeout, source_address: socket.create_connection(  # the name is for the certificate
            ("127.0.0.1", cls.port), timeout, source_address)
        return made

    @classmethod
    def ask(cls, method, path, body=None, source="127.0.0.1", **headers):
        connection = cls.connection(source)
        sent = {"Origin": f"https://{HOST}", "Host": HOST, "Content-Type": "application/json" if body else None,
                **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, json.dumps(body) if body else None, {name: value for name, value in sent.items() if value})
        response = connection.getresponse()
        answer = harness.Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def networks(self, source, **headers):
        made = self.ask("POST", "/v1/session", {"email": "ada@example.com", "password": PASSWORD}, source, **headers)
        self.assertEqual(made.status, 201, made)
        self.assertTrue(made.headers["Set-Cookie"].startswith("__Host-openpost="), made.headers)
        cookie = made.headers["Set-Cookie"].partition(";")[0]
        return [one["network"] for one in self.ask("GET", "/v1/sessions", Cookie=cookie).json()["data"]]

    def test_the_lines_of_the_readme_tell_who_asks_whatever_a_client_says(self):
        self.assertEqual(self.networks("127.3.2.1")[-1], "127.3.2.0/24")
        self.assertEqual(self.networks("127.3.4.1", X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9")[-1], "127.3.4.0/24")

    def test_keys_streams_and_figures_go_through_it_as_they_should(self):
        key = {"Authorization": f"Bearer {self.data.key}"}
        self.assertEqual(self.ask("GET", "/v1/posts", **key).status, 200)
        self.assertEqual(self.ask("GET", "/metrics").status, 404)
        connection = self.connection()
        connection.request("GET", "/v1/events/stream?after=0", headers={"Host": HOST, **key})
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        lines = [response.readline() for _ in range(4)]  # at once: nothing is held back
        self.assertIn(b"id: ", {line[:4] for line in lines}, lines)
        response.close()
        connection.close()


if __name__ == "__main__":
    harness.main()
