import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Badge } from "@/components/ui/parts";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { ToolInfo } from "@/lib/api/types";
import { mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { toolsKey } from "./queries";
import { titleOf } from "./words";

interface Props {
  tool: ToolInfo;
  admin: boolean;
  onTry: () => void;
  onSettings: () => void;
  onChange: () => void;
  onDelete: () => void;
}

/** A tool: what it is for, whether it can be called, and what may be done with it. */
export function ToolRow({ tool, admin, onTry, onSettings, onChange, onDelete }: Props) {
  const may = mayWrite(useSession());
  const title = titleOf(tool.name);
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-center gap-2">
          <span className="text-sm font-medium">{title}</span>
          <code className="text-[12.5px] text-ink-3">{tool.name}</code>
          {tool.asks_first && <Badge tone="accent">asks first</Badge>}
          {tool.settings.least_role !== "member" && <Badge>{tool.settings.least_role}s</Badge>}
          {tool.absent && <Badge tone="warn">unavailable</Badge>}
        </p>
        <p className="mt-0.5 line-clamp-3 text-[13px] text-ink-2 [overflow-wrap:anywhere]">{tool.description}</p>
        {tool.absent && <p className="mt-1 text-[13px] text-warn">{sentence(tool.absent)}.</p>}
      </div>
      <div className="flex shrink-0 flex-wrap items-center gap-1">
        {may && (
          <Button size="sm" variant="outline" aria-label={`Try ${title}`} disabled={tool.absent !== null} onClick={onTry}>
            Try
          </Button>
        )}
        {admin && (
          <>
            {tool.origin === "webhook" && (
              <>
                <Button size="sm" variant="ghost" aria-label={`Change ${title}`} onClick={onChange}>
                  Change
                </Button>
                <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Delete ${title}`} onClick={onDelete}>
                  Delete
                </Button>
              </>
            )}
            <Button size="sm" variant="ghost" aria-label={`Settings of ${title}`} onClick={onSettings}>
              Settings
            </Button>
            <Switch tool={tool} />
          </>
        )}
      </div>
    </li>
  );
}

function Switch({ tool }: { tool: ToolInfo }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const turn = async (on: boolean) => {
    setBusy(true);
    try {
      await api.put(`/tools/${tool.name}/settings`, { ...tool.settings, is_active: on });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: toolsKey });
    setBusy(false);
  };
  return (
    <label className="ml-1 flex h-8 items-center gap-2 text-[13px] text-ink-2">
      <input
        type="checkbox"
        role="switch"
        className="size-4 accent-accent"
        aria-label={`${titleOf(tool.name)} is on`}
        checked={tool.settings.is_active ?? true}
        disabled={busy}
        onChange={(event) => void turn(event.target.checked)}
      />
      On
    </label>
  );
}
