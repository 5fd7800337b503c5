/** The shapes of `/api/reasoning`, as they are sent: what has a default is always there. */
import type * as schema from "@/lib/api/schema";

export type { MadeSession, Source, ToolCall, ToolInfo as Tool } from "@/lib/api/schema";
export type { ReasoningEvidence as Evidence, ReasoningSessionSummary as SessionSummary, Step } from "@/lib/api/schema";

type Whole<T> = { [Name in keyof T]-?: Exclude<T[Name], undefined> };

export type Check = Whole<schema.ValueCheck> | Whole<schema.ExpressionCheck> | Whole<schema.PatternCheck> | Whole<schema.CodeCheck>;
export type Budget = Whole<schema.ReasoningBudget_Output>;
export type Options = Omit<Whole<schema.Options>, "budget" | "checks"> & { budget: Budget; checks: Check[] };
export type NewSession = Options & { problem: string };
export type PlannedNode = Whole<schema.PlannedNode>;
export type Node = Whole<schema.ReasoningNode>;
export type Asked = Whole<schema.Asked>;
export type Session = Omit<schema.ReasoningSession, "nodes" | "options" | "asks"> & { nodes: Node[]; options: Options; asks: Asked[] };

export type Status = Session["status"];
export type Strategy = NonNullable<Session["strategy"]>;
export type Domain = Session["domain"];
export type NodeState = Node["state"];
export type Difficulty = Node["difficulty"];
export type Verdict = schema.ReasoningEvidence["verdict"];

export type Steering =
  | { kind: "plan"; nodes: PlannedNode[]; revision: number }
  | { kind: "approve" }
  | { kind: "constraint"; text: string }
  | { kind: "retry"; node_id: string; model: string | null }
  | { kind: "tool"; call_id: string; allow: boolean }
  | { kind: "pause" }
  | { kind: "resume"; budget: Budget | null };
