import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileText, KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Checkbox } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { ApiKey, Page, Policy } from "@/lib/api/types";
import { formatAgo, formatDate } from "@/lib/format";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { useKeyBounds } from "./bounds";
import { NewKey } from "./new-key";
import { Snippets } from "./snippets";

export default function KeysPage() {
  const session = useSession();
  const client = useQueryClient();
  const [all, setAll] = useState(false);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["keys", all],
    queryFn: ({ pageParam }) => api.get<Page<ApiKey>>("/keys", { query: { all: all || null, cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const keys = data?.pages.flatMap((page) => page.items);
  const bounds = useKeyBounds();
  const make = (
    <Button variant="primary" onClick={() => setMaking(true)}>
      <Plus className="size-4" />
      New key
    </Button>
  );

  return (
    <SettingsPage
      title="API keys"
      description="For programs that speak to RADIANT through the OpenAI or the Anthropic protocol. A key acts as you, within its scopes."
      action={make}
    >
      <Kept />
      <Section>
        {isAdmin(session) && <Checkbox label="Show the keys of everyone in the workspace" checked={all} onChange={(event) => setAll(event.target.checked)} />}
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !keys ? (
          <TableSkeleton />
        ) : keys.length === 0 ? (
          <Empty icon={KeyRound} title="No keys yet" action={make}>
            Make one to use any model here from your own code, an editor, or the command line.
          </Empty>
        ) : (
          <Table label="API keys" head={["Name", "Key", "Scopes", "Bounds", "Last used", "Expires", <span className="sr-only">Actions</span>]}>
            {keys.map((key) => (
              <tr key={key.id} className={key.revoked_at ? "text-ink-3" : undefined}>
                <td>
                  <span className="font-medium">{key.name}</span>
                  {all && <span className="block text-[13px] text-ink-3">{key.user_email}</span>}
                </td>
                <td className="font-mono text-[13px] whitespace-nowrap">{key.prefix}…</td>
                <td>
                  <span className="flex flex-wrap gap-1">
                    {key.scopes.map((scope) => (
                      <Badge key={scope}>{scope}</Badge>
                    ))}
                  </span>
                </td>
                <td className="text-[13px] text-ink-2 tabular-nums">
                  {bounds.get(key.id)?.map((words) => (
                    <span key={words} className="block whitespace-nowrap">
                      {words}
                    </span>
                  )) ?? "–"}
                </td>
                <td className="whitespace-nowrap text-ink-2">{formatAgo(key.last_used_at)}</td>
                <td className="whitespace-nowrap text-ink-2">
                  <Expiry apiKey={key} />
                </td>
                <td className="text-right">
                  {!key.revoked_at && (
                    <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Revoke ${key.name}`} onClick={() => setRevoking(key)}>
                      Revoke
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      <Section title="How to use a key" description="Any client of the two protocols works: give it this address and a key.">
        <Snippets secret="rad_YOUR_KEY" />
      </Section>
      <NewKey open={making} onOpenChange={setMaking} />
      <Confirm
        open={revoking !== null}
        onOpenChange={(open) => !open && setRevoking(null)}
        title={`Revoke ${revoking?.name}?`}
        description="Programs that use it are refused from now on. This cannot be undone."
        action="Revoke"
        danger
        run={async () => {
          await api.delete(`/keys/${revoking?.id}`);
          await client.invalidateQueries({ queryKey: ["keys"] });
          toast("The key is revoked.", { kind: "success" });
        }}
      />
    </SettingsPage>
  );
}

/** Members are told where a policy keeps what they ask. */
function Kept() {
  const { data } = useQuery({ queryKey: ["policies"], queryFn: () => api.get<Page<Policy>>("/policies") });
  const keeping = data?.items.filter((policy) => policy.is_active && policy.logging?.is_active) ?? [];
  if (keeping.length === 0) return null;
  const [first] = keeping;
  const admins = keeping.some((policy) => policy.logging?.admins_read);
  return (
    <Notice icon={FileText}>
      What is asked through {first?.api_key_id ? "some keys" : "keys"} and answered is kept for up to {Math.max(...keeping.map((policy) => policy.logging?.days ?? 0))} days
      {admins ? ", and admins can read it" : ", for you alone to read"}. See it under Settings, Request log.
    </Notice>
  );
}

function Expiry({ apiKey }: { apiKey: ApiKey }) {
  if (apiKey.revoked_at) return <Badge tone="danger">revoked</Badge>;
  if (!apiKey.expires_at) return <>never</>;
  if (new Date(apiKey.expires_at) < new Date()) return <Badge tone="warn">expired</Badge>;
  return <>{formatDate(apiKey.expires_at)}</>;
}
