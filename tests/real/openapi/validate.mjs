// validate.mjs DOCUMENT: holds a document against the schema of the OpenAPI version that it names; prints what is wrong, exit 1.
import { Validator } from "@seriousme/openapi-schema-validator";
import { readFileSync } from "node:fs";

const result = await new Validator().validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
console.log(JSON.stringify(result));
process.exit(result.valid ? 0 : 1);
