import type { ReactNode } from "react";
import { useRoute } from "wouter";
import { Join } from "./join";
import { RoomList } from "./room-list";
import { RoomPage } from "./room-page";

/** Rooms: all of them; one; the way in by a link. */
export default function RoomsPage({ lead }: { lead: ReactNode }) {
  const [, link] = useRoute("/rooms/join/:token");
  const [, params] = useRoute("/rooms/:id");
  if (link) return <Join token={link.token} />;
  return params ? <RoomPage key={params.id} id={params.id} lead={lead} /> : <RoomList lead={lead} />;
}
