import type { Rule, RuleConditions, RuleSettings } from "@/lib/api/types";
import { days } from "./words";

/** The kinds of condition, as the form shows them: tokens are one of two figures, people one of two lists. */
export const kinds = ["task", "tokens", "needs", "people", "language", "level", "window", "pattern", "cost", "latency", "plan"] as const;
export type Kind = (typeof kinds)[number];

export const kindNames: Record<Kind, string> = {
  task: "Task",
  tokens: "Length of the prompt",
  needs: "Capabilities it needs",
  people: "Who asks",
  language: "Language",
  level: "Quality level",
  window: "Day and hour",
  pattern: "Words in the prompt",
  cost: "Cost at most",
  latency: "Time at most",
  plan: "The workspace’s plan",
};

/** A rule as it is being written: figures are text until they are sent. */
export interface Draft {
  name: string;
  scope: Rule["scope"];
  active: boolean;
  target: string;
  fallbacks: string[];
  kinds: Kind[];
  tasks: NonNullable<RuleConditions["task_types"]>;
  minTokens: string;
  maxTokens: string;
  needs: NonNullable<RuleConditions["capabilities"]>;
  users: string[];
  groups: string[];
  languages: string[];
  levels: NonNullable<RuleConditions["quality_levels"]>;
  plans: NonNullable<RuleConditions["plans"]>;
  days: (typeof days)[number][];
  start: string;
  end: string;
  zone: string;
  pattern: string;
  maxCost: string;
  maxSeconds: string;
}

const text = (value: number | string | null | undefined): string => (value === null || value === undefined ? "" : String(value));

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export function draftOf(rule: Rule | null): Draft {
  const given = rule?.conditions ?? {};
  const has: Record<Kind, boolean> = {
    task: given.task_types != null,
    tokens: given.min_tokens != null || given.max_tokens != null,
    needs: given.capabilities != null,
    people: given.user_ids != null || given.group_ids != null,
    language: given.languages != null,
    level: given.quality_levels != null,
    window: given.window != null,
    pattern: given.pattern != null,
    cost: given.max_cost != null,
    latency: given.max_latency_ms != null,
    plan: given.plans != null,
  };
  return {
    name: rule?.name ?? "",
    scope: rule?.scope ?? "workspace",
    active: rule?.is_active ?? true,
    target: rule?.target_model ?? "",
    fallbacks: rule?.fallback_models ?? [],
    kinds: kinds.filter((kind) => has[kind]),
    tasks: given.task_types ?? [],
    minTokens: text(given.min_tokens),
    maxTokens: text(given.max_tokens),
    needs: given.capabilities ?? [],
    users: given.user_ids ?? [],
    groups: given.group_ids ?? [],
    languages: given.languages ?? [],
    levels: given.quality_levels ?? [],
    plans: given.plans ?? [],
    days: given.window ? (given.window.days ?? [...days]) : ["mon", "tue", "wed", "thu", "fri"],
    start: given.window ? (given.window.start ?? "00:00") : "09:00",
    end: given.window ? (given.window.end ?? "00:00") : "17:00",
    zone: given.window ? (given.window.zone ?? "UTC") : ownZone(),
    pattern: given.pattern ?? "",
    maxCost: text(given.max_cost),
    maxSeconds: given.max_latency_ms == null ? "" : String(given.max_latency_ms / 1000),
  };
}

const figure = (value: string): number | null => (value.trim() ? Number(value) : null);
const some = <T>(list: T[]): T[] | null => (list.length ? list : null);

/** What the server takes. A condition that is shown and left empty is none. */
export function settingsOf(draft: Draft): RuleSettings {
  const shown = new Set(draft.kinds);
  const when = <T>(kind: Kind, value: T | null): T | null => (shown.has(kind) ? value : null);
  const conditions: RuleConditions = {
    task_types: when("task", some(draft.tasks)),
    min_tokens: when("tokens", figure(draft.minTokens)),
    max_tokens: when("tokens", figure(draft.maxTokens)),
    capabilities: when("needs", some(draft.needs)),
    user_ids: when("people", some(draft.users)),
    group_ids: when("people", some(draft.groups)),
    languages: when("language", some(draft.languages)),
    quality_levels: when("level", some(draft.levels)),
    plans: when("plan", some(draft.plans)),
    window: when("window", { days: draft.days, start: draft.start, end: draft.end, zone: draft.zone.trim() || "UTC" }),
    pattern: when("pattern", draft.pattern || null),
    max_cost: when("cost", draft.maxCost.trim() || null),
    max_latency_ms: when("latency", draft.maxSeconds.trim() ? Math.round(Number(draft.maxSeconds) * 1000) : null),
  };
  return {
    name: draft.name.trim(),
    conditions: Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== null)),
    target_model: draft.target.trim(),
    fallback_models: draft.fallbacks.map((one) => one.trim()).filter(Boolean),
    is_active: draft.active,
  };
}
