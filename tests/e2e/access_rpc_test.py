#!/usr/bin/env python3
"""Who may do what over RPC: each cell of tests/access_rpc.csv, asked over the wire with a key of each role, about one's own workspace and
about what is another's. A new command, query or kind of frame needs its two lines there and, if it names a thing, a maker here."""

import csv
import json
import re
import time

import harness
from access_test import CALLERS, ID, Side, nobodys
from frames import COMMANDS, REPLY, WELCOME, Rpc, derive, mint, pack, sha256, tag_key
from harness import far, wait_until

LOG_QUERIES = ("events", "checkpoint", "proof", "verifier")
KINDS = {"post": "post", "workspace": "ws", "member": "mem", "key": "key", "integration": "int", "user": "usr", "session": "ses",
         "provider": "idp", "series": "ser", "slot": "slt", "target": "tgt", "attempt": "att", "template": "tpl"}
VALUES = {"time": 1, "count": 1, "index": 0, "flag": True, "word": "x", "text": "x", "hash": b"\x01" * 32, "role": "viewer",
          "channel": "bluesky", "outcome": "accepted", "resolution": "abandoned", "end_reason": "revoked", "sign_in_method": "password",
          "frequency": "daily", "weekday": "monday", "month_week": "first"}


def commands():
    """{name: (code, [(kind, field) that must be there])} as the text of core/message/command.def, and of its parts, has them."""
    text = "\n".join(one.read_text() for one in sorted((harness.ROOT / "core/message").glob("command*.def")))
    found = re.findall(r"^COMMAND\((\d+), (\w+),.*?^END\(\2\)", text, re.M | re.S)
    bodies = re.findall(r"^COMMAND\(\d+, \w+,(.*?)^END\(", text, re.M | re.S)
    assert len(found) == len(bodies) == len(re.findall(r"^COMMAND\(", text, re.M)) > 40
    return {name: (int(code), re.findall(r"^  FIELD\((\w+), *(\w+),", body, re.M)) for (code, name), body in zip(found, bodies)}


def queries():
    text = (harness.ROOT / "projections/views.c").read_text()
    found = re.findall(r'^ +\{"(\w+)",', text, re.M)
    assert len(found) > 10, found
    return (*found, *LOG_QUERIES)


def frames():
    """Kinds of frames; a sealed secret is one for each owner that a program may name."""
    text = (harness.ROOT / "core/wire/frame.h").read_text()
    found = {name.lower(): int(code) for name, code in re.findall(r"^ +FRAME_(\w+) = (\d+),", text, re.M) if int(code) < REPLY}
    seal = found.pop("seal")
    return {**found, **{f"seal_{owner}": seal for owner in ("key", "integration", "member")}}


def cells():
    """[(kind, name, where, caller, code)] of access_rpc.csv, as many as there have to be."""
    lines = [line for line in (harness.ROOT / "tests/access_rpc.csv").read_text().splitlines() if line and line[0] != "#"]
    table = list(csv.DictReader(lines))
    assert list(table[0]) == ["kind", "name", "where", *CALLERS], table[0]
    named = [("command", name) for name in commands()] + [("query", name) for name in queries()] + [("frame", name) for name in frames()]
    wanted = [(*one, where) for one in named for where in ("own", "foreign")]
    written = [(line["kind"], line["name"], line["where"]) for line in table]
    assert sorted(written) == sorted(wanted), f"twice, missing or of nothing: {sorted(set(written) ^ set(wanted))}"
    return [(line["kind"], line["name"], line["where"], caller, line[caller]) for line in table for caller in CALLERS]


