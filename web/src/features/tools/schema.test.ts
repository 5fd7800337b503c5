import { describe, expect, it } from "vitest";
import { faultOf, fieldsOf, readForm } from "./schema";

const schema = {
  type: "object",
  properties: {
    query: { type: "string", description: "What is looked for." },
    limit: { type: "integer", default: 5 },
    share: { type: "number" },
    method: { enum: ["GET", "HEAD"], default: "GET" },
    deep: { type: "boolean" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["query"],
};

describe("a form of a schema", () => {
  it("has a field of its kind for each property", () => {
    expect(fieldsOf(schema).map(({ name, kind }) => `${name}: ${kind}`)).toEqual(["query: long", "limit: whole", "share: number", "method: choice", "deep: switch", "tags: json"]);
    expect(fieldsOf(schema)[0]).toMatchObject({ required: true, hint: "What is looked for.", initial: "" });
    expect(fieldsOf({ type: "object" })).toEqual([]);
  });

  it("says arguments, and leaves out what is empty", () => {
    expect(readForm(fieldsOf(schema), { query: "bees", deep: "true", tags: '["a"]' })).toEqual({ arguments: { query: "bees", limit: 5, method: "GET", deep: true, tags: ["a"] }, faults: {} });
  });

  it("says what cannot be read", () => {
    expect(readForm(fieldsOf(schema), { limit: "1.5", share: "many", tags: "a, b" }).faults).toEqual({
      query: "Needed",
      limit: "Not a whole number",
      share: "Not a number",
      tags: 'Not JSON: texts stand in quotes ("…")',
    });
  });
});

describe("a schema that is being written", () => {
  it.each([
    ["{", "Not JSON"],
    ["[]", "braces"],
    ["{}", '{"type": "object"}'],
    ['{"type": "object", "properties": []}', "properties"],
    ['{"type": "object", "properties": {"a": 1}}', "properties.a"],
    ['{"type": "object", "required": "a"}', "required"],
    ['{"type": "object", "required": ["a"]}', "a is not among"],
  ])("%s is told to be wrong", (text, told) => {
    expect(faultOf(text)).toContain(told);
  });

  it("is fine once it is one", () => {
    expect(faultOf(JSON.stringify(schema))).toBe("");
  });
});
