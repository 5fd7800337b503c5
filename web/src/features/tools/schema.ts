/** JSON Schemas of tools, as far as a form and a quick look need them; the server holds arguments against all of it. */

export type Kind = "text" | "long" | "choice" | "number" | "whole" | "switch" | "json";

export interface FormField {
  name: string;
  kind: Kind;
  required: boolean;
  hint: string;
  choices: string[];
  initial: string;
}

type Part = Record<string, unknown>;

const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && !Array.isArray(value);

function kindOf(name: string, part: Part): Kind {
  if (Array.isArray(part.enum) && part.enum.every((one) => typeof one === "string")) return "choice";
  switch (part.type) {
    case "string":
      return name === "query" || name === "code" || (typeof part.maxLength === "number" && part.maxLength > 500 && name !== "url") ? "long" : "text";
    case "number":
      return "number";
    case "integer":
      return "whole";
    case "boolean":
      return "switch";
    default:
      return "json";
  }
}

const textOf = (value: unknown): string => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** A field for each property, in the schema's order. */
export function fieldsOf(schema: Part): FormField[] {
  const properties = isPart(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, value]) => {
    const part = isPart(value) ? value : {};
    return {
      name,
      kind: kindOf(name, part),
      required: required.includes(name),
      hint: typeof part.description === "string" ? part.description : "",
      choices: Array.isArray(part.enum) ? part.enum.map(String) : [],
      initial: textOf(part.default),
    };
  });
}

export interface Read {
  arguments: Record<string, unknown>;
  /** What cannot be read, by field. */
  faults: Record<string, string>;
}

/** The arguments that a filled form says; an empty field is left out. */
export function readForm(fields: FormField[], values: Record<string, string>): Read {
  const read: Read = { arguments: {}, faults: {} };
  for (const field of fields) {
    const text = values[field.name] ?? field.initial;
    if (field.kind === "switch") {
      if (text !== "") read.arguments[field.name] = text === "true";
    } else if (text.trim() === "") {
      if (field.required) read.faults[field.name] = "Needed";
    } else if (field.kind === "number" || field.kind === "whole") {
      const number = Number(text);
      if (!Number.isFinite(number)) read.faults[field.name] = "Not a number";
      else if (field.kind === "whole" && !Number.isInteger(number)) read.faults[field.name] = "Not a whole number";
      else read.arguments[field.name] = number;
    } else if (field.kind === "json") {
      try {
        read.arguments[field.name] = JSON.parse(text);
      } catch {
        read.faults[field.name] = 'Not JSON: texts stand in quotes ("…")';
      }
    } else read.arguments[field.name] = text;
  }
  return read;
}

/** What is plainly wrong with a schema that is being written, or nothing. */
export function faultOf(text: string): string {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (fault) {
    return fault instanceof Error ? `Not JSON: ${fault.message}` : "Not JSON";
  }
  if (!isPart(schema)) return "An object of JSON, in braces";
  if (schema.type !== "object") return 'Arguments have names: begin with {"type": "object"}';
  if (schema.properties !== undefined && !isPart(schema.properties)) return "properties: an object, by the names of arguments";
  const names = isPart(schema.properties) ? Object.keys(schema.properties) : [];
  const odd = names.find((name) => !isPart((schema.properties as Part)[name]) && typeof (schema.properties as Part)[name] !== "boolean");
  if (odd !== undefined) return `properties.${odd}: an object`;
  if (schema.required !== undefined) {
    if (!Array.isArray(schema.required) || !schema.required.every((one) => typeof one === "string")) return "required: a list of names";
    const missing = schema.required.find((one) => !names.includes(one as string));
    if (missing !== undefined) return `required: ${String(missing)} is not among the properties`;
  }
  return "";
}
