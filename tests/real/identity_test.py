#!/usr/bin/env python3
"""The identity process against a certified OpenID provider: who signs in is who the provider says, and every token that is not as
OpenID Connect Core 3.1.3.7 asks is refused by name."""

import os
import pathlib
import secrets
import socket
import subprocess
import time

import oidc
from oidc import CLIENT, SECRET, harness, pkce, sign_in

REDIRECT = "http://127.0.0.1:8080/v1/sign-in/callback"
ASK = pathlib.Path(os.environ["OPENPOST"]).parent / "tests" / "real" / "identity_ask"


class Identity:
    """The process alone, without the service around it."""

    def __init__(self, world, *ports, loopback=True):
        self.url, self.key = f"tcp://127.0.0.1:{harness.free_port()}", world.folder / "identity.key"
        if not self.key.exists():
            self.key.write_bytes(secrets.token_bytes(32))
        options = ["--allow-loopback", ",".join(map(str, ports)), "--loopback-only"] if loopback else []
        self.process = world.process(f"identity-{self.url[-5:]}", [harness.EXECUTABLE, "identity", "--listen", self.url, "--key-file", self.key, *options])
        self.process.start()

    def ask(self, *words):
        asked = subprocess.run([ASK, self.url, self.key, *map(str, words)], text=True, capture_output=True, timeout=60, check=True)
        return asked.stdout.rstrip("\n").split("\t")

    def authorize(self, issuer, nonce="a-nonce", challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"):
        return self.ask("authorize", issuer, CLIENT, REDIRECT, nonce, "openid email profile", "a-state", challenge)

    def exchange(self, issuer, came, verifier, nonce, secret=SECRET, **more):
        iss = more.get("iss", came.get("iss", "-"))
        return self.ask("exchange", issuer, more.get("client", CLIENT), REDIRECT, nonce, came["code"], verifier, iss, secret,
                        *more.get("box", ()))


class SignIn(harness.Case):
    def pair(self, *options):
        provider = oidc.Provider(self.world, REDIRECT, *options)
        return provider, Identity(self.world, provider.port)

    def come_back(self, provider, identity, who=None):
        """What the browser came back with, the verifier and the nonce."""
        verifier, challenge = pkce()
        nonce = secrets.token_urlsafe(16)
        said, location = identity.authorize(provider.issuer, nonce, challenge)
        self.assertEqual(said, "ok")
        came = sign_in(provider.issuer, location, who)
        self.assertEqual(came["state"], "a-state")
        return came, verifier, nonce

    def sign_in(self, provider, identity, who=None, **more):
        came, verifier, nonce = self.come_back(provider, identity, who)
        return identity.exchange(provider.issuer, came, verifier, more.pop("nonce", nonce), **more)

    def test_who_signs_in_is_who_the_provider_says(self):
        for options in (("--alg", "RS256"), ("--alg", "PS256", "--client-auth", "client_secret_post"), ("--alg", "ES256"),
                        ("--alg", "RS512"), ("--alg", "ES384", "--claims", "userinfo")):
            with self.subTest(options):
                provider, identity = self.pair(*options)
                self.assertEqual(self.sign_in(provider, identity), ["ok", "ada", "ada@example.org", "verified", "Ada"])
                self.assertEqual(self.sign_in(provider, identity, "unverified-bob"),
                                 ["ok", "unverified-bob", "unverified-bob@example.org", "unverified", "Unverified-bob"])
                counts = provider.counts()
                self.assertEqual((counts["/.well-known/openid-configuration"], counts["/jwks"], counts["/token"]), (1, 1, 2))
                self.assertEqual(counts.get("/me", 0), 2 if "userinfo" in options else 0)
                self.assertEqual(identity.process.stop(), 0)
                provider.process.stop()

    def test_a_public_client_has_its_verifier_alone(self):
        provider, identity = self.pair("--client-auth", "none")
        self.assertEqual(self.sign_in(provider, identity, secret="-")[:2], ["ok", "ada"])
        came, _, nonce = self.come_back(provider, identity)
        self.assertEqual(identity.exchange(provider.issuer, came, pkce()[0], nonce, "-"), ["refused", "code_refused"])

    def test_a_token_that_is_not_as_it_has_to_be_is_refused_by_name(self):
        provider, identity = self.pair()
        for what, code in (("aud", "token_audience_wrong"), ("azp", "token_audience_wrong"), ("nonce", "nonce_wrong"),
                           ("no_nonce", "nonce_wrong"), ("expired", "token_expired"), ("future", "token_expired"),
                           ("iss", "token_issuer_wrong"), ("no_sub", "provider_answer_invalid"), ("signature", "token_signature_invalid"),
                           ("kid", "token_signature_invalid"), ("none", "token_signature_invalid"), ("hs256", "token_signature_invalid")):
            with self.subTest(what):
                provider.breaks(what)
                self.assertEqual(self.sign_in(provider, identity), ["refused", code])
        provider.breaks("nothing")
        self.assertEqual(self.sign_in(provider, identity)[0], "ok")
        self.assertEqual(self.sign_in(provider, identity, nonce="of-another-sign-in"), ["refused", "nonce_wrong"])
        self.assertIn("refusal=token_audience_wrong", identity.process.output())

    def test_a_code_is_good_once_for_who_asked_for_it(self):
        provider, identity = self.pair()
        came, verifier, nonce = self.come_back(provider, identity)
        self.assertEqual(identity.exchange(provider.issuer, came, pkce()[0], nonce), ["refused", "code_refused"])
        came, verifier, nonce = self.come_back(provider, identity)
        self.assertEqual(identity.exchange(provider.issuer, came, verifier, nonce)[0], "ok")
        self.assertEqual(identity.exchange(provider.issuer, came, verifier, nonce), ["refused", "code_refused"])
        self.assertEqual(self.sign_in(provider, identity, secret="wrong"), ["refused", "provider_refuses_us"])
        self.assertEqual(self.sign_in(provider, identity, client="nobody"), ["refused", "provider_refuses_us"])
        self.assertEqual(self.sign_in(provider, identity, iss="https://id.evil.test"), ["refused", "token_issuer_wrong"])
        self.assertEqual(self.sign_in(provider, identity, iss="-"), ["refused", "token_issuer_wrong"])
        self.assertEqual(sign_in(provider.issuer, identity.authorize(provider.issuer)[1], "deny")["error"], "access_denied")

    def test_a_new_key_is_asked_for_when_a_token_names_it_and_not_again_within_a_minute(self):
        provider, identity = self.pair()
        self.assertEqual(self.sign_in(provider, identity)[0], "ok")
        provider.rotate()
        self.assertEqual(self.sign_in(provider, identity), ["refused", "token_signature_invalid"])
        self.assertEqual(provider.counts()["/jwks"], 1)
        # Another process has not asked yet; what it has then is the new key.
        other = Identity(self.world, provider.port)
        self.assertEqual(self.sign_in(provider, other)[0], "ok")
        self.assertEqual(provider.counts()["/jwks"], 2)

    def test_a_box_is_for_one_provider_and_a_while(self):
        provider, identity = self.pair()
        self.assertEqual(self.sign_in(provider, identity, box=(0,)), ["refused", "unavailable"])
        self.assertEqual(self.sign_in(provider, identity, box=(60000, "https://id.evil.test")), ["refused", "frame_invalid"])
        self.assertNotIn("/token", provider.counts())

    def test_a_provider_that_is_not_there_is_said_and_nothing_else_is_asked(self):
        provider, identity = self.pair()
        issuer = provider.issuer
        self.assertEqual(identity.authorize(issuer + "/"), ["refused", "provider_answer_invalid"])  # names itself without it
        self.assertEqual(identity.authorize(issuer + "/elsewhere"), ["refused", "provider_answer_invalid"])
        provider.process.stop()
        self.assertEqual(identity.authorize(issuer + "/"), ["refused", "provider_unreachable"])
        for unsafe in (f"http://127.0.0.1:{harness.free_port()}", "http://localhost", "https://127.0.0.1", "https://10.0.0.1",
                       "https://169.254.169.254", "https://[::1]", "https://id.acme.test", "http://id.acme.test", "no address"):
            self.assertEqual(identity.authorize(unsafe), ["refused", "provider_unreachable"], unsafe)
        closed = Identity(self.world, loopback=False)
        self.assertEqual(closed.authorize(issuer), ["refused", "provider_unreachable"])

    def test_a_provider_that_says_nothing_is_waited_for_ten_seconds(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel takes the connection, nobody else does
            port = silent.getsockname()[1]
            identity = Identity(self.world, port)
            began = time.monotonic()
            self.assertEqual(identity.authorize(f"http://127.0.0.1:{port}"), ["refused", "provider_unreachable"])
            self.assertTrue(9 < time.monotonic() - began < 20)

    def test_who_does_not_know_the_key_is_told_nothing(self):
        provider, identity = self.pair()
        other = self.world.folder / "other.key"
        other.write_bytes(secrets.token_bytes(32))
        asked = subprocess.run([ASK, identity.url, other, "authorize", provider.issuer, CLIENT, REDIRECT, "n", "openid", "s", "c"],
                               text=True, capture_output=True, timeout=60, check=True)
        self.assertEqual(asked.stdout.split("\t")[0], "failed")
        self.assertEqual(identity.authorize(provider.issuer)[0], "ok")


if __name__ == "__main__":
    harness.main()
