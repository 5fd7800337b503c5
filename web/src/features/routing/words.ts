import { ApiProblem, messageOf, sentence } from "@/lib/api/client";
import type { Decision, RuleConditions, TaskType } from "@/lib/api/types";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";

export const tasks: TaskType[] = ["chat", "code", "analysis", "creative", "vision", "audio"];
export const levels = ["economy", "balanced", "premium"] as const;
export const plans = ["free", "standard", "enterprise"] as const;
export const capabilities = ["vision", "tools", "json_schema", "documents", "reasoning", "audio", "embedding", "text"] as const;
export const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

export const capabilityName = (name: string): string => (name === "json_schema" ? "JSON schema" : name);
export const dayName = (day: string): string => day.charAt(0).toUpperCase() + day.slice(1);

export const chosenBy: Record<Decision["chosen_by"], string> = {
  rule: "a rule",
  score: "the score",
  conversation: "its conversation",
  exploration: "exploration",
  fallback: "a fall-back",
  named: "its name",
  merge: "a merge, beside others",
};

const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });
export const languageName = (code: string): string => {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
};

export const percent = (share: number): string => `${Math.round(share * 100)}%`;

/** The names of people and groups, by id. */
export type Names = ReadonlyMap<string, string>;

/** What must hold for a rule, in lines to read. Nothing: it always holds. */
export function conditionLines(given: RuleConditions, names: Names): { what: string; text: string }[] {
  const lines: { what: string; text: string }[] = [];
  const say = (what: string, text: string) => lines.push({ what, text });
  if (given.task_types) say("Task", given.task_types.join(" or "));
  if (given.min_tokens != null && given.max_tokens != null) say("Prompt", `${formatCount(given.min_tokens)} to ${formatCount(given.max_tokens)} tokens`);
  else if (given.min_tokens != null) say("Prompt", `at least ${formatCount(given.min_tokens)} tokens`);
  else if (given.max_tokens != null) say("Prompt", `at most ${formatCount(given.max_tokens)} tokens`);
  if (given.capabilities) say("Needs", given.capabilities.map(capabilityName).join(" and "));
  const whom = [...(given.user_ids ?? []), ...(given.group_ids ?? [])];
  if (whom.length) say("Asked by", whom.map((id) => names.get(id) ?? "somebody").join(" or "));
  if (given.languages) say("Language", given.languages.map(languageName).join(" or "));
  if (given.quality_levels) say("Level", given.quality_levels.join(" or "));
  if (given.plans) say("Plan", given.plans.join(" or "));
  if (given.window) {
    const { days: on = [...days], start = "00:00", end = "00:00", zone = "UTC" } = given.window;
    say("When", `${daysText(on)}, ${start === end ? "all day" : `${start} to ${end}`}, ${zone}`);
  }
  if (given.pattern != null) say("Pattern", given.pattern);
  if (given.max_cost != null) say("Costs at most", formatMoney(given.max_cost));
  if (given.max_latency_ms != null) say("Takes at most", formatDuration(given.max_latency_ms));
  return lines;
}

/** "every day", "Mon to Fri", "Mon, Wed". */
function daysText(on: readonly string[]): string {
  const at = days.flatMap((day, index) => (on.includes(day) ? [index] : []));
  if (at.length === 7) return "every day";
  const [first, last] = [at[0] ?? 0, at.at(-1) ?? 0];
  if (at.length > 2 && last - first === at.length - 1) return `${dayName(days[first]!)} to ${dayName(days[last]!)}`;
  return at.map((index) => dayName(days[index]!)).join(", ");
}

const unmetNames: Record<string, string> = {
  task_types: "the task is another",
  min_tokens: "the prompt is shorter",
  max_tokens: "the prompt is longer",
  capabilities: "it does not need these capabilities",
  user_ids: "somebody else asks",
  group_ids: "whoever asks is in none of these groups",
  languages: "the prompt is in another language",
  plans: "the workspace has another plan",
  quality_levels: "another level was asked for",
  window: "it is another day or hour",
  pattern: "the pattern is not found",
  max_cost: "its models cost more",
  max_latency_ms: "its models take longer",
};

export const unmetText = (condition: string): string => unmetNames[condition] ?? condition.replaceAll("_", " ");

export interface Faults {
  /** By the field's name in the API, without where it lies. */
  fields: Record<string, string>;
  /** What belongs to no field. */
  rest: string;
}

export const noFaults: Faults = { fields: {}, rest: "" };

/** `rule.conditions.window.zone` -> `window`. */
const fieldName = (path: string): string => path.replace(/^rule\./, "").replace(/^conditions\.(?=.)/, "").split(/[.[]/)[0]!;

const known = new Set(["name", "target_model", "fallback_models", ...Object.keys(unmetNames)]);

/** Where on the form the server's refusal belongs. */
export function faultsOf(error: unknown): Faults {
  if (!(error instanceof ApiProblem)) return { fields: {}, rest: messageOf(error) };
  if (error.slug === "rule-exists") return { fields: { name: sentence(error.detail) }, rest: "" };
  const found = error.fields.length ? error.fields : [{ field: "", message: error.detail || error.title }];
  const faults: Faults = { fields: {}, rest: "" };
  for (const { field, message } of found) {
    let name = fieldName(field);
    let text = message;
    // The server names the field at the head of what it says where the fault is not of one field's form.
    const named = /^([\w.[\]]+)(?::\s*|\s(?=lies|is|must))(.*)$/s.exec(text);
    if (!known.has(name) && named && known.has(fieldName(named[1]!))) {
      name = fieldName(named[1]!);
      if (text.startsWith(`${named[1]}:`)) text = named[2]!;
    }
    if (known.has(name)) faults.fields[name] ??= capital(text);
    else faults.rest = [faults.rest, sentence(text)].filter(Boolean).join(" ");
  }
  return faults;
}

const capital = (text: string): string => (/^\w+_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1));
