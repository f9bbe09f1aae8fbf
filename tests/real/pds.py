"""A real Bluesky PDS for the tests of this folder, and a proxy that can stand between it and the adapter."""

import base64
import collections
import hmac
import http.client
import http.server
import json
import pathlib
import secrets
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import harness  # noqa: E402

POSTS = "app.bsky.feed.post"


def installed():
    """The folder of the PDS; installs it when this machine has none yet. A failure here is the test's failure."""
    done = subprocess.run([HERE / "bluesky_pds" / "setup"], stdout=subprocess.PIPE, timeout=1500, check=True, text=True)
    return pathlib.Path(done.stdout.splitlines()[-1])


class Account:
    def __init__(self, did, handle, password, token):
        self.did, self.handle, self.password, self.token = did, handle, password, token


class Pds:
    """The server and its directory of identities, as one process."""

    def __init__(self, world, rate_limits=False):
        self.port = harness.free_port()
        self.url = f"http://localhost:{self.port}"
        self.api = harness.Api(self.port, timeout_s=60)
        self.process = world.process(f"pds-{self.port}", ["node", "pds.cjs", self.port, harness.free_port()],
                                     folder=installed())
        self.secret = secrets.token_hex(16)
        # Its own temporary folder lies in the test's, so that nothing is left even if it is killed.
        environment = {"TMPDIR": str(world.folder), "LOG_ENABLED": "false", "PDS_JWT_SECRET": self.secret}
        self.process.start(dict(environment, PDS_RATE_LIMITS="1") if rate_limits else environment, wait=False)

        def ready():
            assert self.process.alive(), self.process.tail()
            return "READY" in self.process.output()
        harness.wait_until(ready, 60, "ready: the PDS")

    def call(self, method, name, body=None, token=None, query=""):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.api.request(method, f"/xrpc/{name}{query}", body, headers)

    def create_account(self, name):
        handle, password = f"{name}.test", "a-password-of-" + name
        made = self.call("POST", "com.atproto.server.createAccount",
                         {"handle": handle, "password": password, "email": f"{name}@example.org"})
        assert made.status == 200, made
        return Account(made.json()["did"], handle, password, made.json()["accessJwt"])

    def expired(self, token):
        """The same access token, as the server itself would have signed it three hours ago: dead for one."""
        head, claims, _ = token.split(".")
        content = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        content = dict(content, iat=int(time.time()) - 3 * 3600, exp=int(time.time()) - 3600)
        signed = head + "." + base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
        proof = hmac.digest(self.secret.encode(), signed.encode(), "sha256")
        return signed + "." + base64.urlsafe_b64encode(proof).decode().rstrip("=")

    def records(self, account):
        """Every post of the account's repository, oldest first: what is really live."""
        found, cursor = [], ""
        while True:
            answer = self.call("GET", "com.atproto.repo.listRecords", query=f"?repo={account.did}&collection={POSTS}"
                               f"&limit=100&reverse=true{cursor}")
            assert answer.status == 200, answer
            page = answer.json()
            found += page["records"]
            if not page.get("cursor"):
                return found
            cursor = "&cursor=" + page["cursor"]

    def record(self, uri):
        """One record by its at:// address."""
        did, collection, rkey = uri.removeprefix("at://").split("/")
        answer = self.call("GET", "com.atproto.repo.getRecord", query=f"?repo={did}&collection={collection}&rkey={rkey}")
        assert answer.status == 200, answer
        return answer.json()


class Proxy:
    """Hands every call on to the PDS, unless a rule says otherwise. Rules have the names that the sandbox gives them:
    silence_after_accepting, slow. One is its own: expired_session gives a session whose access token is dead."""

    def __init__(self, world, pds):
        self.pds, self.rules, self.lock, self.created = pds, [], threading.Lock(), 0
        self.calls, self.refusals = collections.Counter(), []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy.handle(self, None)

            def do_POST(self):
                proxy.handle(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # whoever is killed closes its connections

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        world.at_end(self.server.shutdown)

    def rule(self, fault, contains="", path="createRecord", value_ms=0):
        with self.lock:
            self.rules.append((path, contains.encode(), fault, value_ms))

    def forget_rules(self):
        with self.lock:
            self.rules.clear()

    def creates(self):
        """How many records were ever made."""
        return self.created

    def strike(self, path, body):
        with self.lock:
            for rule in self.rules:
                if path.split("?")[0].endswith(rule[0]) and rule[1] in (body or b""):
                    self.rules.remove(rule)
                    return rule[2], rule[3]
        return None, 0

    def handle(self, request, body):
        fault, value_ms = self.strike(request.path, body)
        self.calls[request.path.split("?")[0].rsplit(".", 1)[-1]] += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.pds.port, timeout=60)
        kept = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(request.command, request.path, body, kept)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if request.path.endswith("createRecord") and answer.status == 200:
            with self.lock:
                self.created += 1
        if fault == "expired_session":
            session = json.loads(content)
            content = json.dumps(dict(session, accessJwt=self.pds.expired(session["accessJwt"]))).encode()
        if request.path.split("?")[0].endswith("createRecord"):
            self.refusals += [json.loads(content)["error"]] if answer.status == 400 else []
        if fault == "silence_after_accepting":
            request.close_connection = True
            return
        if fault == "slow":
            time.sleep(value_ms / 1000)
        self.reply(request, answer.status, answer.headers, content)

    def reply(self, request, status, headers, content):
        request.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "content-encoding"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


def span_of(record, facet):
    """The bytes of the text that a facet names, as text."""
    index = facet["index"]
    return record["text"].encode()[index["byteStart"]:index["byteEnd"]].decode()


def main():
    harness.main()
