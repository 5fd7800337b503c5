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
  /** Null once its chat was deleted: its next question starts another. */
  chat_id: string | null;
  model: string;
  system_prompt: string;
  parameters: Parameters;
  status: "idle" | "queued" | "streaming" | "failed";
  run_id: string | null;
  last_activity: string;
}

export interface PaneSession {
  id: string;
  name: string | null;
  /** `sizes`: of each pane its share of the whole room, in percent. */
  layout: { type: LayoutType; sizes: Record<string, number> };
  max_panes: number;
  is_active: boolean;
  sync: { mode: SyncMode; shared_context: string | null; cursor: number };
  panes: Pane[];
  /** The newest turn; `common`: an answer of it became everybody's. `questions`: message ids by pane. */
  last_turn: { turn: number; mode: SyncMode; questions: Record<string, string>; common: boolean } | null;
  created_at: string;
  updated_at: string;
}

export interface PaneSessionSummary {
  id: string;
  name: string | null;
  models: string[];
  updated_at: string;
}

export interface StartedTurn {
  turn: number;
  started: { pane_id: string; chat_id: string; run_id: string; user_message: Message; assistant_message: Message }[];
  refused: { pane_id: string; error: { title?: string; detail?: string } }[];
}
