import type { RoomInfo } from "@/lib/api/types";

export const people = ({ participants, access }: Pick<RoomInfo, "participants" | "access">): string =>
  access === "tenant" ? "open to the workspace" : participants === 1 ? "only you" : `${participants} people`;
