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
