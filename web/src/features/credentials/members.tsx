import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, ShowMore, TableSkeleton } from "@/components/ui/page";
import { allPages, api } from "@/lib/api/client";
import type { ApiKey, Member, Vault, VaultMember, VaultRole } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { isAdmin, useSession } from "@/lib/session";
import { useChange, useMembers } from "./queries";
import { roleHints } from "./words";

const roles = Object.keys(roleHints) as VaultRole[];
const pathOf = (vault: Vault, member: Pick<VaultMember, "user_id" | "api_key_id">) => (member.user_id ? (`/credentials/vaults/${vault.id}/members/people/${member.user_id}` as const) : (`/credentials/vaults/${vault.id}/members/keys/${member.api_key_id}` as const));

/** Who is in a vault, in which role. */
export function Members({ vault }: { vault: Vault }) {
  const { items, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useMembers(vault.id);
  const may = vault.may.includes("members");
  const put = useChange(({ member, role }: { member: Pick<VaultMember, "user_id" | "api_key_id">; role: VaultRole }) => api.put(pathOf(vault, member), { role }));
  const remove = useChange((member: VaultMember) => api.delete(pathOf(vault, member)), "They are out of this vault.");
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!items) return <TableSkeleton />;
  return (
    <Section>
      <Card>
        <ul className="divide-y" aria-label="Members">
          {items.map((member) => (
            <li key={member.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 py-3">
              <div className="min-w-0">
                <p className="truncate text-sm font-medium">{member.name ?? "gone"}</p>
                <p className="text-[13px] text-ink-3">
                  {member.api_key_id ? "an API key, " : ""}since {formatAgo(member.added_at)}
                </p>
              </div>
              {may ? (
                <div className="flex items-center gap-1.5">
                  <Select aria-label={`Role of ${member.name ?? "a member"}`} className="w-32" value={member.role} onChange={(event) => put.mutate({ member, role: event.target.value as VaultRole })}>
                    {roles.map((role) => (
                      <option key={role}>{role}</option>
                    ))}
                  </Select>
                  <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Remove ${member.name ?? "a member"}`} onClick={() => remove.mutate(member)}>
                    Remove
                  </Button>
                </div>
              ) : (
                <span className="text-sm text-ink-2">{member.role}</span>
              )}
            </li>
          ))}
        </ul>
      </Card>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      {may && <Add members={items} onAdd={(member, role) => put.mutate({ member, role })} />}
      <dl className="grid gap-1 text-[13px] text-ink-3">
        {roles.map((role) => (
          <div key={role} className="flex gap-2">
            <dt className="w-16 shrink-0 font-medium text-ink-2">{role}</dt>
            <dd>{roleHints[role]}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function Add({ members, onAdd }: { members: VaultMember[]; onAdd: (member: Pick<VaultMember, "user_id" | "api_key_id">, role: VaultRole) => void }) {
  const session = useSession();
  const people = useQuery({ queryKey: ["users", "all"], queryFn: () => allPages<Member>("/users"), enabled: isAdmin(session) });
  const keys = useQuery({ queryKey: ["keys", "all-of-mine"], queryFn: () => allPages<ApiKey>("/keys") });
  const [whom, setWhom] = useState("");
  const [role, setRole] = useState<VaultRole>("user");
  const inside = new Set(members.flatMap((member) => [member.user_id, member.api_key_id]));
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        const [kind, id] = whom.split(":") as [string, string];
        onAdd({ user_id: kind === "person" ? id : null, api_key_id: kind === "key" ? id : null }, role);
        setWhom("");
      }}
    >
      <Field label="Let in" className="min-w-52 flex-1">
        {(ids) => (
          <Select {...ids} required value={whom} onChange={(event) => setWhom(event.target.value)}>
            <option value="">Choose a person or a key</option>
            {people.data && (
              <optgroup label="People">
                {people.data
                  .filter((person) => !inside.has(person.id))
                  .map((person) => (
                    <option key={person.id} value={`person:${person.id}`}>
                      {person.email}
                    </option>
                  ))}
              </optgroup>
            )}
            {keys.data && (
              <optgroup label="API keys">
                {keys.data
                  .filter((key) => !key.revoked_at && !inside.has(key.id))
                  .map((key) => (
                    <option key={key.id} value={`key:${key.id}`}>
                      {key.name}
                    </option>
                  ))}
              </optgroup>
            )}
          </Select>
        )}
      </Field>
      <Field label="As" className="w-32">
        {(ids) => (
          <Select {...ids} value={role} onChange={(event) => setRole(event.target.value as VaultRole)}>
            {roles.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </Select>
        )}
      </Field>
      <Button type="submit" disabled={!whom}>
        Add
      </Button>
    </form>
  );
}
