/** The shapes of /api/memory and /api/personalization, as the page reads them. Times are ISO 8601 UTC. */

export type MemoryState = "current" | "superseded" | "needs_review" | "expired";

export interface Slot {
  subject: string;
  attribute: string;
  qualifier?: string | null;
  value: string;
  polarity?: number;
  single?: boolean;
}

export interface Memory {
  id: string;
  store_name: string;
  content: string;
  memory_type: string;
  source: string | null;
  importance: number;
  pinned: boolean;
  scope: string[];
  aliases: string[];
  speaker: string | null;
  said_at: string | null;
  happened_at: string | null;
  conversation: string | null;
  message_id: string | null;
  span: { start: number; end: number } | null;
  slot: Slot | null;
  confidence: number;
  evidence: number;
  learned: boolean;
  state: MemoryState;
  valid_from: string | null;
  valid_to: string | null;
  superseded_by: string | null;
  embedded: boolean;
  access_count: number;
  expires_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface Why {
  kind: string;
  detail?: string | null;
}

export interface Found {
  results: { memory: Memory; score: number; similarity: number | null; why: Why[] }[];
  searched: number;
}

export interface Added {
  memory: Memory;
  outcome: "added" | "repeated" | "superseded" | "review";
  superseded: string[];
}

export interface Graph {
  nodes: { id: string; content: string; memory_type: string }[];
  edges: { id: string; source_memory_id: string; target_memory_id: string; relationship_type: string; strength: number }[];
}

interface Snapshot {
  value: unknown;
  confidence: number;
}

export interface Change {
  at: string;
  what: string;
  memory_id?: string | null;
  preference_key?: string | null;
  before: string | Snapshot | null;
  after: string | Snapshot | null;
  why?: string | null;
}

export interface Preference {
  id: string;
  preference_key: string;
  preference_value: unknown;
  confidence: number;
  low: number;
  interval: number[];
  evidence: number;
  applied: boolean;
  locked: boolean;
  confirmed: boolean;
  updated_at: string;
}

export interface Evidence {
  id: string;
  sign: number;
  kind: string;
  value: unknown;
  message_id: string | null;
  quote: string | null;
  at: string;
  counts_now: number;
}

export interface Pattern {
  id: string;
  pattern_type: string;
  pattern_key: string;
  pattern_data: { count?: number; total?: number; share?: number; interval?: number[]; lift?: number };
  occurrence_count: number;
  last_occurred: string | null;
  shown: boolean;
}

export interface LearningSettings {
  learning_enabled: boolean;
  recall_enabled: boolean;
}

export interface Imported {
  added: number;
  repeated: number;
}
