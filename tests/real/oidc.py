"""A real OpenID provider (oidc_provider/provider.mjs) for the tests of this folder, and a browser that signs in there by itself."""

import base64
import hashlib
import http.cookiejar
import json
import pathlib
import secrets
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import harness  # noqa: E402

CLIENT = "openpost"
SECRET = "a secret: with/odd+characters"


def installed():
    """The provider's folder; installs it when this machine has none yet. A failure here is the test's failure."""
    done = subprocess.run([HERE / "oidc_provider" / "setup"], stdout=subprocess.PIPE, timeout=600, check=True, text=True)
    return pathlib.Path(done.stdout.splitlines()[-1])


class Provider:
    def __init__(self, world, redirect_uri, *options):
        self.port = harness.free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.process = world.process(f"provider-{self.port}", ["node", "provider.mjs", self.port, redirect_uri, *options],
                                     folder=installed())
        self.process.start(wait=False)

        def ready():
            assert self.process.alive(), self.process.tail()
            return "READY" in self.process.output()
        harness.wait_until(ready, 60, "ready: the OpenID provider")

    def ask(self, path):
        with urllib.request.urlopen(self.issuer + path, timeout=10) as answer:
            return json.loads(answer.read())

    def breaks(self, what):
        self.ask(f"/test/break?what={what}")

    def rotate(self):
        return self.ask("/test/rotate")["kid"]

    def counts(self):
        return self.ask("/test/counts")


class Halt(urllib.request.HTTPRedirectHandler):
    """Follows redirects to the provider alone: what leads elsewhere is where the browser comes back to us."""

    def __init__(self, issuer):
        self.issuer = issuer

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if not newurl.startswith(self.issuer + "/"):
            raise urllib.error.HTTPError(newurl, code, "elsewhere", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def sign_in(issuer, location, who=None):
    """What a browser comes back with, as a dictionary, when somebody signs in at the provider."""
    browser = urllib.request.build_opener(Halt(issuer), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    try:
        with browser.open(location + (f"&login_hint={who}" if who else ""), timeout=30) as answer:
            raise AssertionError(f"the browser stayed: {answer.status} {answer.read()[:300]}")
    except urllib.error.HTTPError as came:
        assert came.code in (302, 303), (came.code, came.read()[:300])
        back = urllib.parse.urlsplit(came.headers["Location"])
        came.close()
        return dict(urllib.parse.parse_qsl(back.query))


def pkce():
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")
