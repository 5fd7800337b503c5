import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Boxes, Search } from "lucide-react";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Checkbox, Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, CopyButton, Empty } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { LocalModel } from "@/lib/api/types";
import { formatBytes, formatCompact, formatCount, formatPrice } from "@/lib/format";
import { providerName, useModels, wantsKey } from "@/lib/models";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";

export default function ModelsPage() {
  return (
    <SettingsPage title="Models" description="Everything this workspace can ask, by the names that the API takes.">
      <LocalModels />
      <Catalogue />
    </SettingsPage>
  );
}

const thermalTone = (state: string | null) => (state === "WARM" || state === "HOT" ? "good" : state === "WARMING" ? "warn" : "neutral");

const thermalName: Record<string, string> = {
  COLD: "not loaded",
  WARMING: "loading…",
  WARM: "loaded",
  HOT: "in use",
  OFF: "off",
};

function LocalModels() {
  const session = useSession();
  const client = useQueryClient();
  const [busy, setBusy] = useState<string | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["local-models"],
    queryFn: async () => (await api.get<{ items: LocalModel[] }>("/local-models")).items,
    refetchInterval: (query) => (query.state.data?.some((model) => model.thermal_state === "WARMING") ? 1500 : 15_000),
  });
  const act = async (model: LocalModel, verb: "load" | "unload") => {
    setBusy(model.id);
    try {
      await api.post(`/local-models/${encodeURIComponent(model.id)}/${verb}`);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setBusy(null);
      await client.invalidateQueries({ queryKey: ["local-models"] });
    }
  };
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton rows={3} />;
  return (
    <Section title="On this machine" description="They run here: no key, no cost a token, and nothing leaves the server.">
      {data.length === 0 ? (
        <Empty icon={Boxes} title="No local models">
          The operator installs them with <code className="font-mono">radiant models install</code>.
        </Empty>
      ) : (
        <Card>
          <ul className="divide-y">
            {data.map((model) => {
              const state = model.thermal_state ?? "COLD";
              const loaded = state === "WARM" || state === "HOT";
              return (
                <li key={model.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 py-3.5">
                  <div className="min-w-0">
                    <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
                      {model.display_name}
                      {model.installed ? <Badge tone={thermalTone(state)}>{thermalName[state] ?? state.toLowerCase()}</Badge> : <Badge>not installed</Badge>}
                    </p>
                    <p className="mt-0.5 text-[13px] text-ink-3">
                      {[model.note?.replace(/\.$/, ""), formatBytes(model.bytes), model.memory_mb && `${formatCount(model.memory_mb)} MB ${loaded ? "in memory" : "of memory when loaded"}`, model.license].filter(Boolean).join(" · ")}
                    </p>
                  </div>
                  {session.user.is_operator &&
                    (model.installed ? (
                      <Button
                        size="sm"
                        busy={busy === model.id || state === "WARMING"}
                        aria-label={`${loaded ? "Unload" : "Load"} ${model.display_name}`}
                        onClick={() => act(model, loaded ? "unload" : "load")}
                      >
                        {loaded ? "Unload" : "Load"}
                      </Button>
                    ) : (
                      <span className="flex items-center gap-1">
                        <code className="font-mono text-[13px] text-ink-2">radiant models install {model.id}</code>
                        <CopyButton text={`radiant models install ${model.id}`} label="Copy the command" />
                      </span>
                    ))}
                </li>
              );
            })}
          </ul>
        </Card>
      )}
    </Section>
  );
}

function Catalogue() {
  const session = useSession();
  const { data, error, refetch } = useModels();
  const [search, setSearch] = useState("");
  const [ready, setReady] = useState(false);
  const [task, setTask] = useState("chat");
  const tasks = useMemo(() => [...new Set(["chat", ...(data ?? []).map((model) => model.task)])], [data]);
  const shown = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return (data ?? [])
      .filter((model) => (!ready || model.available) && (task === "" || model.task === task))
      .filter((model) => {
        const text = `${model.display_name} ${model.id} ${model.provider} ${model.capabilities.join(" ")} ${model.task}`.toLowerCase();
        return words.every((word) => text.includes(word));
      })
      .sort((a, b) => Number(b.available) - Number(a.available));
  }, [data, search, ready, task]);
  return (
    <Section title="Catalogue" action={<Checkbox label="Ready to use only" checked={ready} onChange={(event) => setReady(event.target.checked)} />}>
      <div className="flex gap-2">
        <div className="relative min-w-0 flex-1">
          <Search aria-hidden className="pointer-events-none absolute top-2.5 left-3 size-4 text-ink-3" />
          <Input type="search" aria-label="Search the catalogue" placeholder="Name, provider or capability" value={search} onChange={(event) => setSearch(event.target.value)} className="pl-9" />
        </div>
        <Select aria-label="Task" className="w-36 capitalize" value={task} onChange={(event) => setTask(event.target.value)}>
          <option value="">Every task</option>
          {tasks.map((name) => (
            <option key={name} value={name}>
              {name.replaceAll("_", " ")}
            </option>
          ))}
        </Select>
      </div>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={8} />
      ) : shown.length === 0 ? (
        <Empty icon={Boxes} title="No model matches" />
      ) : (
        <Table label="Models" head={["Model", "Provider", "Capabilities", "Context", "In / out per million", "Status"]} right={[3, 4]}>
          {shown.map((model) => (
            <tr key={model.id}>
              <td className="min-w-52">
                <span className="font-medium">{model.display_name}</span>
                <span className="-my-1 flex items-center font-mono text-[12.5px] text-ink-3">
                  {model.id}
                  <CopyButton text={model.id} label={`Copy ${model.id}`} className="size-6 [&_svg]:size-3.5" />
                </span>
              </td>
              <td className="whitespace-nowrap">{model.local ? "This machine" : providerName(model.provider)}</td>
              <td>
                <span className="flex max-w-60 min-w-40 flex-wrap gap-1">
                  {model.capabilities.map((capability) => (
                    <Badge key={capability}>{capability.replace("_", " ")}</Badge>
                  ))}
                </span>
              </td>
              <td className="text-right tabular-nums">{model.context_length ? formatCompact(model.context_length) : "–"}</td>
              <td className="text-right whitespace-nowrap tabular-nums">
                {model.local ? "free" : model.input_price === null ? "–" : `${formatPrice(model.input_price)} / ${formatPrice(model.output_price)}`}
              </td>
              <td className="min-w-36">
                {model.available ? (
                  <Badge tone="good">ready</Badge>
                ) : (
                  <span className="text-[13px] text-ink-3">
                    {model.reason ?? "not available"}
                    {wantsKey(model) && isAdmin(session) && (
                      <>
                        {" · "}
                        <Link href="/settings/providers" className="text-accent underline underline-offset-3">
                          connect
                        </Link>
                      </>
                    )}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
