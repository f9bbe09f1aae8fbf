#!/usr/bin/env python3
"""GET /v1/openapi.json is an OpenAPI 3.1 document, by the schema that the OpenAPI Initiative publishes."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness


class Document(harness.Case):
    def validate(self, home, document):
        file = self.world.folder / "openapi.json"
        file.write_text(json.dumps(document))
        return subprocess.run(["node", home / "validate.mjs", file], stdout=subprocess.PIPE, text=True, timeout=60)

    def test_the_document_is_valid_and_a_mistake_in_it_is_found(self):
        setup = subprocess.run([HERE / "openapi/setup"], stdout=subprocess.PIPE, text=True, timeout=300, check=True)
        home = pathlib.Path(setup.stdout.strip().splitlines()[-1])
        document = harness.Api(self.world.serve().port).get("/v1/openapi.json").json()
        good = self.validate(home, document)
        self.assertEqual((good.returncode, json.loads(good.stdout)), (0, {"valid": True}))
        document["paths"]["/v1/posts"]["get"]["parameters"][0]["in"] = "nowhere"
        self.assertEqual(self.validate(home, document).returncode, 1)


if __name__ == "__main__":
    harness.main()
