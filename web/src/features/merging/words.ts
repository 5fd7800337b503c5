import type { Merge, MergeStrategy } from "@/lib/api/types";

export const strategies: readonly { id: MergeStrategy; name: string; says: string }[] = [
  { id: "consensus", name: "Consensus", says: "What the answers agree on, weighed by who says it. Says so where there is none." },
  { id: "best_of", name: "Best of", says: "The best answer as it is: gates and checks, then a judge that is none of the models." },
  { id: "synthesize", name: "Synthesis", says: "One new answer, each sentence of it borne out by what the models claim." },
  { id: "debate", name: "Debate", says: "The models read each other’s answers in rounds; then a vote over all rounds." },
];

export const strategyName = (id: string): string => strategies.find((one) => one.id === id)?.name ?? id;

const decisions: Record<NonNullable<Merge["decision"]>, string> = {
  decided: "Decided",
  no_consensus: "No consensus",
  only_answer: "The only answer",
  none_usable: "No usable answer",
  no_answers: "No answers",
};

const statuses: Record<Merge["status"], string> = { running: "Under way", completed: "Done", partial: "Done, in part", failed: "Failed", cancelled: "Cancelled" };

type Tone = "neutral" | "good" | "warn" | "danger" | "accent";

/** What a merge came to, in a word and a colour. */
export function outcome(merge: Pick<Merge, "status" | "decision">): { text: string; tone: Tone } {
  if (merge.status === "running") return { text: statuses.running, tone: "accent" };
  if (merge.status === "failed" || merge.status === "cancelled") return { text: statuses[merge.status], tone: merge.status === "failed" ? "danger" : "neutral" };
  if (merge.decision === "decided") return { text: statuses[merge.status], tone: merge.status === "partial" ? "warn" : "good" };
  return { text: merge.decision ? decisions[merge.decision] : statuses[merge.status], tone: "warn" };
}

const notes: Record<string, string> = {
  max_cost: "The most that it may cost was reached, so it went on without further calls.",
  no_judge: "No model could be had as a judge that is none of the candidates.",
  judge_unusable: "The judge gave no usable verdict.",
  judge_is_writer: "The only judge was the writer, so nobody compared the synthesis.",
  unsplit: "The writer could not take the answers apart; their sentences were taken.",
  nothing_written: "No synthesis could be written.",
  unsupported: "Most of the synthesis was not borne out by the answers.",
  lost_to_the_best: "The best answer beat the synthesis, so it was taken.",
  nobody_debated: "No model gave a usable reply in the debate.",
};

export const noteText = (note: string): string => notes[note] ?? note;

const gates: Record<string, string> = {
  empty: "empty",
  repetition: "goes round in circles",
  language: "in another language",
  relevance: "not about the question",
  instructs: "talks to the judge",
  refusal: "refuses",
  constant: "the same whatever is asked",
};

export const gateText = (gate: string): string => gates[gate] ?? gate;

export const percent = (share: number): string => `${Math.round(share * 100)}%`;
