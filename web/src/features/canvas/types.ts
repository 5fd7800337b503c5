/** The server's shapes, narrowed to what the page uses. Times are ISO 8601; offsets count UTF-16 units, as Yjs does. */
import type { ProposedHunk } from "@/lib/api/schema";
import type { ArtifactType } from "./model";

export type { CanvasSummary, ProposedHunk, Publication } from "@/lib/api/schema";

export interface Template {
  canvas_type: string;
  name: string;
  description: string;
  artifacts: { type: ArtifactType; title: string }[];
}

export interface VersionSummary {
  version: number;
  name: string;
  created_by_name: string | null;
  authors: string[];
  models: string[];
  length: number;
  created_at: string;
}

export interface Proposal {
  id: string;
  artifact_id: string;
  model: string;
  instruction: string;
  base_text: string;
  proposed_text: string;
  hunks: ProposedHunk[];
  accepted: number[];
  status: "open" | "applied" | "rejected" | "failed";
  tokens: number;
  cost: string | null;
  error: { title?: string; detail?: string } | null;
}
