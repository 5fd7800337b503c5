/** The server's shapes of rooms, under the names that the pages use. */
import type { RoomRole } from "@/lib/rooms";

export type { CommentAnchor as Anchor, Room as RoomInfo, RoomComment as Comment, RoomInvitation as Invitation, RoomParticipant as Participant } from "@/lib/api/schema";

export const roleHints: Record<RoomRole, string> = {
  owner: "writes, and decides who else may",
  editor: "writes",
  commenter: "reads and comments",
  viewer: "reads",
};

export const participantsKey = (id: string) => ["room-participants", id] as const;
