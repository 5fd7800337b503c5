// Writes src/lib/api/schema.d.ts from openapi.json (which `radiant openapi` writes), so that the page's types are the
// server's. With --check: fails when that file is behind, or when the page calls an endpoint that is not there.
// Small and our own, since the usual generators need the JavaScript API of TypeScript 5, which TypeScript 7 has not.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const web = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(web, "src/lib/api/schema.d.ts");
const description = JSON.parse(readFileSync(join(web, "openapi.json"), "utf8"));
const schemas = description.components.schemas;

const nameOf = (reference) => reference.split("/").pop().replace(/[^A-Za-z0-9_]/g, "_");
const literal = (value) => JSON.stringify(value);
const grouped = (text) => (/[|&]/.test(text) ? `(${text})` : text);

function typeOf(schema, indent) {
  if (!schema || Object.keys(schema).length === 0) return "unknown";
  if (schema.$ref) return nameOf(schema.$ref);
  if ("const" in schema) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(" | ");
  for (const kind of ["anyOf", "oneOf"])
    if (schema[kind]) return [...new Set(schema[kind].map((each) => typeOf(each, indent)))].join(" | ");
  if (schema.allOf) return schema.allOf.map((each) => grouped(typeOf(each, indent))).join(" & ");
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return `${grouped(typeOf(schema.items, indent))}[]`;
    case "object":
      if (schema.properties) return objectOf(schema, indent);
      return `Record<string, ${schema.additionalProperties === true ? "unknown" : typeOf(schema.additionalProperties, indent)}>`;
    default:
      return "unknown";
  }
}

function objectOf(schema, indent) {
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const note = property.description ? `${inner}/** ${property.description.replaceAll("*/", "*\\/").replace(/\s+/g, " ")} */\n` : "";
    return `${note}${inner}${/^\w+$/.test(name) ? name : literal(name)}${required.has(name) ? "" : "?"}: ${typeOf(property, inner)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

const generated = [
  "// Written by `npm run api` from openapi.json. Do not edit.\n",
  ...Object.entries(schemas)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, schema]) => {
      const note = schema.description ? `/** ${schema.description.replaceAll("*/", "*\\/").replace(/\s+/g, " ")} */\n` : "";
      return schema.properties
        ? `${note}export interface ${nameOf(name)} ${objectOf(schema, "")}\n`
        : `${note}export type ${nameOf(name)} = ${typeOf(schema, "")};\n`;
    }),
].join("\n");

function* sources(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(name) && !name.endsWith(".d.ts")) yield path;
  }
}

/** Calls of the page that no endpoint answers; `${id}` in the page stands for any one segment. */
function unknownCalls() {
  const known = new Set(
    Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{[^}]+\}/g, "*")}`),
    ),
  );
  const faults = [];
  for (const file of sources(join(web, "src"))) {
    const text = readFileSync(file, "utf8");
    const calls = [
      ...text.matchAll(/api\s*\.(get|post|put|patch|delete)(?:<[^;()]*?>)?\(\s*["'`]([^"'`]+)["'`]/g),
      ...text.matchAll(/api\.raw\(\s*"(GET|POST)",\s*["'`]([^"'`]+)["'`]/g),
    ];
    for (const [, method, path] of calls) {
      const plain = `/api${path.replace(/\$\{[^}]*\}/g, "*")}`;
      const matches = [...known].some((each) => {
        const [verb, template] = each.split(" ");
        const parts = template.split("/");
        const given = plain.split("/");
        return verb === method.toUpperCase() && parts.length === given.length && parts.every((part, at) => part === "*" || given[at] === "*" || part === given[at]);
      });
      if (!matches) faults.push(`${file.slice(web.length + 1)}: ${method.toUpperCase()} ${plain} is not in openapi.json`);
    }
  }
  return faults;
}

if (process.argv.includes("--check")) {
  const faults = unknownCalls();
  if (!existsSync(target) || readFileSync(target, "utf8") !== generated) faults.push("src/lib/api/schema.d.ts is behind openapi.json: npm run api");
  for (const fault of faults) console.error(fault);
  console.log(`api: ${Object.keys(schemas).length} shapes, ${faults.length} faults`);
  process.exit(faults.length ? 1 : 0);
}
writeFileSync(target, generated);
console.log(`wrote ${target.slice(web.length + 1)}`);
