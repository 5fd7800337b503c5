/** The shapes of `/api/concurrent-chat`, under the names that the page of the panes uses. */
import type * as schema from "@/lib/api/schema";
import type { Message } from "@/lib/api/types";

export type Pane = schema.Pane;
export type Parameters = schema.ChatParameters;
export type PaneSession = schema.PanesSession;
export type PaneSessionSummary = schema.SessionSummary;
export type LayoutType = schema.Layout["type"];
export type SyncMode = schema.Sync["mode"];

type Started = Omit<schema.Started, "user_message" | "assistant_message"> & { user_message: Message; assistant_message: Message };

export interface StartedTurn {
  turn: number;
  started: Started[];
  refused: { pane_id: string; error: { title?: string; detail?: string } }[];
}
