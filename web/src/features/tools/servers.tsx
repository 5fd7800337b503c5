import { useQueryClient } from "@tanstack/react-query";
import { Plus, RotateCw, Server } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice } from "@/components/ui/parts";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { ToolServer } from "@/lib/api/types";
import { formatDateTime } from "@/lib/format";
import { toast } from "@/lib/toast";
import { toolsKey, useServers } from "./queries";
import { ServerForm } from "./server-form";

/** MCP servers: what each offers, and why one does not. */
export function Servers() {
  const client = useQueryClient();
  const { data, error, refetch } = useServers();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<ToolServer | null>(null);
  const add = (
    <Button variant="primary" onClick={() => setAdding(true)}>
      <Plus className="size-4" />
      Add a server
    </Button>
  );
  return (
    <Section
      title="MCP servers"
      description="Tools of others, by the Model Context Protocol: over HTTPS, or as a program that the operator lists."
      action={data?.length ? add : undefined}
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton />
      ) : data.length === 0 ? (
        <Empty icon={Server} title="No servers yet" action={add}>
          Whatever a server offers becomes a tool here, named after both.
        </Empty>
      ) : (
        data.map((server) => <ServerCard key={server.id} server={server} onRemove={() => setRemoving(server)} />)
      )}
      <Dialog open={adding} onOpenChange={setAdding} title="Add a server">
        {adding && <ServerForm onDone={() => setAdding(false)} />}
      </Dialog>
      <Confirm
        open={removing !== null}
        onOpenChange={(open) => !open && setRemoving(null)}
        title={`Remove ${removing?.name}?`}
        description="Its tools are gone at once, with what was said of them."
        action="Remove"
        danger
        run={async () => {
          await api.delete(`/tools/servers/${removing?.id}`);
          await client.invalidateQueries({ queryKey: toolsKey });
          toast("The server is removed.", { kind: "success" });
        }}
      />
    </Section>
  );
}

function ServerCard({ server, onRemove }: { server: ToolServer; onRemove: () => void }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState("");
  const run = async (what: string, ask: () => Promise<unknown>) => {
    setBusy(what);
    try {
      await ask();
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: toolsKey });
    setBusy("");
  };
  return (
    <Card className="grid gap-3 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="font-semibold">{server.name}</h3>
        <Badge>{server.transport === "http" ? "HTTP" : "program"}</Badge>
        {!server.is_active && <Badge tone="warn">off</Badge>}
        <span className="ml-auto flex flex-wrap gap-1">
          <Button size="sm" variant="outline" aria-label={`Refresh ${server.name}`} busy={busy === "refresh"} onClick={() => void run("refresh", () => api.post(`/tools/servers/${server.id}/refresh`))}>
            <RotateCw className="size-3.5" />
            Refresh
          </Button>
          <Button size="sm" variant="ghost" aria-label={`Switch ${server.name} ${server.is_active ? "off" : "on"}`} busy={busy === "switch"} onClick={() => void run("switch", () => api.patch(`/tools/servers/${server.id}`, { is_active: !server.is_active }))}>
            Switch {server.is_active ? "off" : "on"}
          </Button>
          <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Remove ${server.name}`} onClick={onRemove}>
            Remove
          </Button>
        </span>
      </div>
      <p className="text-[13px] break-all text-ink-3">{server.url ?? server.command}</p>
      {server.last_error && <Notice tone="danger">{sentence(server.last_error)}</Notice>}
      {server.tools.length > 0 ? (
        <ul aria-label={`Tools of ${server.name}`} className="flex flex-wrap gap-1.5">
          {server.tools.map((tool) => (
            <li key={tool}>
              <code className="rounded-md bg-subtle px-1.5 py-0.5 text-[12.5px]">{tool}</code>
            </li>
          ))}
        </ul>
      ) : (
        !server.last_error && <p className="text-sm text-ink-2">{server.listed_at ? "It offers no tools." : "It was not asked yet what it offers: refresh it."}</p>
      )}
      {server.left_out.length > 0 && (
        <details>
          <summary className="cursor-pointer text-[13px] font-medium">{server.left_out.length} of its tools cannot be offered</summary>
          <ul className="mt-2 grid gap-1 text-[13px] text-ink-2">
            {server.left_out.map((tool) => (
              <li key={tool.name} className="[overflow-wrap:anywhere]">
                <code>{tool.name}</code>: {tool.why}
              </li>
            ))}
          </ul>
        </details>
      )}
      {server.listed_at && <p className="text-[13px] text-ink-3">Listed {formatDateTime(server.listed_at)}</p>}
    </Card>
  );
}
