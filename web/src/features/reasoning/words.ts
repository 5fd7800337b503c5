import type { Budget, Domain, Node, NodeState, Options, Session, SessionSummary, Status, Step, Strategy } from "./types";

type Tone = "neutral" | "good" | "warn" | "danger" | "accent";

export const strategies: readonly { id: Strategy; name: string; says: string }[] = [
  { id: "stepwise", name: "Step by step", says: "Takes the problem apart, solves each part and checks it. For most problems of several steps." },
  { id: "vote", name: "Vote", says: "Solves it several times over and takes what most agree on. For one short answer that is easy to get wrong." },
  { id: "tree", name: "Tree", says: "Tries several beginnings, keeps the best and goes on from them. For puzzles and searches." },
];
export const strategyName = (id: Strategy | null): string => strategies.find((one) => one.id === id)?.name ?? "Automatic";

export const domains: readonly [Domain, string][] = [
  ["general", "Anything"],
  ["math", "Mathematics"],
  ["code", "Code"],
  ["research", "Research"],
  ["data", "Data"],
  ["planning", "Planning"],
];

export const statuses: Record<Status, { text: string; tone: Tone }> = {
  running: { text: "Thinking", tone: "accent" },
  waiting: { text: "Waits for you", tone: "warn" },
  paused: { text: "Paused", tone: "neutral" },
  completed: { text: "Solved", tone: "good" },
  partial: { text: "Solved in part", tone: "warn" },
  failed: { text: "Failed", tone: "danger" },
  cancelled: { text: "Cancelled", tone: "neutral" },
};

/** `made`: of the plan itself, which nobody proves. */
export type Mark = NodeState | "made";
export const marks: Record<Mark, string> = { made: "Made", pending: "To do", running: "Under way", verified: "Verified", answered: "Not verified", failed: "Failed", skipped: "Left out" };

/** What happens no more by itself: `partial`, `failed` and `cancelled` may be taken up again. */
export const hasEnded = (status: Status): boolean => status === "completed" || status === "partial" || status === "failed" || status === "cancelled";

/** What a session came to, in a word and a colour. One that ended without a solution is not called solved. */
export function outcome(session: Pick<SessionSummary, "status" | "solution_found">): { text: string; tone: Tone } {
  if (session.status === "completed" && !session.solution_found) return { text: "Answered, not proven", tone: "warn" };
  return statuses[session.status];
}

const stepTypes: Record<Step["step_type"], string> = { decompose: "Plan", reason: "Reason", execute: "Solve", verify: "Verify", synthesize: "Put together" };
export const stepName = (type: string): string => stepTypes[type as Step["step_type"]] ?? type;

const verifiers: Record<string, string> = {
  checks: "your checks",
  tests: "running the tests",
  recomputed: "recomputing the question exactly",
  arithmetic: "exact arithmetic",
  derivation: "an independent derivation",
  derivations: "two independent derivations",
  majority: "a majority of answers",
  citations: "finding its citations again",
  units: "units",
  steps: "comparing it with its steps",
  form: "its form",
  tool: "a tool’s result",
};
export const verifierName = (name: string): string => verifiers[name] ?? name;

const verdicts: Record<string, { text: string; tone: Tone }> = {
  confirmed: { text: "Confirmed", tone: "good" },
  refuted: { text: "Refuted", tone: "danger" },
  inconclusive: { text: "Says nothing", tone: "neutral" },
};
export const verdictOf = (verdict: string): { text: string; tone: Tone } => verdicts[verdict] ?? { text: verdict, tone: "neutral" };

export const percent = (share: number): string => `${Math.round(share * 100)}%`;
export const listed = (parts: readonly string[]): string => new Intl.ListFormat("en").format(parts);
const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

/** On what an answer of one node rests, in words. */
export function restsOn(node: Pick<Node, "state" | "verifiers">): string {
  if (node.state === "verified") return node.verifiers.length ? `Verified by ${listed(node.verifiers.map(verifierName))}` : "Verified";
  if (node.state === "answered") return "Rests on the model’s word: nothing confirmed it";
  return marks[node.state];
}

/** How far a whole session can be trusted: what is proven and what is not, counted and named. */
export function howSure(session: Pick<Session, "nodes" | "solution_found" | "basis" | "status">): string {
  const { nodes } = session;
  if (nodes.length === 0) return session.basis ?? "There is no plan yet.";
  const of = (state: NodeState) => nodes.filter((node) => node.state === state);
  const [verified, answered, failed, skipped] = [of("verified"), of("answered"), of("failed"), of("skipped")];
  const name = (some: readonly Node[]) => (some.length > 4 ? plural(some.length, "step") : `${some.length === 1 ? "step" : "steps"} ${listed(some.map((node) => node.id))}`);
  const rest = nodes.length - verified.length - answered.length - failed.length - skipped.length;
  const parts = [verified.length === nodes.length ? (nodes.length === 1 ? "The one step is verified" : `All ${nodes.length} steps are verified`) : `${verified.length} of ${plural(nodes.length, "step")} verified`];
  if (answered.length) parts.push(`${name(answered)} ${answered.length === 1 ? "rests" : "rest"} on the model’s word`);
  if (failed.length) parts.push(`${name(failed)} failed`);
  if (skipped.length) parts.push(`${name(skipped)} ${skipped.length === 1 ? "was" : "were"} left out`);
  if (rest) parts.push(`${plural(rest, "step")} not done`);
  return `${parts.join("; ")}.`;
}

