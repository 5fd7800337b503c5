/** The server's shapes, narrowed to what the page uses. Times are ISO 8601; offsets count UTF-16 units, as Yjs does. */
import type { RoomRole } from "@/lib/rooms";
import type { ArtifactType } from "./model";

export interface CanvasSummary {
  id: string;
  canvas_name: string;
  canvas_type: string;
  room_id: string | null;
  user_id: string;
  role: RoomRole;
  shared: boolean;
  version: number;
  is_published: boolean;
  published_url: string | null;
  artifact_count: number;
  created_at: string;
  updated_at: string;
}

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

export interface ProposedHunk {
  id: number;
  from: number;
  to: number;
  old: string;
  new: string;
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

export interface Publication {
  id: string;
  canvas_version: number;
  published_at: string;
  revoked_at: string | null;
  url: string | null;
}
