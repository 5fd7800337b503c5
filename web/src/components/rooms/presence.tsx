import { Sparkles } from "lucide-react";
import { type Other, type Room, type RoomUser, useOthers, useRoomStatus } from "@/lib/rooms";
import { cn } from "@/lib/cn";

export function initials(name: string): string {
  const words = name.replace(/@.*/, "").split(/[\s._-]+/).filter(Boolean);
  return `${words[0]?.[0] ?? "?"}${words.length > 1 ? (words.at(-1)?.[0] ?? "") : ""}`.toUpperCase();
}

interface AvatarProps {
  user: RoomUser;
  note?: string;
  className?: string;
}

/** Letters in the person's colour; a model is marked by a spark and named. */
export const Avatar = ({ user, note, className }: AvatarProps) => (
  <span
    title={[user.model ?? user.name, user.model ? `for ${user.name}` : null, note].filter(Boolean).join(", ")}
    className={cn("relative grid size-7 shrink-0 place-items-center rounded-full border-2 bg-raised text-[11px] font-semibold text-ink", className)}
    style={{ borderColor: user.color }}
  >
    {user.model ? <Sparkles aria-hidden className="size-3.5" /> : <span aria-hidden>{initials(user.name)}</span>}
    <span className="sr-only">{user.model ? `${user.model} for ${user.name}` : user.name}</span>
  </span>
);

/** One entry a person (and a model), though they have several tabs open. */
export function people(others: readonly Other[]): RoomUser[] {
  const known = new Map<string, RoomUser>();
  for (const { user } of others) known.set(`${user.id}/${user.model ?? ""}`, user);
  return [...known.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Who is here now. */
export function Presence({ room, most = 5 }: { room: Room; most?: number }) {
  const { user } = useRoomStatus(room);
  const here = people(useOthers(room)).filter((one) => one.id !== user?.id || one.model);
  const more = here.length - most;
  return (
    <ul aria-label="Who is here" className="flex items-center -space-x-1.5">
      {user && (
        <li>
          <Avatar user={user} note="you" />
        </li>
      )}
      {here.slice(0, most).map((one) => (
        <li key={`${one.id}/${one.model ?? ""}`} data-here={one.id}>
          <Avatar user={one} />
        </li>
      ))}
      {more > 0 && (
        <li title={here.slice(most).map((one) => one.name).join(", ")} className="grid size-7 place-items-center rounded-full border bg-subtle text-[11px] font-medium text-ink-2">
          +{more}
        </li>
      )}
    </ul>
  );
}
