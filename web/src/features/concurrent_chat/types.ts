/** The shapes of `/api/concurrent-chat`. */
import type { Message } from "@/lib/api/types";

export type LayoutType = "horizontal" | "vertical" | "grid";
export type SyncMode = "independent" | "synchronized" | "broadcast";

export interface Parameters {
  temperature?: number | null;
  top_p?: number | null;
  max_tokens?: number | null;
  reasoning_effort?: string | null;
  seed?: number | null;
  stop?: string[] | null;
}

export interface Pane {
  id: string;
  pane_index: number;
  chat_id: string;
  model: string;
  system_prompt: string;
  parameters: Parameters;
  status: "idle" | "queued" | "streaming" | "failed";
  run_id: string | null;
  last_activity: string | null;
}

export interface PaneSession {
  id: string;
  name: string;
  /** `sizes`: of each pane its share of the whole room, in percent. */
  layout: { type: LayoutType; sizes: Record<string, number> };
  max_panes: number;
  is_active: boolean;
  sync: { mode: SyncMode; shared_context: string; cursor: number };
  panes: Pane[];
  created_at: string;
  updated_at: string;
}

export interface PaneSessionSummary {
  id: string;
  name: string;
  models: string[];
  updated_at: string;
}

export interface StartedTurn {
  turn: number;
  started: { pane_id: string; chat_id: string; run_id: string; user_message: Message | null; assistant_message: Message }[];
  refused: { pane_id: string; error: { title?: string; detail?: string } }[];
}
