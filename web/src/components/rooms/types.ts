/** The server's shapes of rooms, narrowed to what the pages use. */
import type { RoomRole } from "@/lib/rooms";

export interface RoomInfo {
  id: string;
  room_name: string;
  access: "invited" | "tenant";
  is_active: boolean;
  max_participants: number;
  role: RoomRole;
}

export interface Participant {
  user_id: string;
  display_name: string;
  email: string;
  role: RoomRole;
  is_online: boolean;
  color: string;
}

export interface Invitation {
  id: string;
  role: Exclude<RoomRole, "owner">;
  uses: number;
  created_at: string;
  expires_at: string;
  url: string | null;
}

export interface Anchor {
  artifact?: string | null;
  from?: string | null;
  to?: string | null;
  quote?: string | null;
}

export interface Comment {
  id: string;
  parent_id: string | null;
  user_id: string | null;
  display_name: string | null;
  body: string;
  anchor: Anchor | null;
  resolved_at: string | null;
  created_at: string;
  updated_at: string;
  answers: Comment[];
}

export const roleHints: Record<RoomRole, string> = {
  owner: "writes, and decides who else may",
  editor: "writes",
  commenter: "reads and comments",
  viewer: "reads",
};

export const participantsKey = (id: string) => ["room-participants", id] as const;