/** What can be done about an end that is none. */
export function wayOut(session: Pick<Session, "status">): string {
  if (session.status === "partial") return "What is proven so far is kept. Give it more to go on, or solve a step anew.";
  if (session.status === "failed") return "Solve the step that failed anew, perhaps by another model, or go on with more budget.";
  if (session.status === "cancelled") return "What was done is kept, and it can go on from there.";
  return "";
}

/** What a solution that is not verified as a whole counts by. */
export function countsBy(session: Pick<Session, "solution_found" | "nodes" | "confidence" | "options">): string {
  if (!session.solution_found) return "This is not proven. Take it for a proposal.";
  if (session.nodes.length && session.nodes.every((node) => node.state === "verified")) return "Each step is verified; that they were put together rightly is the model’s word.";
  return `It is not verified as a whole. It counts because its confidence reaches the bar of ${percent(session.options.stop_at)}.`;
}

export const defaultBudget: Budget = { tokens: null, cost: null, seconds: 1800, steps: 100 };

export const defaults: Options = {
  domain: "general",
  strategy: null,
  model: null,
  max_steps: 10,
  samples: 5,
  tools: null,
  documents: [],
  checks: [],
  budget: defaultBudget,
  review_plan: false,
  stop_at: 0.8,
};

/** What differs from how a session is run by default, in few words; nothing where all is as usual. */
export function changed(options: Options): string[] {
  const words: string[] = [];
  if (options.domain !== defaults.domain) words.push(domains.find(([id]) => id === options.domain)?.[1] ?? options.domain);
  if (options.strategy) words.push(strategyName(options.strategy));
  if (options.model) words.push(options.model);
  if (options.tools) words.push(options.tools.length ? plural(options.tools.length, "tool") : "no tools");
  if (options.documents.length) words.push(plural(options.documents.length, "knowledge base"));
  if (options.checks.length) words.push(plural(options.checks.length, "check"));
  if (options.review_plan) words.push("plan first");
  const { budget } = options;
  if (budget.cost !== null) words.push(`at most $${budget.cost}`);
  if (budget.tokens !== null) words.push(`${budget.tokens.toLocaleString("en-US")} tokens`);
  if (budget.seconds !== defaultBudget.seconds) words.push(budget.seconds === null ? "any time" : `${budget.seconds} s`);
  if (budget.steps !== defaultBudget.steps) words.push(budget.steps === null ? "any steps" : plural(budget.steps, "step"));
  if (options.max_steps !== defaults.max_steps) words.push(`${plural(options.max_steps, "sub-problem")} at most`);
  if (options.stop_at !== defaults.stop_at) words.push(`${percent(options.stop_at)} sure`);
  return words;
}

/** What was used of each limit, those that are none left out. `elapsed` in seconds. */
export function used(session: Pick<Session, "options" | "total_tokens" | "total_cost" | "total_steps">, elapsed: number): { name: string; share: number }[] {
  const { budget } = session.options;
  const rows: [string, number, number | null][] = [
    ["tokens", session.total_tokens, budget.tokens],
    ["cost", Number(session.total_cost), budget.cost === null ? null : Number(budget.cost)],
    ["time", elapsed, budget.seconds],
    ["steps", session.total_steps, budget.steps],
  ];
  return rows.flatMap(([name, spent, most]) => (most === null ? [] : [{ name, share: most === 0 ? 1 : Math.min(1, spent / most) }]));
}

export const examples: readonly { title: string; problem: string; options: Partial<Options> }[] = [
  {
    title: "A sum with traps",
    problem:
      "A shop sells pens at $1.35 each, 10 for $11.80. A school buys 87 pens as cheaply as it can, pays 8.5 % tax on them, and has a voucher of $15 that is taken off before tax. What does it pay?",
    options: { domain: "math" },
  },
  {
    title: "A puzzle with a check",
    problem: "Use the numbers 4, 7, 8 and 8, each exactly once, with + − × ÷ and brackets, to make 24. Answer with the expression alone.",
    options: { domain: "math", strategy: "tree", checks: [{ type: "expression", equals: "24", uses: ["4", "7", "8", "8"] }] },
  },
  {
    title: "A function that passes its tests",
    problem: "Write a Python function `roman(n)` that turns a whole number from 1 to 3999 into Roman numerals. Answer with the code alone.",
    options: { domain: "code", checks: [{ type: "tests", tests: "assert roman(4) == 'IV'\nassert roman(1994) == 'MCMXCIV'\nassert roman(3999) == 'MMMCMXCIX'" }] },
  },
];