class Things(Side):
    """A workspace and what is in it. A method with a command's or query's name makes afresh what that is about; its request's ids count."""

    def whole(self):
        return {"workspace_id": self.workspace}

    def ids_of(self, name):
        maker = {"get_integration": "get_integration", "connect_integration": "reconnect_integration", "deliveries": "get_post",
                 "history": "get_post", "create_post": "get_post", "leave_workspace": "get_member", "read_notifications": "get_member",
                 "choose_notifications": "get_member", "warn_expiring": "get_integration", "resume_workspace": "", "get_actor": "get_key",
                 "list_integrations": "", "list_series": "", "preview_series": "get_series", "list_templates": "",
                 "seal_integration": "get_integration", "seal_key": "get_key", "seal_member": "get_member", "add_slot": "change_queue"}.get(name, name)
        if name == "swap_targets":
            other = self.scheduled()
            return {**self.asked("cancel_target").ids, "other_post_id": other["id"], "other_target_id": other["targets"][0]["id"]}
        if name == "remove_slot":
            account = self.connected()
            queue = self.api.request("PATCH", f"/v1/integrations/{account}/queue", {"slots": [{"weekday": "monday", "time": "09:00"}]},
                                     {"If-Match": "*"}).json()
            return {"integration_id": account, "slot_id": queue["slots"][0]["id"]}
        if name in ("create_key", "list_posts", "create_series", "create_template"):
            return {"integration_id": self.account}
        ids = self.asked(maker).ids if maker else {}
        if name == "change_series":
            ids["integration_id"] = self.account
        return ids or self.whole()


class Asking:
    """What a key asks about things of these ids; what is minted or sealed is made by it, and new."""

    def __init__(self, rpc, ids):
        self.rpc, self.ids = rpc, ids

    def command(self, name):
        code, required = commands()[name]
        if hasattr(self, name):
            fields, version = getattr(self, name)(), 1 if name in ("edit_post", "change_series", "change_template") else 0
        else:
            fields, version = {field: self.value(kind, field) for kind, field in required}, 0
        return self.rpc.command(code, fields, version)

    def value(self, kind, field):
        if kind == "id":
            return self.ids.get(field) or mint(KINDS.get(field.removesuffix("_id"), "sec"))
        return VALUES[kind]

    def create_key(self):
        key, tag = mint("key"), tag_key(mint("key"))
        self.rpc.seal(key, key, tag)
        return {"key_id": key, "name": "made", "role": "viewer", "fingerprint": sha256(tag), "restricted": True,
                "integrations": [{"integration_id": self.ids["integration_id"]}]}

    def connect_integration(self):
        secret, account = mint("sec"), self.ids["integration_id"]
        self.rpc.seal(secret, account, pack({"identifier": "again.test", "password": "another"}))
        return {"integration_id": account, "channel": "bluesky", "identifier": "again.test", "vault_id": secret, "fingerprint": ""}

    def create_post(self):
        return {"post_id": mint("post"), "parts": [{"text": "a copy"}], "duplicate_of": self.ids["post_id"]}

    def edit_post(self):
        return {"post_id": self.ids["post_id"], "parts": [{"text": "edited"}]}

    def series(self, series):
        target = {"target_id": derive("tgt", 9, series, self.ids["integration_id"]), "integration_id": self.ids["integration_id"],
                  "channel": "bluesky"}
        return {"series_id": series, "timezone": "UTC", "frequency": "weekly", "every": 1, "time": "09:30", "start": far(),
                "parts": [{"text": "again"}], "targets": [target]}

    def create_series(self):
        return self.series(mint("ser"))

    def change_series(self):
        return self.series(self.ids["series_id"])

    def create_template(self):
        template, account = mint("tpl"), self.ids["integration_id"]
        target = {"target_id": derive("tgt", 9, template, account), "integration_id": account, "channel": "bluesky"}
        return {"template_id": template, "name": "made", "targets": [target]}

    def change_template(self):
        return {"template_id": self.ids["template_id"], "name": "another"}

    def schedule_post(self):
        return {"post_id": self.ids["post_id"], "at_ms": int(time.time() * 1000) + 7200000}

    retry_post = schedule_post

    def change_workspace(self):
        return {**self.ids, "name": "Another name"}

    def change_member(self):
        return {"member_id": self.ids["member_id"], "role": "viewer", "permissions": [{"permission": "approve"}]}

    def invitation(self, member):
        token = (mint("key") + mint("key")).replace("_", "")[:43]
        secret = mint("sec")
        plain = pack({"invitation": 1, "email": f"{member}@example.com", "name": "", "subject": "", "body": token, "locale": ""})
        return secret, token, self.rpc.seal(secret, member, plain)

    def invite_member(self):
        member = mint("mem")
        secret, token, _ = self.invitation(member)
        return {"member_id": member, "role": "editor", "vault_id": secret, "fingerprint": sha256(tag_key(token)),
                "expires_ms": int(time.time() * 1000) + 86400000}

    def query(self, name):
        if name in LOG_QUERIES:
            return self.rpc.query(name, f"{self.ids['workspace_id']}\n1\n1\n".encode())
        return self.rpc.query(name, {field: value for field, value in self.ids.items() if field != "workspace_id"})

    def frame(self, name):
        if name == "hello":
            kind, body = self.rpc.hello()
            return "" if kind == WELCOME else self.rpc.told(COMMANDS, b"")
        if name.startswith("seal_"):
            return getattr(self, name)()
        body = {"commands": [], "follow": [0, 10], "query": ["list_posts", b""]}.get(name)
        told = self.rpc.told(frames()[name], b"" if body is None else pack(body))
        return told if isinstance(told, str) else ["", told]

    def seal_key(self):
        key = mint("key")
        return self.rpc.seal(key, key, tag_key(key))

    def seal_integration(self):
        return self.rpc.seal(mint("sec"), self.ids["integration_id"], pack({"identifier": "a.test", "password": "x"}))

    def seal_member(self):
        return self.invitation(mint("mem"))[2]


