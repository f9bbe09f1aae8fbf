"""Answers held against the service's own description of them, GET /v1/openapi.json."""

import re

import jsonschema


class Described:
    """A witness for harness.Api: fails on an answer, or on a request that was accepted, that is not as described."""

    def __init__(self, document):
        self.components = {"schemas": {name: self.closed(schema) for name, schema in
                                       document["components"]["schemas"].items()}}
        self.operations, self.validators, self.seen = [], {}, set()
        for path, methods in document["paths"].items():
            pattern = re.compile(re.sub(r"{\w+}", "[^/]+", path))
            for method, operation in methods.items():
                self.operations.append((pattern, method.upper(), operation))

    @staticmethod
    def closed(schema):
        """Others may read answers with members that they do not know; here each must be declared."""
        return {"additionalProperties": False, **schema}

    def hold(self, what, value, schema):
        whole = {**schema, "components": self.components}
        validator = self.validators.setdefault(str(schema), jsonschema.Draft202012Validator(whole))
        wrong = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in validator.iter_errors(value)]
        assert not wrong, f"{what} is not as described: {wrong[:5]}"

    def __call__(self, method, path, body, answer):
        known = [(one, operation) for pattern, one, operation in self.operations
                 if pattern.fullmatch(path.partition("?")[0])]
        operation = next((operation for one, operation in known if one == ("GET" if method == "HEAD" else method)), None)
        if operation is None:
            return  # 401, 404 and 405 of what is nowhere
        what = f"{method} {path}: {answer}"
        described = operation["responses"].get(str(answer.status))
        assert described, f"{what}: an answer of that status is not described"
        self.seen.add((operation["operationId"], answer.status))
        for name in described.get("headers", {}):
            early = name.startswith("RateLimit") and answer.status in (400, 408, 413, 431, 503)  # before the key is read
            if name != "Idempotent-Replayed" and not early:
                assert answer.headers[name] is not None, f"{what}: no {name}"
        for name in ("Retry-After", "WWW-Authenticate", "ETag", "Location", "Idempotent-Replayed"):
            assert answer.headers[name] is None or answer.status == 304 or name in described["headers"], \
                f"{what}: {name} is not described"
        if answer.body and answer.headers["Content-Type"].endswith("json"):
            self.hold(what, answer.json(), described["content"][answer.headers["Content-Type"]]["schema"])
        if answer.status < 300 and isinstance(body, dict) and "requestBody" in operation:
            self.hold(f"the body of {what}", body, operation["requestBody"]["content"]["application/json"]["schema"])
