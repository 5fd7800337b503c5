import { expect, test } from "vitest";
import { faultOf, formatJson } from "./json-text";

test("valid JSON has no fault, and an empty text none yet", () => {
  for (const text of ["", " \n", "1", '{"a": [1, 2, {"b": null}]}', '"\\u00e9"', "[]", "{}", "-0.5e+7"]) expect(faultOf(text)).toBeNull();
});

test.each([
  ['{"a": 1,}', 1, 9],
  ['{\n  "a": tru\n}', 2, 8],
  ["[1 2]", 1, 4],
  ['{"a" 1}', 1, 6],
  ["[1]]", 1, 4],
  ["{'a': 1}", 1, 2],
  ["[01]", 1, 2],
])("%j is wrong at line %i, column %i", (text, line, column) => {
  expect(faultOf(text)).toMatchObject({ line, column });
});

test("a text that ends too early says so at its end", () => {
  expect(faultOf('{"a": [1')).toMatchObject({ message: "The text ends too early", at: 8 });
});

test("formatting keeps every letter of a value", () => {
  expect(formatJson('{"a":[1,12345678901234567890,1.0],"b":{},"c":"x: {\\"y\\"}"}')).toBe('{\n  "a": [\n    1,\n    12345678901234567890,\n    1.0\n  ],\n  "b": {},\n  "c": "x: {\\"y\\"}"\n}\n');
  expect(formatJson("[[],[[1]]]")).toBe("[\n  [],\n  [\n    [\n      1\n    ]\n  ]\n]\n");
  expect(formatJson("{oops")).toBe("{oops");
});
