// Which way the page's modules depend: app > features > components > lib, and no feature imports another.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
const rank = { lib: 0, components: 1, features: 2, app: 3 };
const faults = [];
let files = 0;

function* walk(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

for (const file of walk(root)) {
  files += 1;
  const [wing, slice] = relative(root, file).split("/");
  const source = readFileSync(file, "utf8");
  for (const [, target] of source.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
    let path = null;
    if (target.startsWith("@/")) path = target.slice(2);
    else if (target.startsWith(".")) path = relative(root, resolve(dirname(file), target));
    if (path === null) continue;
    const [toWing, toSlice] = path.split("/");
    const where = `${relative(root, file)} imports ${path}`;
    if (!(toWing in rank)) continue;
    if (rank[toWing] > rank[wing]) faults.push(`${where}: ${wing} may not import ${toWing}`);
    if (wing === "features" && toWing === "features" && slice !== toSlice)
      faults.push(`${where}: features do not import each other`);
  }
}

for (const fault of faults) console.error(fault);
console.log(`boundaries: ${files} modules, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
