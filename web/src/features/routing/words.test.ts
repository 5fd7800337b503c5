import { describe, expect, it } from "vitest";
import { ApiProblem } from "@/lib/api/client";
import { conditionLines, faultsOf } from "./words";

const nobody = new Map<string, string>();

describe("what a rule says", () => {
  it("is nothing where it always holds", () => {
    expect(conditionLines({}, nobody)).toEqual([]);
  });

  it("names every condition, and 0 is a figure like any other", () => {
    const lines = conditionLines(
      {
        task_types: ["code", "chat"],
        min_tokens: 0,
        capabilities: ["json_schema", "tools"],
        user_ids: ["1"],
        group_ids: ["2"],
        languages: ["de"],
        window: { days: ["mon", "tue", "wed"], start: "22:00", end: "06:00", zone: "Europe/Berlin" },
        max_cost: "0",
        max_latency_ms: 2500,
        pattern: "refund",
      },
      new Map([["1", "Ada"]]),
    );
    expect(lines.map((line) => `${line.what}: ${line.text}`)).toEqual([
      "Task: code or chat",
      "Prompt: at least 0 tokens",
      "Needs: JSON schema and tools",
      "Asked by: Ada or somebody",
      "Language: German",
      "When: Mon to Wed, 22:00 to 06:00, Europe/Berlin",
      "Pattern: refund",
      "Costs at most: $0",
      "Takes at most: 2.5 s",
    ]);
  });
});

describe("where a refusal is shown", () => {
  const refused = (detail: string, errors?: { field: string; message: string }[], slug = "bad-rule") => faultsOf(new ApiProblem(422, slug, "No", detail, errors ? { errors } : {}));

  it("is the field that the server names, wherever it lies", () => {
    expect(refused("target_model: there is no chat model 'x'")).toEqual({ fields: { target_model: "There is no chat model 'x'" }, rest: "" });
    expect(refused("rule.fallback_models[1]: there is none")).toEqual({ fields: { fallback_models: "There is none" }, rest: "" });
    expect(refused("conditions.window.zone: there is no zone 'X'").fields).toEqual({ window: "There is no zone 'X'" });
    expect(refused("", [{ field: "conditions.languages.0", message: "String should match" }]).fields).toEqual({ languages: "String should match" });
  });

  it("is the condition where the schema speaks of all of them", () => {
    expect(refused("", [{ field: "rule.conditions", message: "pattern: missing )" }]).fields).toEqual({ pattern: "Missing )" });
    expect(refused("", [{ field: "conditions", message: "min_tokens lies above max_tokens, so it would never hold" }]).fields).toHaveProperty("min_tokens");
  });

  it("is the name where there is a rule of that name, and the head of the form for the rest", () => {
    expect(refused("there is a rule of that name", undefined, "rule-exists").fields).toHaveProperty("name");
    expect(refused("there are 200 rules")).toEqual({ fields: {}, rest: "There are 200 rules" });
  });
});
