// Writes src/api/<service>.d.ts from docs/openapi/<service>.json. Each begins with the hashes of the document and of
// itself, so that tests/architecture notices, without Node, when one of the two was changed alone.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../..", import.meta.url);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

for (const service of ["auth", "patients", "letters", "notify"]) {
  const document = new URL(`docs/openapi/${service}.json`, root);
  const types = astToString(await openapiTS(document));
  const hashes = `// document ${sha256(await readFile(document))}\n// types ${sha256(types)}\n`;
  const head = `// Generated from docs/openapi/${service}.json by \`npm run types\`.\n${hashes}\n`;
  await writeFile(new URL(`web/src/api/${service}.d.ts`, root), head + types);
}
