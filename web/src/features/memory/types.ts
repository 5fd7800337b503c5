/** What the page reads of both engines alike. Times are ISO 8601 UTC. */
import type { Memory } from "@/lib/api/types";

export type MemoryState = Memory["state"];

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
