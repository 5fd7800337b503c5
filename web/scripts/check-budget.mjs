// Fails when the JavaScript that a person downloads outgrows its budget (goals.md, "The page").
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const out = resolve(dirname(fileURLToPath(import.meta.url)), "../../src/radiant/static");
const budgets = { main: 150, markdown: 150, canvas: 70, editor: 200 };

if (!existsSync(join(out, "index.html"))) {
  console.log("budget: nothing built yet (npm run build), not checked");
  process.exit(0);
}
const size = (name) => gzipSync(readFileSync(join(out, "assets", name)), { level: 9 }).length / 1000;
const html = readFileSync(join(out, "index.html"), "utf8");
const scripts = readdirSync(join(out, "assets")).filter((name) => name.endsWith(".js"));
const first = scripts.filter((name) => html.includes(`assets/${name}`));
const main = first.reduce((sum, name) => sum + size(name), 0);
const chunk = (word) => scripts.filter((name) => name.startsWith(`${word}-`)).reduce((sum, name) => sum + size(name), 0);
const [markdown, canvas, editor] = ["markdown", "flow", "editor"].map(chunk);

let failed = false;
for (const [name, value] of Object.entries({ main, markdown, canvas, editor })) {
  const over = value > budgets[name] || value === 0;
  failed ||= over;
  console.log(`budget: ${name.padEnd(8)} ${value.toFixed(1)} of ${budgets[name]} kB gzipped${over ? "  OVER" : ""}`);
}
if (/<script(?![^>]*\bsrc=)[^>]*>/.test(html)) {
  console.error("budget: index.html holds an inline script, which the content security policy forbids");
  failed = true;
}
process.exit(failed ? 1 : 0);
