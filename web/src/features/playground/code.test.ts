import { expect, test } from "vitest";
import { codeOf } from "./code";

const asked = { model: "auto", messages: [{ role: "user", content: "It's `true`,\nisn't it?" }], max_tokens: 50, stream: true };

test("each language sends the same words, quoted as it quotes", () => {
  const code = codeOf(asked, "https://example.org");
  expect(Object.keys(code)).toEqual(["curl", "Python", "JavaScript", "Go"]);
  expect(code.curl).toContain("It'\\''s");
  expect(code.Go).toContain('` + "`" + `');
  for (const text of Object.values(code)) expect(text).toContain("https://example.org/v1");
});

test("a stream is asked for and read as one", () => {
  expect(codeOf(asked, "x").Python).toContain("stream=True");
  expect(codeOf({ ...asked, stream: false }, "x").Python).not.toContain("stream=True");
});
