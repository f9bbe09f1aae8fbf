"""A browser that goes from a page of the service to an OpenID provider and comes back, and the operator who adds that provider."""

import http.client
import json
import re
import subprocess
from urllib.parse import parse_qs, urlencode, urlsplit

from oidc import CLIENT, SECRET, Provider, harness


def serve(world, data, count, *options, name="serve"):
    """A service that may reach so many providers: they are told where it will be, and it, where they are. options: of each provider."""
    service = harness.Serve(world, data, name=name)
    redirect = f"http://127.0.0.1:{service.port}/v1/session/oidc/callback"
    providers = [Provider(world, redirect, *(options[at] if options else ())) for at in range(count)]
    service.process.argv += ["--allow-loopback", ",".join(str(provider.port) for provider in providers)]
    return service.start(), providers


def add(data, provider, *options, secret=SECRET):
    """Adds a provider to the service, and returns its id."""
    made = subprocess.run([harness.EXECUTABLE, "provider", "add", "--data", data.path, "--name", "Acme", "--issuer", provider.issuer, "--client-id",
                           CLIENT, *options], input="" if "--public" in options else secret + "\n", text=True, capture_output=True, timeout=60)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[1]


class Traveller:
    """Somebody's browser: a jar of cookies for each site, redirects that are followed, and pages of the service from which it acts."""

    def __init__(self, port, source="127.0.0.1", witness=None):
        self.port, self.source, self.witness = port, source, witness
        self.origin, self.jars, self.kept = f"http://127.0.0.1:{port}", {}, []

    def cookie(self, name):
        return self.jars.get(self.port, {}).get(name)

    def request(self, port, method, path, body=None, headers=None):
        jar = self.jars.setdefault(port, {})
        sent = {name: value for name, value in (headers or {}).items() if value is not None}
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(self.source, 0))
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            answer = harness.Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            self.keep(jar, line)
        if self.witness and port == self.port:
            self.witness(method, path, body, answer)
        return answer

    def keep(self, jar, line):
        name, _, value = line.partition(";")[0].partition("=")
        gone = re.search(r"(?i)max-age=0\b|expires=thu, 01 jan 1970", line)
        if not value or gone:
            jar.pop(name, None)
        else:
            jar[name] = value
        self.kept.append(line)

    def ask(self, method, path, body=None, **headers):
        """A request of a page of the site."""
        return self.request(self.port, method, path, body, {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", **headers})

    def leave(self, provider_id, path="/v1/session/oidc", **more):
        """Begins; the answer's authorize_url."""
        answer = self.ask("POST", path, {"provider_id": provider_id, **more})
        assert answer.status == 200, answer
        return answer.json()["authorize_url"]

    def travel(self, url, who="ada"):
        """Goes to the provider, signs in there as who, and stops where it is sent back: the callback's path and query."""
        url += "&" + urlencode({"login_hint": who})
        for _ in range(10):
            parts = urlsplit(url)
            if parts.port == self.port:
                return parts.path + "?" + parts.query
            answer = self.request(parts.port, "GET", parts.path + ("?" + parts.query if parts.query else ""))
            assert answer.status in (302, 303), answer
            location = answer.headers["Location"]
            url = location if "://" in location else f"http://127.0.0.1:{parts.port}{location}"
        raise AssertionError(f"it goes round in circles: {url}")

    def arrive(self, path):
        """The top-level navigation back: no Origin, another site's page before."""
        return self.request(self.port, "GET", path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})

    def sign_in(self, provider_id, who="ada", **more):
        return self.arrive(self.travel(self.leave(provider_id, **more), who))


def changed(path, **values):
    """The callback with other parameters; None: without."""
    head, _, query = path.partition("?")
    pairs = {name: found[0] for name, found in parse_qs(query).items()}
    pairs.update(values)
    return head + "?" + urlencode({name: value for name, value in pairs.items() if value is not None})
