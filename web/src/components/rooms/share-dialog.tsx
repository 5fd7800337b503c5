import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2, X } from "lucide-react";
import { useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { LoadFault, Section } from "@/components/ui/page";
import { Notice, Skeleton, Snippet } from "@/components/ui/parts";
import { allPages, api, messageOf } from "@/lib/api/client";
import type { Member } from "@/lib/api/types";
import { formatDate } from "@/lib/format";
import type { RoomRole } from "@/lib/rooms";
import { isAdmin, useSession } from "@/lib/session";
import { Avatar } from "./presence";
import { type Invitation, type Participant, participantsKey, type RoomInfo, roleHints } from "./types";

const given = ["editor", "commenter", "viewer"] as const;
const roles = Object.keys(roleHints) as RoomRole[];

interface Props {
  roomId: string;
  /** What is worked on in the room. */
  what?: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Who may enter a room, and as what. For its owners. */
export const ShareDialog = ({ roomId, what = "room", open, onOpenChange }: Props) => (
  <Dialog open={open} onOpenChange={onOpenChange} title={`Share this ${what}`} className="w-[min(94vw,36rem)]">
    <Sharing roomId={roomId} />
  </Dialog>
);

function Sharing({ roomId }: { roomId: string }) {
  const queries = useQueryClient();
  const session = useSession();
  const roomKey = ["room", roomId];
  const linksKey = ["room-invitations", roomId];
  const room = useQuery({ queryKey: roomKey, queryFn: () => api.get<RoomInfo>(`/collaboration/rooms/${roomId}`) });
  const people = useQuery({ queryKey: participantsKey(roomId), queryFn: async () => (await api.get<{ items: Participant[] }>(`/collaboration/rooms/${roomId}/participants`)).items });
  const links = useQuery({ queryKey: linksKey, queryFn: async () => (await api.get<{ items: Invitation[] }>(`/collaboration/rooms/${roomId}/invitations`)).items });
  const members = useQuery({ queryKey: ["users", "all"], queryFn: () => allPages<Member>("/users"), enabled: isAdmin(session) });
  const suggestions = useId();
  const [link, setLink] = useState<Invitation | null>(null);
  const [linkRole, setLinkRole] = useState<(typeof given)[number]>("editor");
  const [whom, setWhom] = useState("");
  const [role, setRole] = useState<RoomRole>("editor");
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState("");

  const run = async (name: string, asked: () => Promise<unknown>) => {
    setBusy(name);
    setFault("");
    try {
      await asked();
    } catch (problem) {
      setFault(messageOf(problem));
    } finally {
      await Promise.all([roomKey, linksKey, participantsKey(roomId)].map((queryKey) => queries.invalidateQueries({ queryKey })));
      setBusy(null);
    }
  };
  const put = (id: string, as: RoomRole) => run(id, () => api.put(`/collaboration/rooms/${roomId}/participants/${id}`, { role: as }));
  const add = (email: string, as: RoomRole) =>
    run("add", async () => {
      await api.post(`/collaboration/rooms/${roomId}/participants`, { email, role: as });
      setWhom("");
    });
  const inside = new Set(people.data?.map((one) => one.user_id));
  const others = members.data?.filter((member) => !inside.has(member.id) && member.id !== session.user.id) ?? [];
  const error = people.error ?? room.error;

  return (
    <>
      {fault && <Notice tone="danger">{fault}</Notice>}
      {error && <LoadFault error={error} retry={() => { void people.refetch(); void room.refetch(); }} />}
      <Section title="People">
        {!people.data && !error && <Skeleton className="h-16" />}
        <ul aria-label="People with access" className="grid gap-1">
          {people.data?.map((one) => {
            const name = one.display_name || one.email;
            return (
              <li key={one.user_id} className="flex items-center gap-2.5">
                <Avatar user={{ id: one.user_id, name, color: one.color }} />
                <span className="min-w-0 flex-1">
                  <span className="block truncate text-sm">
                    {name}
                    {one.user_id === session.user.id && <span className="text-ink-3"> (you)</span>}
                  </span>
                  <span className="block truncate text-[13px] text-ink-3">{one.is_online ? "here now" : one.email}</span>
                </span>
                <Select aria-label={`Role of ${name}`} className="w-32" value={one.role} disabled={busy === one.user_id} onChange={(event) => void put(one.user_id, event.target.value as RoomRole)}>
                  {roles.map((each) => (
                    <option key={each}>{each}</option>
                  ))}
                </Select>
                <Button variant="ghost" size="icon" aria-label={`Remove ${name}`} title="Remove" disabled={one.user_id === session.user.id} onClick={() => void run(one.user_id, () => api.delete(`/collaboration/rooms/${roomId}/participants/${one.user_id}`))}>
                  <X className="size-4" />
                </Button>
              </li>
            );
          })}
        </ul>
        <form
          className="flex flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            void add(whom.trim(), role);
          }}
        >
          <Field label="Add somebody of this workspace" className="min-w-44 flex-1">
            {(ids) => <Input {...ids} type="email" required list={suggestions} placeholder="their e-mail address" value={whom} onChange={(event) => setWhom(event.target.value)} />}
          </Field>
          <datalist id={suggestions}>
            {others.map((member) => (
              <option key={member.id} value={member.email}>
                {member.name}
              </option>
            ))}
          </datalist>
          <Select aria-label="As" className="w-32" value={role} onChange={(event) => setRole(event.target.value as RoomRole)}>
            {given.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </Select>
          <Button type="submit" disabled={!whom.trim()}>
            Add
          </Button>
        </form>
        <dl className="grid gap-0.5 text-[13px] text-ink-3">
          {roles.map((each) => (
            <div key={each} className="flex gap-2">
              <dt className="w-20 shrink-0 font-medium text-ink-2">{each}</dt>
              <dd>{roleHints[each]}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <Section title="By a link" description="Whoever is in this workspace and follows it gets that role.">
        {link?.url && <Snippet text={new URL(link.url, location.href).href} label="Link" />}
        <div className="flex flex-wrap items-end gap-2">
          <Select aria-label="Role by the link" className="w-36" value={linkRole} onChange={(event) => setLinkRole(event.target.value as typeof linkRole)}>
            {given.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </Select>
          <Button busy={busy === "link"} onClick={() => void run("link", async () => setLink(await api.post<Invitation>(`/collaboration/rooms/${roomId}/invitations`, { role: linkRole })))}>
            <Link2 className="size-4" />
            Make a link
          </Button>
        </div>
        {links.data && links.data.length > 0 && (
          <ul aria-label="Links" className="grid gap-1 text-[13px]">
            {links.data.map((one) => (
              <li key={one.id} className="flex items-center justify-between gap-2 text-ink-2">
                <span>
                  {one.role}, until {formatDate(one.expires_at)}, used {one.uses === 1 ? "once" : `${one.uses} times`}
                </span>
                <Button size="sm" variant="ghost" aria-label={`Take back the link for a ${one.role}`} onClick={() => void run(one.id, async () => { await api.delete(`/collaboration/rooms/${roomId}/invitations/${one.id}`); if (link?.id === one.id) setLink(null); })}>
                  Take back
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Section>
      {room.data && (
        <Section title="Everybody">
          <Checkbox
            label="Open to the whole workspace"
            hint="Whoever is in it may enter and write, unless another role is given above."
            checked={room.data.access === "tenant"}
            disabled={busy === "access"}
            onChange={(event) => { const access = event.target.checked ? "tenant" : "invited"; void run("access", () => api.patch(`/collaboration/rooms/${roomId}`, { access })); }}
          />
          <Field label="At most so many people" hint="Changed when you leave the field.">
            {(ids) => (
              <Input
                {...ids}
                type="number"
                min={1}
                max={10_000}
                className="w-28"
                key={room.data.max_participants}
                defaultValue={room.data.max_participants}
                onBlur={(event) => {
                  const most = Number(event.target.value);
                  if (Number.isInteger(most) && most > 0 && most !== room.data.max_participants) void run("most", () => api.patch(`/collaboration/rooms/${roomId}`, { max_participants: most }));
                }}
              />
            )}
          </Field>
        </Section>
      )}
    </>
  );
}
