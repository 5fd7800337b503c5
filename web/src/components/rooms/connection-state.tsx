import { Check, CloudOff, Eye, LoaderCircle, Lock } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/parts";
import { cn } from "@/lib/cn";
import { type Room, type RoomStatus, useRoomStatus } from "@/lib/rooms";

function said({ state, writes, role }: RoomStatus) {
  if (state === "denied") return { icon: Lock, text: "No access", title: "You were not let in." };
  if (state === "connecting") return { icon: LoaderCircle, text: "Connecting…", title: "The document is being fetched.", turns: true };
  if (state === "offline") return { icon: CloudOff, text: "Offline", title: "Offline: your changes are kept in this browser and sent later.", warns: true };
  if (state === "saving") return { icon: LoaderCircle, text: "Saving…", title: "Your changes are on their way.", turns: true };
  if (!writes) return { icon: Eye, text: role === "commenter" ? "You can comment" : "You can read", title: "Your role here does not write." };
  return { icon: Check, text: "Saved", title: "Every change is saved." };
}

/** Whether what is written here is safe, in two words. */
export function ConnectionState({ room, className }: { room: Room; className?: string }) {
  const status = useRoomStatus(room);
  const { icon: Icon, text, title, turns, warns } = said(status);
  return (
    <span data-room-state={status.state} title={title} className={cn("inline-flex items-center gap-1.5 text-[13px] whitespace-nowrap text-ink-3", warns && "text-warn", className)}>
      <Icon aria-hidden className={cn("size-4", turns && "animate-spin")} />
      {text}
      {/* "Saving…" comes and goes with each keystroke: only what matters is read out. */}
      <span role="status" className="sr-only">
        {status.state === "offline" ? "Offline: your changes are kept here and sent later." : status.state === "denied" ? status.reason : ""}
      </span>
    </span>
  );
}

/** In place of a document to which one is not admitted. */
export function NotAdmitted({ room, what }: { room: Room; what: string }) {
  const { reason } = useRoomStatus(room);
  return (
    <Empty icon={Lock} title={`This ${what} is not open to you`} className="m-6" action={<Button onClick={() => room.retry()}>Try again</Button>}>
      {reason || "Its owner may have ended your access, or deleted it."}
    </Empty>
  );
}
