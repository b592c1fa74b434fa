// Writes src/api/<service>.d.ts from docs/openapi/<service>.json; with --check it only says which are out of date.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../..", import.meta.url);
const check = process.argv.includes("--check");
const stale = [];

for (const service of ["auth", "patients", "letters", "notify"]) {
  const target = new URL(`web/src/api/${service}.d.ts`, root);
  const types = astToString(await openapiTS(new URL(`docs/openapi/${service}.json`, root)));
  const text = `// Generated from docs/openapi/${service}.json by \`npm run types\`.\n\n${types}`;
  if (text === (await readFile(target, "utf8").catch(() => ""))) continue;
  stale.push(service);
  if (!check) await writeFile(target, text);
}

if (check && stale.length > 0) {
  console.error(`out of date: ${stale.join(", ")}; run npm run types in web/`);
  process.exitCode = 1;
}
