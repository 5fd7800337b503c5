import type { Terms } from "@/lib/api/types";

export type Term = keyof Terms;

/** The four terms of the score, each with its colour: the bars of one are the same everywhere. */
export const terms: { term: Term; name: string; fill: string; slider: string }[] = [
  { term: "cost", name: "Cost", fill: "bg-(--syn-str)", slider: "accent-(--syn-str)" },
  { term: "latency", name: "Latency", fill: "bg-(--syn-fn)", slider: "accent-(--syn-fn)" },
  { term: "quality", name: "Quality", fill: "bg-accent", slider: "accent-accent" },
  { term: "reliability", name: "Reliability", fill: "bg-(--syn-num)", slider: "accent-(--syn-num)" },
];

/** Weights as shares of one; all alike where they say nothing. */
export function shares(weights: Terms): Terms {
  const sum = terms.reduce((total, { term }) => total + weights[term], 0);
  return Object.fromEntries(terms.map(({ term }) => [term, sum > 0 ? weights[term] / sum : 0.25])) as unknown as Terms;
}
