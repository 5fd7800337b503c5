import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, KeyRound, ShieldOff, Trash2, UserCheck, UserPlus, UserX, Users } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { Card, LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { InvitedMember, Member, Page, Role, Tenant } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { isOwner, storeSession, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { Invitations } from "./invitations";
import { Invite } from "./invite";
import { Limits } from "./limits";
import { OneTimePassword } from "./one-time-password";
import { roles } from "./roles";
import { SecondFactorPolicy } from "./second-factor-policy";

export default function MembersPage() {
  const session = useSession();
  const client = useQueryClient();
  const [inviting, setInviting] = useState(false);
  const [shown, setShown] = useState<{ email: string; password: string } | null>(null);
  const [asked, setAsked] = useState<{ what: "remove" | "reset" | "factor"; member: Member } | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["members"],
    queryFn: ({ pageParam }) => api.get<Page<Member>>("/users", { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const members = data?.pages.flatMap((page) => page.items);
  const refresh = () => client.invalidateQueries({ queryKey: ["members"] });

  const change = async (member: Member, body: { role?: Role; status?: Member["status"] }) => {
    try {
      await api.patch(`/users/${member.id}`, body);
      toast("Saved.", { kind: "success" });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await refresh();
  };

  return (
    <SettingsPage
      title="Members"
      description="Who belongs to this workspace, and what each may do."
      action={
        <Button variant="primary" onClick={() => setInviting(true)}>
          <UserPlus className="size-4" />
          Add a member
        </Button>
      }
    >
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !members ? (
          <TableSkeleton />
        ) : members.length === 0 ? (
          <Empty icon={Users} title="Nobody here yet" />
        ) : (
          <Table label="Members" head={["Name", "Role", "Last seen", <span className="sr-only">Actions</span>]}>
            {members.map((member) => {
              const self = member.id === session.user.id;
              const fixed = self || (member.role === "owner" && !isOwner(session));
              return (
                <tr key={member.id}>
                  <td>
                    <span className="flex flex-wrap items-center gap-2 font-medium">
                      {member.name || member.email}
                      {self && <Badge>you</Badge>}
                      {member.status === "disabled" && <Badge tone="warn">disabled</Badge>}
                      {member.is_operator && <Badge tone="accent">operator</Badge>}
                    </span>
                    {member.name && <span className="block text-[13px] text-ink-3">{member.email}</span>}
                  </td>
                  <td>
                    {fixed ? (
                      <span className="capitalize">{member.role}</span>
                    ) : (
                      <Select
                        aria-label={`Role of ${member.email}`}
                        className="w-28"
                        value={member.role}
                        onChange={(event) => change(member, { role: event.target.value as Role })}
                      >
                        {roles
                          .filter(({ role }) => role !== "owner" || isOwner(session))
                          .map(({ role, name }) => (
                            <option key={role} value={role}>
                              {name}
                            </option>
                          ))}
                      </Select>
                    )}
                  </td>
                  <td className="whitespace-nowrap text-ink-2">{formatAgo(member.last_seen_at)}</td>
                  <td className="w-12 text-right">
                    {!fixed && (
                      <Menu>
                        <MenuTrigger asChild>
                          <Button variant="ghost" size="icon" aria-label={`Actions for ${member.email}`}>
                            <Ellipsis className="size-4" />
                          </Button>
                        </MenuTrigger>
                        <MenuContent align="end">
                          <MenuItem onSelect={() => setTimeout(() => setAsked({ what: "reset", member }))}>
                            <KeyRound />
                            New one-time password
                          </MenuItem>
                          <MenuItem onSelect={() => setTimeout(() => setAsked({ what: "factor", member }))}>
                            <ShieldOff />
                            Reset second factor
                          </MenuItem>
                          {member.status === "active" ? (
                            <MenuItem onSelect={() => change(member, { status: "disabled" })}>
                              <UserX />
                              Disable
                            </MenuItem>
                          ) : (
                            <MenuItem onSelect={() => change(member, { status: "active" })}>
                              <UserCheck />
                              Enable
                            </MenuItem>
                          )}
                          <MenuSeparator />
                          <MenuItem danger onSelect={() => setTimeout(() => setAsked({ what: "remove", member }))}>
                            <Trash2 />
                            Remove
                          </MenuItem>
                        </MenuContent>
                      </Menu>
                    )}
                  </td>
                </tr>
              );
            })}
          </Table>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      <Invitations />
      <SecondFactorPolicy />
      <Limits />
      <WorkspaceName />
      <Invite open={inviting} onOpenChange={setInviting} onInvited={(email, password) => setShown({ email, password })} />
      <OneTimePassword shown={shown} onClose={() => setShown(null)} />
      <Confirm
        open={asked?.what === "remove"}
        onOpenChange={(open) => !open && setAsked(null)}
        title={`Remove ${asked?.member.email}?`}
        description="Their chats, files and keys are deleted. To keep these, disable the account instead."
        action="Remove"
        danger
        run={async () => {
          await api.delete(`/users/${asked?.member.id}`);
          await refresh();
        }}
      />
      <Confirm
        open={asked?.what === "factor"}
        onOpenChange={(open) => !open && setAsked(null)}
        title={`Reset the second factor of ${asked?.member.email}?`}
        description="For somebody who lost it: their app, recovery codes and passkeys are taken away and their devices are signed out. Make sure that it is them who asks."
        action="Reset"
        danger
        run={() => api.delete(`/users/${asked?.member.id}/second-factor`)}
      />
      <Confirm
        open={asked?.what === "reset"}
        onOpenChange={(open) => !open && setAsked(null)}
        title={`New password for ${asked?.member.email}?`}
        description="The old password stops working and their devices are signed out. You get a password that works once, to hand over."
        action="Make it"
        run={async () => {
          const member = asked!.member;
          const made = await api.post<Pick<InvitedMember, "one_time_password">>(`/users/${member.id}/password`);
          setShown({ email: member.email, password: made.one_time_password });
        }}
      />
    </SettingsPage>
  );
}

function WorkspaceName() {
  const session = useSession();
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ["tenant"], queryFn: () => api.get<Tenant>("/tenant") });
  const [name, setName] = useState(session.tenant.name);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const tenant = await api.patch<Tenant>("/tenant", { name: name.trim() });
      storeSession(client, { ...session, tenant: { ...session.tenant, ...tenant } });
      toast("Saved.", { kind: "success" });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title="Workspace">
      <Card className="p-5">
        <form
          className="flex items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Field label="Name" className="min-w-0 flex-1" hint={`Short name: ${session.tenant.slug} · plan: ${data?.plan ?? session.tenant.plan}`}>
            {(ids) => <Input {...ids} required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Button type="submit" className="mb-[26px]" busy={busy} disabled={!name.trim() || name.trim() === session.tenant.name}>
            Save
          </Button>
        </form>
      </Card>
    </Section>
  );
}
