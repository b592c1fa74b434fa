// Of npm's bill of materials (on standard input) what is shipped: its own `--omit dev` also drops what builds and ships.
import { readFileSync } from "node:fs";

const bill = JSON.parse(readFileSync(0, "utf8"));
const builds = (part) => part.properties.some(({ name }) => name === "cdx:npm:package:development");
bill.components = bill.components.filter((part) => !builds(part));
const shipped = new Set([bill.metadata.component, ...bill.components].map((part) => part["bom-ref"]));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => shipped.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => shipped.has(other)) }));
console.log(JSON.stringify(bill, null, 2));
