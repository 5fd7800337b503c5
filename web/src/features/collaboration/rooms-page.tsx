import { useRoute } from "wouter";
import { Join } from "./join";
import { RoomList } from "./room-list";

/** All rooms; the way into one by a link. */
export default function RoomsPage() {
  const [, link] = useRoute("/rooms/join/:token");
  return link ? <Join token={link.token} /> : <RoomList />;
}
