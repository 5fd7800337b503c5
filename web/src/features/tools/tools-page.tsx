import { useQueryClient } from "@tanstack/react-query";
import { Plus, Wrench } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { View, Views } from "@/components/ui/views";
import { api } from "@/lib/api/client";
import type { ToolInfo } from "@/lib/api/types";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { toolsKey, useTools } from "./queries";
import { Servers } from "./servers";
import { SettingsForm } from "./settings-form";
import { ToolRow } from "./tool-row";
import { TryTool } from "./try-tool";
import { WebhookForm } from "./webhook-form";
import { groups, titleOf } from "./words";

const views = [
  ["tools", "Tools"],
  ["servers", "MCP servers"],
] as const;

/** What models may ask for and people may try; admins say who and where. */
export default function ToolsPage() {
  const admin = isAdmin(useSession());
  const [view, setView] = useState("tools");
  const [defining, setDefining] = useState<ToolInfo | "new" | null>(null);
  const define = (
    <Button variant="primary" onClick={() => setDefining("new")}>
      <Plus className="size-4" />
      Define a tool
    </Button>
  );
  return (
    <SettingsPage
      title="Tools"
      description="What a model may ask for while it works on a problem, and what you may try yourself. Whatever a tool answers is data: no instruction in it is followed."
      action={admin && view === "tools" ? define : undefined}
    >
      {admin ? (
        <Views label="Tools" views={views} value={view} onChange={setView}>
          <View name="tools">
            <ToolList admin onDefine={setDefining} />
          </View>
          <View name="servers">
            <Servers />
          </View>
        </Views>
      ) : (
        <ToolList admin={false} onDefine={setDefining} />
      )}
      <Dialog
        open={defining !== null}
        onOpenChange={(open) => !open && setDefining(null)}
        title={defining === "new" ? "Define a tool" : `Change ${defining ? titleOf(defining.name) : ""}`}
        description="An address of yours that is called by POST, signed so that it can tell the calls from anybody’s."
        className="w-[min(94vw,40rem)]"
      >
        {defining && <WebhookForm stored={defining === "new" ? null : defining} onDone={() => setDefining(null)} />}
      </Dialog>
    </SettingsPage>
  );
}

function ToolList({ admin, onDefine }: { admin: boolean; onDefine: (tool: ToolInfo) => void }) {
  const client = useQueryClient();
  const { data, error, refetch } = useTools();
  const [trying, setTrying] = useState<ToolInfo | null>(null);
  const [setting, setSetting] = useState<ToolInfo | null>(null);
  const [deleting, setDeleting] = useState<ToolInfo | null>(null);
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton />;
  return (
    <div className="grid gap-8">
      {groups.map(([title, types, description]) => {
        const tools = data.filter((tool) => types.includes(tool.type));
        if (!tools.length && !(admin && types.includes("webhook"))) return null;
        return (
          <Section key={title} title={title} description={description}>
            {tools.length ? (
              <ul className="grid rounded-xl border bg-raised [&>li+li]:border-t">
                {tools.map((tool) => (
                  <ToolRow
                    key={tool.name}
                    tool={tool}
                    admin={admin}
                    onTry={() => setTrying(tool)}
                    onSettings={() => setSetting(tool)}
                    onChange={() => onDefine(tool)}
                    onDelete={() => setDeleting(tool)}
                  />
                ))}
              </ul>
            ) : (
              <Empty icon={Wrench} title="None yet">
                Define a tool to let models ask a service of yours: where an order is, what a customer pays, whether a room is free.
              </Empty>
            )}
          </Section>
        );
      })}
      <Dialog open={trying !== null} onOpenChange={(open) => !open && setTrying(null)} title={`Try ${trying ? titleOf(trying.name) : ""}`} description={trying?.description} className="w-[min(94vw,44rem)]">
        {trying && <TryTool key={trying.name} tool={trying} />}
      </Dialog>
      <Dialog open={setting !== null} onOpenChange={(open) => !open && setSetting(null)} title={`Settings of ${setting ? titleOf(setting.name) : ""}`} className="w-[min(94vw,34rem)]">
        {setting && <SettingsForm key={setting.name} tool={setting} onDone={() => setSetting(null)} />}
      </Dialog>
      <Confirm
        open={deleting !== null}
        onOpenChange={(open) => !open && setDeleting(null)}
        title={`Delete ${deleting ? titleOf(deleting.name) : ""}?`}
        description="No model can ask for it any more. This cannot be undone; to pause it, switch it off instead."
        action="Delete"
        danger
        run={async () => {
          await api.delete(`/tools/webhooks/${deleting?.tool_id}`);
          await client.invalidateQueries({ queryKey: toolsKey });
          toast("The tool is deleted.", { kind: "success" });
        }}
      />
    </div>
  );
}
