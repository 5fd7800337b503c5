import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, UsersRound, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { allPages, api, messageOf } from "@/lib/api/client";
import type { Group, GroupMember, Member } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { GroupMemoryForm } from "./group-memory";

const key = ["groups"] as const;

export default function GroupsPage() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: () => allPages<Group>("/groups") });
  const [naming, setNaming] = useState<Group | "new" | null>(null);
  const [opened, setOpened] = useState<Group | null>(null);
  const [removing, setRemoving] = useState<Group | null>(null);
  const [remembering, setRemembering] = useState<Group | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: key });
  return (
    <SettingsPage
      title="Groups"
      description="People and service accounts together under one name, for policies and for your identity provider."
      action={
        <Button variant="primary" onClick={() => setNaming("new")}>
          <Plus className="size-4" />
          New group
        </Button>
      }
    >
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !data ? (
          <TableSkeleton />
        ) : data.length === 0 ? (
          <Empty icon={UsersRound} title="No groups yet" />
        ) : (
          <Table label="Groups" head={["Name", "Members", <span className="sr-only">Actions</span>]}>
            {data.map((group) => (
              <tr key={group.id}>
                <td className="font-medium">
                  {group.name} {group.external_id && <Badge>from your provider</Badge>}
                </td>
                <td>{group.members}</td>
                <td className="text-right whitespace-nowrap">
                  <Button size="sm" variant="ghost" aria-label={`Members of ${group.name}`} onClick={() => setOpened(group)}>
                    Members
                  </Button>
                  <Button size="sm" variant="ghost" aria-label={`Memory of ${group.name}`} onClick={() => setRemembering(group)}>
                    Memory
                  </Button>
                  <Button size="sm" variant="ghost" aria-label={`Rename ${group.name}`} onClick={() => setNaming(group)}>
                    Rename
                  </Button>
                  <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Remove ${group.name}`} onClick={() => setRemoving(group)}>
                    Remove
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Section>
      <Dialog open={naming !== null} onOpenChange={() => setNaming(null)} title={naming === "new" ? "New group" : "Rename the group"}>
        {naming && (
          <Name
            key={naming === "new" ? "new" : naming.id}
            before={naming === "new" ? "" : naming.name}
            onClose={() => setNaming(null)}
            save={async (name) => {
              await (naming === "new" ? api.post("/groups", { name }) : api.patch(`/groups/${naming.id}`, { name }));
              await refresh();
            }}
          />
        )}
      </Dialog>
      <Dialog
        open={opened !== null}
        onOpenChange={() => {
          setOpened(null);
          void refresh();
        }}
        title={`Members of ${opened?.name}`}
      >
        {opened && <Members key={opened.id} group={opened} />}
      </Dialog>
      <Dialog
        open={remembering !== null}
        onOpenChange={() => setRemembering(null)}
        title={`Memory of ${remembering?.name}`}
        description="What the group has in common. It goes along with the questions of everybody in it; admins look into it only where they are in the group themselves."
      >
        {remembering && <GroupMemoryForm key={remembering.id} group={remembering} onClose={() => setRemembering(null)} />}
      </Dialog>
      <Confirm
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`Remove ${removing?.name}?`}
        description="Its members stay; policies for the group no longer concern them, and what the group has in common in its memory is forgotten."
        action="Remove"
        danger
        run={async () => {
          await api.delete(`/groups/${removing?.id}`);
          await refresh();
        }}
      />
    </SettingsPage>
  );
}

function Name({ before, save, onClose }: { before: string; save: (name: string) => Promise<void>; onClose: () => void }) {
  const [name, setName] = useState(before);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const submit = async () => {
    setBusy(true);
    try {
      await save(name.trim());
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field label="Name of the group" error={error}>
        {(ids) => <Input {...ids} required autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
          Save
        </Button>
      </DialogActions>
    </form>
  );
}

function Members({ group }: { group: Group }) {
  const client = useQueryClient();
  const own = ["groups", group.id, "members"] as const;
  const { data: members } = useQuery({ queryKey: own, queryFn: () => allPages<GroupMember>(`/groups/${group.id}/members`) });
  const { data: everybody } = useQuery({
    queryKey: ["groups", "everybody"],
    queryFn: async () => [...(await allPages<Member>("/users")), ...(await allPages<Member>("/service-accounts"))],
  });
  const inside = new Set(members?.map((member) => member.id));
  const outside = everybody?.filter((member) => !inside.has(member.id)) ?? [];
  const change = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: own });
  };
  return (
    <div className="grid gap-3">
      <Select
        aria-label="Add somebody"
        value=""
        disabled={outside.length === 0}
        onChange={(event) => void change(api.put(`/groups/${group.id}/members/${event.target.value}`))}
      >
        <option value="">Add somebody …</option>
        {outside.map((member) => (
          <option key={member.id} value={member.id}>
            {member.kind === "service" ? member.name : member.email}
          </option>
        ))}
      </Select>
      <ul className="scroll grid max-h-72 gap-1 overflow-y-auto">
        {members?.map((member) => (
          <li key={member.id} className="flex items-center justify-between gap-3 rounded-lg px-2 py-1 text-sm">
            <span className="truncate">{member.kind === "service" ? member.name : member.email}</span>
            <Button variant="ghost" size="icon" aria-label={`Take ${member.name || member.email} out`} onClick={() => void change(api.delete(`/groups/${group.id}/members/${member.id}`))}>
              <X className="size-4" />
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
