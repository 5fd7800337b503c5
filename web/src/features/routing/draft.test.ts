import { describe, expect, it } from "vitest";
import type { Rule } from "@/lib/api/types";
import { draftOf, settingsOf } from "./draft";

const rule: Rule = {
  id: "1",
  scope: "workspace",
  name: "Night",
  priority: 10,
  target_model: "a",
  fallback_models: ["b", "c"],
  is_active: false,
  created_at: "",
  updated_at: "",
  conditions: {
    task_types: ["code"],
    min_tokens: 0,
    max_tokens: 8000,
    capabilities: ["tools"],
    user_ids: ["u"],
    group_ids: ["g"],
    languages: ["de", "fr"],
    plans: ["free"],
    quality_levels: ["premium"],
    window: { days: ["sat"], start: "22:00", end: "06:00", zone: "Europe/Berlin" },
    max_cost: "0.0005",
    max_latency_ms: 1500,
    pattern: "refund|return",
  },
};

describe("a rule in the form", () => {
  it("comes out as it went in", () => {
    const { name, conditions, target_model, fallback_models, is_active } = rule;
    expect(settingsOf(draftOf(rule))).toEqual({ name, conditions, target_model, fallback_models, is_active });
  });

  it("says nothing of conditions that are not there, or are left empty", () => {
    expect(settingsOf({ ...draftOf(null), name: " All ", target: "a", fallbacks: ["", "b "], kinds: ["task", "tokens", "cost"] })).toEqual({
      name: "All",
      conditions: {},
      target_model: "a",
      fallback_models: ["b"],
      is_active: true,
    });
  });

  it("forgets what was written where the condition is taken out again", () => {
    expect(settingsOf({ ...draftOf(rule), kinds: ["level"] }).conditions).toEqual({ quality_levels: ["premium"] });
  });
});
