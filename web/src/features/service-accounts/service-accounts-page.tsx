import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Bot, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { MadeApiKey, Member, Page, Scope } from "@/lib/api/types";
import { formatDate } from "@/lib/format";
import { toast } from "@/lib/toast";

const key = ["service-accounts"] as const;

export default function ServiceAccountsPage() {
  const client = useQueryClient();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => api.get<Page<Member>>("/service-accounts", { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const accounts = data?.pages.flatMap((page) => page.items);
  const [making, setMaking] = useState(false);
  const [keyFor, setKeyFor] = useState<Member | null>(null);
  const [made, setMade] = useState<MadeApiKey | null>(null);
  const [removing, setRemoving] = useState<Member | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: key });
  const setStatus = async (account: Member, status: Member["status"]) => {
    try {
      await api.patch(`/users/${account.id}`, { status });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await refresh();
  };
  return (
    <SettingsPage
      title="Service accounts"
      description="Users that nobody signs in as: programs call with their keys, whoever made them comes or goes."
      action={
        <Button variant="primary" onClick={() => setMaking(true)}>
          <Plus className="size-4" />
          New account
        </Button>
      }
    >
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !accounts ? (
          <TableSkeleton />
        ) : accounts.length === 0 ? (
          <Empty icon={Bot} title="No service accounts yet" />
        ) : (
          <Table label="Service accounts" head={["Name", "Role", "Since", <span className="sr-only">Actions</span>]}>
            {accounts.map((account) => (
              <tr key={account.id}>
                <td className="font-medium">
                  {account.name} {account.status === "disabled" && <Badge tone="warn">disabled</Badge>}
                </td>
                <td className="capitalize">{account.role}</td>
                <td className="whitespace-nowrap">{formatDate(account.created_at)}</td>
                <td className="text-right whitespace-nowrap">
                  <Button size="sm" variant="ghost" aria-label={`New key for ${account.name}`} onClick={() => setKeyFor(account)}>
                    New key
                  </Button>
                  <Button
                    size="sm"
                    variant="ghost"
                    aria-label={`${account.status === "active" ? "Disable" : "Enable"} ${account.name}`}
                    onClick={() => void setStatus(account, account.status === "active" ? "disabled" : "active")}
                  >
                    {account.status === "active" ? "Disable" : "Enable"}
                  </Button>
                  <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Remove ${account.name}`} onClick={() => setRemoving(account)}>
                    Remove
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      <Dialog open={making} onOpenChange={setMaking} title="New service account">
        <NewAccount
          onClose={() => {
            setMaking(false);
            void refresh();
          }}
        />
      </Dialog>
      <Dialog open={keyFor !== null} onOpenChange={() => setKeyFor(null)} title={`New key for ${keyFor?.name}`}>
        {keyFor && (
          <NewKey
            account={keyFor}
            onMade={(secret) => {
              setKeyFor(null);
              setMade(secret);
            }}
          />
        )}
      </Dialog>
      <Dialog open={made !== null} onOpenChange={() => setMade(null)} sticky title="Copy the key" description="It is not shown again. It is listed, and revoked, among everybody’s keys under API keys.">
        <Snippet text={made?.secret ?? ""} label="Key" />
        <DialogActions>
          <Button variant="primary" onClick={() => setMade(null)}>
            I have copied it
          </Button>
        </DialogActions>
      </Dialog>
      <Confirm
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`Remove ${removing?.name}?`}
        description="Its keys stop working at once, and what it made is deleted."
        action="Remove"
        danger
        run={async () => {
          await api.delete(`/users/${removing?.id}`);
          await refresh();
        }}
      />
    </SettingsPage>
  );
}

function NewAccount({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("member");
  const [error, setError] = useState("");
  const save = async () => {
    try {
      await api.post("/service-accounts", { name: name.trim(), role });
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name of the account" hint="What it is for, for example the nightly build.">
        {(ids) => <Input {...ids} required autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Role">
        {(ids) => (
          <Select {...ids} value={role} onChange={(event) => setRole(event.target.value)}>
            <option value="member">Member</option>
            <option value="admin">Admin</option>
          </Select>
        )}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={!name.trim()}>
          Make it
        </Button>
      </DialogActions>
    </form>
  );
}

const offered: [Scope, string][] = [
  ["inference", "Ask models"],
  ["read", "Read"],
  ["write", "Change"],
  ["memory", "Remember"],
  ["admin", "Administer"],
];

function NewKey({ account, onMade }: { account: Member; onMade: (made: MadeApiKey) => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["inference"]);
  const [error, setError] = useState("");
  const make = async () => {
    try {
      onMade(await api.post<MadeApiKey>(`/service-accounts/${account.id}/keys`, { name: name.trim(), scopes }));
    } catch (fault) {
      setError(messageOf(fault));
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name of the key">{(ids) => <Input {...ids} required autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      {offered
        .filter(([scope]) => scope !== "admin" || account.role === "admin")
        .map(([scope, label]) => (
          <Checkbox
            key={scope}
            label={label}
            checked={scopes.includes(scope)}
            onChange={(event) => setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((item) => item !== scope))}
          />
        ))}
      <Button type="submit" variant="primary" disabled={!name.trim() || scopes.length === 0}>
        Make the key
      </Button>
    </form>
  );
}
