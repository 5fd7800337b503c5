import { describe, expect, it } from "vitest";
import type { Policy } from "@/lib/api/types";
import { saidBy, wordsOf } from "./words";

const plain: Policy = {
  id: "1",
  name: "All",
  is_active: true,
  api_key_id: null,
  key_name: null,
  key_owner: null,
  allowed_models: null,
  denied_models: [],
  aliases: {},
  parameters: {},
  required_tags: [],
  created_at: "",
  updated_at: "",
};

describe("what a policy says", () => {
  it("is nothing where nothing is bound", () => {
    expect(saidBy(plain)).toEqual([]);
  });

  it("names models, aliases, parameters and tags", () => {
    const said = saidBy({
      ...plain,
      allowed_models: ["gpt-*", "local/*"],
      aliases: { house: ["gpt-4o", "auto"] },
      parameters: { max_tokens: { maximum: 100, over: "refuse" }, temperature: { default: 0, over: "clamp" } },
      required_tags: [{ name: "env", values: ["test", "live"] }, { name: "project", values: [] }],
    });
    expect(said.map((line) => line.text)).toEqual(["gpt-*, local/*", "gpt-4o, then auto", "at most 100 or refused", "0 unless asked otherwise", "env (test | live), project"]);
  });

  it("reads words however they are separated", () => {
    expect(wordsOf(" a, b\nc  d,")).toEqual(["a", "b", "c", "d"]);
  });
});
