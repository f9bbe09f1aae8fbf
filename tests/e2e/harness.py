"""What the end-to-end tests share: temporary data folders, the service as processes, an HTTP client, the log's events.

Every wait is for a condition and has an end. Servers listen on 127.0.0.1 and are ended by their process id. A failed
case keeps its folder and shows the last lines of every process that ran in it."""

import calendar
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from processes import COMPLAINTS, READY_WITHIN_S, Process, children, children_by_pid, free_port, wait_until  # some for who imports us

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXECUTABLE = os.environ.get("OPENPOST", str(ROOT / "build/dev/openpost"))
CANNOT = 71  # how a process ends that cannot go on
RATE_LIMIT = 1000000  # a minute: tests look far more often than a client does; what the limit does has a test of its own


def run(*arguments, within_s=120, env=None, stdout=subprocess.PIPE):
    """Runs an openpost command to its end."""
    return subprocess.run([EXECUTABLE, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=stdout,
                          stderr=subprocess.PIPE, timeout=within_s, env=dict(os.environ, **(env or {})), text=True)


def stored_bytes(path):
    """What a file with holes really holds, as one string: LMDB's maps are far larger than what is in them."""
    pieces, at = [], 0
    with open(path, "rb") as file:
        end = os.fstat(file.fileno()).st_size
        while at < end:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            file.seek(start)
            pieces.append(file.read(at - start))
    return b"".join(pieces)


class Data:
    """A data folder made by `openpost init`."""

    def __init__(self, path, *options):
        self.path = pathlib.Path(path)
        made = run("init", "--data", self.path, *options)
        assert made.returncode == 0, made.stderr
        last = made.stdout.splitlines()[-1]
        assert last.startswith("key: op_"), made.stdout
        self.key = last.removeprefix("key: ")

    def copy(self, path):
        """The folder as `cp -a` copies it; the same key opens it."""
        subprocess.run(["cp", "-a", str(self.path), str(path)], check=True, timeout=60)
        other = object.__new__(Data)
        other.path, other.key = pathlib.Path(path), self.key
        return other

    def another_key(self, name, role):
        made = run("key", "--data", self.path, "--name", name, "--role", role)
        assert made.returncode == 0, made.stderr
        return made.stdout.splitlines()[-1].removeprefix("key: ")

    def events(self, after=0):
        """The log's events, oldest first."""
        shown = run("log", "--data", self.path, "--json", "--after", after)
        assert shown.returncode == 0, shown.stderr
        return [json.loads(line) for line in shown.stdout.splitlines()]

    def verify(self):
        return run("verify", "--data", self.path, "--json")

    def replay(self):
        return run("replay", "--data", self.path, "--check", "--json")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Api:
    """The HTTP API with one key. Each request has a connection of its own unless keep() is used."""

    def __init__(self, port, key=None, source="127.0.0.1", timeout_s=30):
        self.port, self.key, self.source, self.timeout_s = port, key, source, timeout_s
        self.witness = None  # is told of every request and its answer: (method, path, body, answer)

    def request(self, method, path, body=None, headers=None):
        # A port that is bound before it is connected is nobody else's for a minute, whoever it was connected to, and there are
        # 28,000: tests that look often would run out of them.
        source = (self.source, 0) if self.source != "127.0.0.1" else None
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s, source_address=source)
        sent, said = {"Authorization": f"Bearer {self.key}"} if self.key else {}, body
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body.encode() if isinstance(body, str) else body
        sent.update(headers or {})
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        if self.witness:
            self.witness(method, path, said, answer)
        return answer

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers.get("headers"))

    def post(self, path, body=None, headers=None):
        return self.request("POST", path, body, headers)

    def persist(self, method, path, body=None, within_s=60, **more):
        """Repeats a request until it is answered otherwise than by 503 or a broken connection: with the same
        Idempotency-Key a repeat is safe."""
        headers = {"Idempotency-Key": f"{random.getrandbits(64):x}", **more}
        last = []

        def answered():
            try:
                answer = self.request(method, path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                last[:] = [error]
                return None
            last[:] = [answer]
            return answer if answer.status not in (503, 409) or answer.json()["code"] not in (
                "unavailable", "views_damaged", "views_rebuilding", "idempotency_in_flight",
                "too_many_connections") else None
        try:
            return wait_until(answered, within_s, f"answered: {method} {path}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the last answer: {last}") from None

    # What most tests need.

    def connect(self, identifier="alice.test", service=None, password="app-password"):
        """Connects an account and waits for the platform's answer; returns the integration."""
        body = {"channel": "bluesky", "identifier": identifier, "app_password": password}
        if service:
            body["service"] = service
        made = self.persist("POST", "/v1/integrations", body)
        assert made.status == 201, made
        path = "/v1/integrations/" + made.json()["id"]
        return wait_until(lambda: (now := self.get(path).json())["status"] != "connecting" and now, 30,
                          f"an answer of the platform to {identifier}")

    def publish(self, text, *integrations, schedule=None, **more):
        """Creates a post that is due now, or as scheduled; returns it."""
        body = {"content": {"text": text} if isinstance(text, str) else text,
                "targets": [{"integration_id": one["id"]} for one in integrations],
                "schedule": schedule or {"now": True}, **more}
        made = self.persist("POST", "/v1/posts", body)
        assert made.status == 201, made
        return made.json()

    def figures(self):
        """/metrics, as a dictionary."""
        lines = (line.split() for line in self.get("/metrics").body.decode().splitlines())
        return {name: int(value) for name, value in lines}

    def read_post(self, post):
        answer = self.get("/v1/posts/" + post["id"])
        assert answer.status == 200, answer
        return answer.json()

    def wait_post(self, post, *statuses, within_s=30):
        """Waits until the post has one of the statuses; returns it."""
        seen = {}

        def reached():
            try:
                seen["post"] = self.read_post(post)
            except (OSError, http.client.HTTPException):
                return None
            return seen["post"] if seen["post"]["status"] in statuses else None
        try:
            return wait_until(reached, within_s, f"{' or '.join(statuses)}: {post['id']}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {json.dumps(seen.get('post'))}") from None


class Sandbox:
    """The simulated platform's own addresses."""

    def __init__(self, url):
        self.url, self.port = url, int(url.rsplit(":", 1)[1])
        self.api = Api(self.port)

    def rule(self, fault, contains="", path="createRecord", skip=0, times=1, value_ms=0, retry_after=""):
        answer = self.api.post("/sandbox/rules", {"path": path, "contains": contains, "skip": skip, "times": times,
                                                  "fault": fault, "value_ms": value_ms, "retry_after": retry_after})
        assert answer.status == 200, answer

    def forget_rules(self):
        assert self.api.request("DELETE", "/sandbox/rules").status == 200

    def live(self):
        return self.api.get("/sandbox/live").json()

    def posts(self):
        """Every live record, oldest first."""
        answer = self.api.get("/sandbox/posts").json()
        assert answer["whole"]
        return answer["data"]

    def creates(self):
        """How many records were ever made."""
        return self.live()["creates"]

    def texts(self):
        return [post["record"]["text"] for post in self.posts()]


class Serve:
    """`openpost serve` on a data folder."""

    def __init__(self, world, data, sandbox=True, options=(), limits=None, name="serve"):
        self.data = data
        self.port = free_port()
        arguments = [EXECUTABLE, "serve", "--data", data.path, "--listen", f"127.0.0.1:{self.port}", *options]
        if "--rate-limit" not in options:
            arguments += ["--rate-limit", RATE_LIMIT]
        self.process = world.process(name, arguments + (["--sandbox"] if sandbox else []), limits=limits)
        self.api = Api(self.port, data.key)
        self.sandbox, self.rpc_port = None, None

    def start(self, env=None):
        before = len(self.process.output())
        self.process.start(env, wait=False)

        def announced():
            assert self.process.alive(), f"serve ended with {self.process.child.returncode}:\n{self.process.tail()}"
            lines = self.process.output()[before:].splitlines(keepends=True)
            return next((line for line in lines if line.startswith("ready: ") and line.endswith("\n")), None)
        words = wait_until(announced, READY_WITHIN_S, "ready: serve").split()
        assert words[1] == f"http://127.0.0.1:{self.port}", words
        if "sandbox:" in words:
            self.sandbox = Sandbox(words[words.index("sandbox:") + 1])
        if "rpc:" in words:
            self.rpc_port = int(words[words.index("rpc:") + 1].rsplit(":", 1)[1])
        return self

    def stop(self):
        code = self.process.stop()
        assert code == 0, f"serve ended with {code}:\n{self.process.tail()}"


class Parts:
    """The same processes by hand, each of which can be killed and started again on its own."""

    ORDER = ("ledger", "adapter", "scheduler", "gateway")

    def __init__(self, world, data, loopback_ports=(), log_map_mib=None, service="https://bsky.social"):
        self.world, self.data = world, data
        self.port = free_port()
        self.ledger_url, self.publish_url, self.adapter_url = (f"tcp://127.0.0.1:{free_port()}" for _ in range(3))
        ledger = ["--data", data.path, "--listen", self.ledger_url, "--publish", self.publish_url]
        adapter = ["bluesky", "--listen", self.adapter_url, "--key-file", data.path / "adapter-bluesky.key"]
        gateway = ["--data", data.path, "--listen", f"127.0.0.1:{self.port}", "--ledger", self.ledger_url]
        if log_map_mib:
            ledger += ["--log-map", log_map_mib]
        if loopback_ports:
            adapter += ["--allow-loopback", ",".join(map(str, loopback_ports))]
        if service:
            gateway += ["--bluesky-service", service]
        gateway += ["--rate-limit", RATE_LIMIT]
        self.api = Api(self.port, data.key)
        self.processes = {}
        self.add("ledger", "ledger", *ledger)
        self.add("adapter", "adapter", *adapter)
        self.add("scheduler", "scheduler", *self.scheduler_arguments())
        self.add("gateway", "gateway", *gateway)

    def scheduler_arguments(self):
        return ["--data", self.data.path, "--ledger", self.ledger_url, "--events", self.publish_url,
                "--adapter", f"bluesky={self.adapter_url}"]

    def add(self, name, *arguments):
        label = f"{self.data.path.name}-{name}"
        self.processes[name] = self.world.process(label, [EXECUTABLE, *arguments])
        return self.processes[name]

    def __getitem__(self, name):
        return self.processes[name]

    def start(self):
        for process in self.processes.values():
            process.start()
        return self

    def restart(self, name, env=None):
        """Ends the process in order, if it runs, and starts it again."""
        if self[name].child is not None:
            self[name].stop()
        self[name].start(env)

    def met_other_views(self, process, code):
        """Whether it ended, sooner or later, because the ledger had made the views anew: when three of them died soon after their
        start. serve starts it again."""
        return (code == CANNOT and "what=rebuilt" in self["ledger"].output() and process is not self["ledger"]
                and process.output().rstrip().endswith("what=stopped err=CLOSED"))

    def tend(self):
        """Starts again whatever has died by a signal, or had to end; returns the names."""
        dead = [name for name, process in self.processes.items() if process.child is not None and not process.alive()]
        for name in dead:
            code = self[name].wait_end()
            assert code == -signal.SIGKILL or self.met_other_views(self[name], code), \
                f"{name} ended by itself with {code}:\n{self[name].tail()}"
            self[name].start()
        return dead

    def revive(self):
        """Starts again whatever has ended, as serve does: true."""
        for process in self.processes.values():
            if process.child is not None and not process.alive():
                process.wait_end()
                process.start()
        return True

    def stop(self):
        for process in reversed(self.processes.values()):
            code = process.stop()
            assert code in (0, None) or self.met_other_views(process, code), \
                f"{process.name} ended with {code}:\n{process.tail()}"


class World:
    """A folder, and everything that runs in it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="openpost-e2e-"))
        self.started, self.at_end_calls = [], []

    def at_end(self, call):
        self.at_end_calls.append(call)

    def process(self, name, argv, limits=None, folder=None):
        made = Process(self.folder, name, argv, limits, folder)
        self.started.append(made)
        return made

    def data(self, name="data", *options):
        return Data(self.folder / name, *options)

    def serve(self, data=None, **options):
        return Serve(self, data or self.data(), **options).start()

    def sandbox(self, *options, name="sandbox"):
        """A sandbox of its own, which outlives the service that uses it."""
        address = f"127.0.0.1:{free_port()}"
        self.process(name, [EXECUTABLE, "sandbox", "--listen", address, *options]).start()
        return Sandbox(f"http://{address}")

    def stop_all(self):
        """Ends every process, then fails if one of them has complained."""
        for process in reversed(self.started):
            process.discard()
        for call in self.at_end_calls:
            call()
        self.at_end_calls.clear()
        for process in self.started:
            complaints = process.complaints()
            assert not complaints, f"{process.name} complained:\n{complaints}"

    def end(self, who, failed):
        if not failed:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        print(f"\n{who} failed; its folder is kept: {self.folder}")
        for process in self.started:
            print(f"--- {process.name}: {' '.join(process.argv)}\n{process.tail()}")


class Case(unittest.TestCase):
    """A test with a world of its own or, where make_world is overridden, one that all tests of the class share."""

    maxDiff = None
    make_world = None
    any_failed = False

    @classmethod
    def setUpClass(cls):
        if cls.make_world is not None:
            cls.world = World()
            try:
                cls.make_world()
            except BaseException:
                cls.end_world(True)
                raise

    @classmethod
    def tearDownClass(cls):
        if cls.make_world is not None:
            cls.end_world(cls.any_failed)

    @classmethod
    def end_world(cls, failed):
        try:
            cls.world.stop_all()
        except BaseException:
            failed = True
            raise
        finally:
            cls.world.end(cls.__name__, failed)

    def setUp(self):
        if self.make_world is None:
            self.addCleanup(self.world.stop_all)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        if self.make_world is None:
            self.world = World()
        super().run(result)
        failed = len(result.failures) + len(result.errors) > before
        type(self).any_failed = self.any_failed or failed
        if self.make_world is None:
            self.world.end(self.id(), failed)

    def assert_verified_and_replayed(self, data):
        """The log is as it was written, and everything derived from it is what the service used. Stop it first."""
        verified = data.verify()
        self.assertEqual((verified.returncode, verified.stderr), (0, ""), verified.stdout)
        self.assertEqual(json.loads(verified.stdout)["result"], "good")
        replayed = data.replay()
        self.assertEqual(replayed.returncode, 0, replayed.stdout + replayed.stderr)
        self.assertEqual(json.loads(replayed.stdout)["result"], "equal")
        return json.loads(verified.stdout)["events"]

    def assert_problem(self, answer, status, code):
        """A problem of RFC 9457 with our members, and nothing else."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual((problem["status"], problem["code"]), (status, code))
        for name in ("type", "title", "detail", "param", "retryable", "request_id"):
            self.assertIn(name, problem)
        return problem


def later(seconds):
    """The instant so many seconds from now, as RFC 3339."""
    at = time.time() + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"


def far():
    """A local date far ahead, on which a series may still begin."""
    return later(1500 * 86400)[:10]


def seconds_of(instant):
    """RFC 3339 in UTC, as seconds since 1970."""
    whole, _, fraction = instant.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))


def main():
    """Runs a file's cases. One that is skipped has proved nothing, and is a failure like any other."""
    result = unittest.main(verbosity=2, exit=False).result
    sys.exit(0 if result.wasSuccessful() and result.testsRun and not result.skipped else 1)
