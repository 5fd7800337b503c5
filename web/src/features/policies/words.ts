import type { Policy, PolicyParameters } from "@/lib/api/types";

export const parameterNames = {
  max_tokens: "Tokens of an answer",
  temperature: "Temperature",
  top_p: "Top p",
  n: "Answers at once",
  reasoning_effort: "Effort of reasoning",
} as const satisfies Record<keyof PolicyParameters, string>;

export type ParameterName = keyof typeof parameterNames;

/** What a policy says, in lines to read. */
export function saidBy(policy: Policy): { what: string; text: string }[] {
  const lines: { what: string; text: string }[] = [];
  if (policy.allowed_models) lines.push({ what: "Allows", text: policy.allowed_models.join(", ") });
  if (policy.denied_models?.length) lines.push({ what: "Denies", text: policy.denied_models.join(", ") });
  for (const [name, chain] of Object.entries(policy.aliases ?? {})) lines.push({ what: `“${name}” is`, text: chain.join(", then ") });
  for (const name of Object.keys(parameterNames) as ParameterName[]) {
    const bound: { default?: unknown; maximum?: unknown; over?: string } | null | undefined = policy.parameters?.[name];
    const parts = [
      bound?.default != null && `${bound.default} unless asked otherwise`,
      bound?.maximum != null && `at most ${bound.maximum}${bound.over === "refuse" ? " or refused" : ""}`,
    ].filter(Boolean);
    if (parts.length) lines.push({ what: parameterNames[name], text: parts.join(", ") });
  }
  if (policy.required_tags?.length)
    lines.push({ what: "Wants the tags", text: policy.required_tags.map((tag) => (tag.values?.length ? `${tag.name} (${tag.values.join(" | ")})` : tag.name)).join(", ") });
  if (policy.logging?.is_active)
    lines.push({ what: "Keeps calls", text: `for ${policy.logging.days} days, ${policy.logging.admins_read ? "read by admins too" : "read by each person alone"}` });
  return lines;
}

/** Words separated by lines, commas or blanks. */
export const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