def code_of(told):
    code = told if isinstance(told, str) else told[0]
    return code or "ok"


def shown(told):
    """What is told, but for ids and, in a command's answer, the instant and, where it is accepted, the event's number."""
    values = [told] if isinstance(told, str) else list(told)
    if len(values) > 6:
        values[6], values[3] = 0, values[3] if values[0] else 0
    return re.sub(ID, "ID", repr(values))


class AccessOverRpc(harness.Case):
    @classmethod
    def make_world(cls):
        data = cls.world.data("data", "--slug", "first")
        made = harness.run("workspace", "create", "--data", data.path, "--slug", "second", "--name", "Second")
        assert made.returncode == 0, made.stderr
        own, other = Things(data, "first"), Things(data, "second")
        cls.rpc_port = harness.free_port()
        service = cls.world.serve(data, options=("--rpc", f"127.0.0.1:{cls.rpc_port}"))
        cls.own, cls.other = own.begin(service), other.begin(service)
        wait_until(lambda: own.api.get("/v1/log/checkpoint").status == 200, 60, "a checkpoint")
        keys = {**own.keys, "nobody": "op_nobody_" + "0" * 43}
        cls.connections = {caller: Rpc(cls.rpc_port, tag_key(key)) for caller, key in keys.items()}
        for rpc in cls.connections.values():
            cls.world.at_end(rpc.close)
        cls.made = {}

    def ids(self, name, where, changes):
        """Ids of what nothing has changed yet; what is refused changes nothing and shares them."""
        side = self.own if where == "own" else self.other
        if changes:
            return side.ids_of(name)
        if (name, where) not in self.made:
            self.made[name, where] = side.ids_of(name)
        return self.made[name, where]

    def check(self, kind, name, where, caller, code):
        rpc = self.connections[caller]
        ids = self.ids(name, where, code == "ok" and where == "own" and kind == "command")
        told = getattr(Asking(rpc, ids), kind)(name)
        self.assertEqual(code_of(told), code, f"{kind} {name} {where} {caller}: {told}")
        if where == "foreign" and caller != "nobody":
            unknown = json.loads(nobodys(json.dumps(ids)))
            self.assertEqual(shown(told), shown(getattr(Asking(rpc, unknown), kind)(name)), f"{kind} {name} {caller}")
            named = set(ids.values()) if kind == "command" else set()  # an answer names its command's stream
            for theirs in {*ids.values(), self.other.workspace, self.other.account} - named:
                self.assertNotIn(theirs, repr(told))

    def test_each_cell_of_the_table_is_as_written(self):
        table = cells()
        for kind, name, where, caller, code in table:
            with self.subTest(kind=kind, name=name, where=where, caller=caller):
                self.check(kind, name, where, caller, code)
        print(f"{len(table)} cells of {len(table) // 2 // len(CALLERS)} things to ask", flush=True)


if __name__ == "__main__":
    harness.main()
