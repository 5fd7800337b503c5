/** The shapes of Think Tank, as `workspace/reasoning/schemas.py` has them. Money is a decimal string in US dollars, times are milliseconds. */
export type Strategy = "stepwise" | "vote" | "tree";
export type Domain = "general" | "math" | "code" | "research" | "data" | "planning";
export type Status = "running" | "waiting" | "paused" | "completed" | "partial" | "failed" | "cancelled";
export type NodeState = "pending" | "running" | "verified" | "answered" | "failed" | "skipped";
export type Verdict = "confirmed" | "refuted" | "inconclusive";
export type Difficulty = "easy" | "medium" | "hard";

export type Check =
  | { type: "expression"; equals: string; uses: string[] | null }
  | { type: "value"; equals: string; within: string | null }
  | { type: "pattern"; pattern: string }
  | { type: "tests"; tests: string };

export interface Budget {
  tokens: number | null;
  cost: string | null;
  seconds: number | null;
  steps: number | null;
}

export interface Options {
  domain: Domain;
  strategy: Strategy | null;
  model: string | null;
  max_steps: number;
  samples: number;
  tools: string[] | null;
  documents: string[];
  checks: Check[];
  budget: Budget;
  review_plan: boolean;
  stop_at: number;
}

export type NewSession = Options & { problem: string };

export interface MadeSession {
  id: string;
  status: Status;
}

export interface PlannedNode {
  id: string;
  question: string;
  depends_on: string[];
  difficulty: Difficulty;
  tools: string[];
  model: string | null;
}

export interface Node extends PlannedNode {
  state: NodeState;
  answer: string | null;
  confidence: number | null;
  basis: string | null;
  verifiers: string[];
  attempts: number;
  error: string | null;
  cost: string;
}

export interface Evidence {
  verifier: string;
  verdict: Verdict;
  detail: string;
}

export interface Source {
  source: string;
  title: string;
  quote: string;
}

export interface ToolCall {
  call_id: string;
  tool: string;
  arguments: Record<string, unknown>;
  text: string;
  error: string | null;
  citations: Source[];
  duration_ms: number;
}

export interface Step {
  id: string;
  step_number: number;
  step_type: "decompose" | "reason" | "execute" | "verify" | "synthesize";
  node_id: string | null;
  attempt: number;
  description: string;
  reasoning: string | null;
  result: string | null;
  confidence: number | null;
  self_confidence: number | null;
  verifier: string | null;
  verdict: Verdict | null;
  evidence: Evidence[];
  tool_calls: ToolCall[];
  model_used: string | null;
  input_tokens: number;
  output_tokens: number;
  tokens_used: number;
  cost: string;
  duration_ms: number;
  error: string | null;
  created_at: string;
}

export interface Asked {
  kind: "plan" | "tool";
  call_id: string | null;
  node_id: string | null;
  tool: string | null;
  arguments: Record<string, unknown> | null;
}

export interface SessionSummary {
  id: string;
  problem_summary: string;
  domain: Domain;
  strategy: Strategy | null;
  complexity: "low" | "medium" | "high" | null;
  status: Status;
  solution_found: boolean;
  avg_confidence: number | null;
  total_steps: number;
  total_tokens: number;
  total_cost: string;
  created_at: string;
  completed_at: string | null;
}

export interface Session extends SessionSummary {
  problem: string;
  options: Options;
  solution: string | null;
  answer: string | null;
  confidence: number | null;
  basis: string | null;
  notes: string[];
  error: { slug: string; title: string; detail: string } | null;
  good: boolean | null;
  nodes: Node[];
  plan_revision: number;
  constraints: string[];
  asks: Asked[];
  steps: Step[];
  last_event: number;
}

export type Steering =
  | { kind: "plan"; nodes: PlannedNode[]; revision: number }
  | { kind: "approve" }
  | { kind: "constraint"; text: string }
  | { kind: "retry"; node_id: string; model: string | null }
  | { kind: "tool"; call_id: string; allow: boolean }
  | { kind: "pause" }
  | { kind: "resume"; budget: Budget | null };

/** A tool as `/api/tools` lists it. */
export interface Tool {
  name: string;
  description: string;
  side_effects: boolean;
  available: boolean;
  why_not?: string | null;
}
