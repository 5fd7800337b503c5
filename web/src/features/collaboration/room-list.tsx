import { AtSign, DoorOpen, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import type { RoomInfo } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { makeRoom, placeOf, useMentions, useRooms } from "./queries";
import { people } from "./words";

/** The rooms that one may enter. */
export function RoomList() {
  const session = useSession();
  const [, navigate] = useLocation();
  const [making, setMaking] = useState(false);
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const [open, setOpen] = useState(true);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRooms(settled, open);
  const rooms = data?.pages.flatMap((page) => page.items);

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  const make = mayWrite(session) && (
    <Button variant="primary" onClick={() => setMaking(true)}>
      <Plus className="size-4" />
      New room
    </Button>
  );
  const narrowed = settled !== "" || !open;
  return (
    <>
      <SettingsPage title="Rooms" description="Documents that you write together: everybody sees each letter and each caret at once, and every state can be gone back to." action={rooms?.length || narrowed ? make : null}>
        <Mentions />
        {(narrowed || (rooms && rooms.length > 0)) && (
          <div className="flex flex-wrap gap-3">
            <Input aria-label="Search rooms" type="search" className="w-60" placeholder="Search names" value={search} onChange={(event) => setSearch(event.target.value)} />
            <Select aria-label="Which rooms" className="w-36" value={open ? "open" : "closed"} onChange={(event) => setOpen(event.target.value === "open")}>
              <option value="open">open</option>
              <option value="closed">closed</option>
            </Select>
          </div>
        )}
        {error ? (
          <LoadFault error={error} retry={() => void refetch()} />
        ) : !rooms ? (
          <TableSkeleton rows={3} />
        ) : rooms.length === 0 ? (
          <Empty icon={DoorOpen} title={narrowed ? "None fits" : "No rooms yet"} action={narrowed ? null : make}>
            {narrowed ? "No room has this in its name." : "Make one, invite people by a link, and write one document at the same time."}
          </Empty>
        ) : (
          <ul aria-label="Rooms" className="grid gap-3 sm:grid-cols-2">
            {rooms.map((room) => (
              <li key={room.id}>
                <RoomCard room={room} />
              </li>
            ))}
          </ul>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </SettingsPage>
      <NewRoom open={making} onClose={() => setMaking(false)} onMade={(room) => navigate(placeOf(room))} />
    </>
  );
}

const RoomCard = ({ room }: { room: RoomInfo }) => (
  <Link href={placeOf(room)} className="grid h-full content-start gap-1.5 rounded-xl border bg-raised px-5 py-4 hover:bg-hover">
    <span className="flex items-start justify-between gap-2">
      <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{room.room_name}</span>
      <span className="flex gap-1.5">
        {room.canvas_id && <Badge>canvas</Badge>}
        {!room.is_active && <Badge tone="warn">closed</Badge>}
        {room.role !== "owner" && <Badge>{room.role}</Badge>}
      </span>
    </span>
    <span className="text-[13px] text-ink-3">
      {people(room)} · changed {formatAgo(room.updated_at)}
    </span>
    {room.online > 0 && (
      <span className="flex items-center gap-1.5 text-[13px] text-good">
        <span aria-hidden className="size-2 rounded-full bg-current" />
        {room.online} here now
      </span>
    )}
  </Link>
);

function Mentions() {
  const { data } = useMentions();
  const open = data?.items.filter((mention) => !mention.comment.resolved_at) ?? [];
  if (open.length === 0) return null;
  return (
    <Section title="You are named">
      <ul aria-label="Comments that name you" className="grid gap-2">
        {open.map(({ comment, room_name, room_id, canvas_id }) => (
          <li key={comment.id}>
            <Link href={placeOf({ id: room_id, canvas_id: canvas_id ?? null })} className="flex gap-3 rounded-xl border bg-raised px-4 py-3 text-sm hover:bg-hover">
              <AtSign aria-hidden className="mt-0.5 size-4 shrink-0 text-accent" />
              <span className="grid min-w-0 gap-0.5">
                <span className="line-clamp-2 [overflow-wrap:anywhere]">{comment.body}</span>
                <span className="text-[13px] text-ink-3">
                  {comment.display_name ?? "Somebody"} in {room_name}, {formatAgo(comment.created_at)}
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function NewRoom({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (room: RoomInfo) => void }) {
  return (
    <Dialog open={open} onOpenChange={(next) => !next && onClose()} title="New room" description="A document to write together. You can invite people and change who may enter at any time.">
      <NewRoomForm onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

function NewRoomForm({ onClose, onMade }: { onClose: () => void; onMade: (room: RoomInfo) => void }) {
  const session = useSession();
  const [name, setName] = useState("");
  const [access, setAccess] = useState<RoomInfo["access"]>("invited");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  return (
    <form
      className="grid gap-4"
      onSubmit={async (event) => {
        event.preventDefault();
        setBusy(true);
        setFault("");
        try {
          onMade(await makeRoom(name.trim(), access));
        } catch (error) {
          setFault(messageOf(error));
          setBusy(false);
        }
      }}
    >
      <Field label="Name">{(ids) => <Input {...ids} autoFocus required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label="Who may enter">
        {(ids) => (
          <Select {...ids} value={access} onChange={(event) => setAccess(event.target.value as RoomInfo["access"])}>
            <option value="invited">those whom I invite</option>
            <option value="tenant">everybody in {session.tenant.name}, to write</option>
          </Select>
        )}
      </Field>
      {fault && (
        <p role="alert" className="text-sm text-danger">
          {fault}
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
          Make it
        </Button>
      </DialogActions>
    </form>
  );
}
