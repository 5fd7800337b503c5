import type { RoomInfo, RoomStretch } from "@/lib/api/types";

export const people = ({ participants, access }: Pick<RoomInfo, "participants" | "access">): string =>
  access === "tenant" ? "open to the workspace" : participants === 1 ? "only you" : `${participants} people`;

export const author = ({ display_name, model }: Pick<RoomStretch, "display_name" | "model">): string => {
  const name = display_name ?? "Somebody who left";
  return model ? `${model} for ${name}` : name;
};
