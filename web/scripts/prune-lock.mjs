// Some registries carry only the Linux builds of a package's optional parts. npm then leaves the others out of the
// lock but keeps naming them in it, and `npm ci` refuses such a lock. This takes out the names without an entry.
// `radiant lock` runs it.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const present = new Set(Object.keys(lock.packages).map((place) => place.split("node_modules/").pop()));
let taken = 0;
for (const entry of Object.values(lock.packages)) {
  delete entry.resolved;
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (!present.has(name)) {
      delete entry.optionalDependencies[name];
      taken += 1;
    }
  }
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${taken} optional names without an entry taken out`);
