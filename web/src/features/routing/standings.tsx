import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { useMemo, useState } from "react";
import { Checkbox, Select } from "@/components/ui/field";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { ByTask, Figures, ModelStanding } from "@/lib/api/types";
import { formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import type { Bar } from "./bars";
import { Chart } from "./chart";
import { Refits } from "./refits";
import { tasks } from "./words";

type Row = { key: string; name: string; of: Figures & Partial<ByTask> };

const NAMED = "not known: it was named";

/** How each model does at a task, or one model at each: quality, time, cost, reliability. */
export function Standings() {
  const { data: catalogue } = useModels();
  const [task, setTask] = useState("chat");
  const [model, setModel] = useState("");
  const [everyone, setEveryone] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["routing", "models"],
    queryFn: async () => (await api.get<{ items: ModelStanding[] }>("/routing/models")).items,
    refetchInterval: 10_000,
  });
  const usable = useMemo(() => data?.filter((one) => everyone || !one.unavailable), [data, everyone]);
  const rows = useMemo((): Row[] => {
    const picked = data?.find((one) => one.model === model);
    if (picked) return [...picked.tasks.map((of) => ({ key: of.task_type, name: of.task_type, of })), { key: NAMED, name: NAMED, of: picked.named }];
    if (task === NAMED) return (usable ?? []).map((one) => ({ key: one.model, name: modelName(catalogue, one.model), of: one.named }));
    return (usable ?? []).flatMap((one) => one.tasks.filter((of) => of.task_type === task).map((of) => ({ key: one.model, name: modelName(catalogue, one.model), of })));
  }, [data, usable, model, task, catalogue]);

  const ofQuality = rows.map(quality).filter((bar) => bar !== null);

  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data || !usable) return <TableSkeleton rows={6} />;
  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-center gap-3">
        <Select aria-label="Model" className="sm:w-60" value={model} onChange={(event) => setModel(event.target.value)}>
          <option value="">Every model</option>
          {usable.map((one) => (
            <option key={one.model} value={one.model}>
              {modelName(catalogue, one.model)}
            </option>
          ))}
        </Select>
        {!model && (
          <Select aria-label="Task" className="capitalize sm:w-40" value={task} onChange={(event) => setTask(event.target.value)}>
            {tasks.map((name) => (
              <option key={name}>{name}</option>
            ))}
            <option>{NAMED}</option>
          </Select>
        )}
        <Checkbox label="Also those not connected" checked={everyone} onChange={(event) => setEveryone(event.target.checked)} />
      </div>
      {rows.length === 0 ? (
        <Empty icon={ChartColumn} title="No model can be used now">
          Connect a provider, or load a model on this machine.
        </Empty>
      ) : (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          {ofQuality.length > 0 && <Chart title="Quality" note="The estimate, and the interval in which it lies: by ratings where there are some, else by what is published." bars={ofQuality} most={1} best="most" ticks={["0", "50%", "100%"]} />}
          <Chart title="Reliability" note="Calls that succeed, with the interval. It begins at 97%, until calls tell." bars={rows.map(reliability)} most={1} best="most" ticks={["0", "50%", "100%"]} />
          <Chart title="Time" note="Half of the calls take no longer than the bar, 95% no longer than the line." bars={rows.map(latency)} best="least" />
          <Chart title="Cost" note="Dollars a call, as calls were." bars={rows.map(cost)} best="least" />
        </div>
      )}
      <p className="text-[13px] text-ink-3">Calls that name their model are not read, so their task is not known. They stand in where fewer than ten calls of a task are.</p>
      <Refits />
    </div>
  );
}

const share = (value: number) => `${Math.round(value * 100)}%`;
const calls = (count: number) => (count < 0.5 ? "no calls yet" : `${count < 10 ? count.toFixed(1).replace(/\.0$/, "") : Math.round(count)} calls`);

const quality = ({ key, name, of: { quality: at } }: Row): Bar | null => at === undefined ? null : ({
  key,
  name,
  value: at.mean,
  low: at.low,
  high: at.high,
  text: `${share(at.mean)} (${share(at.low)} to ${share(at.high)})`,
  detail: at.evidence < 0.5 ? "not rated yet" : `worth ${Math.round(at.evidence)} ratings`,
});

const reliability = ({ key, name, of: { reliability: at, calls: count } }: Row): Bar => ({
  key,
  name,
  value: at.mean,
  low: at.low,
  high: at.high,
  text: `${share(at.mean)} (${share(at.low)} to ${share(at.high)})`,
  detail: calls(count),
});

const latency = ({ key, name, of }: Row): Bar => ({
  key,
  name,
  value: of.latency_p50_ms,
  low: of.latency_p50_ms,
  high: of.latency_p95_ms,
  text: of.latency_p50_ms === null ? "no calls yet" : `p50 ${formatDuration(of.latency_p50_ms)}${of.latency_p95_ms === null ? "" : `, p95 ${formatDuration(of.latency_p95_ms)}`}`,
});

const cost = ({ key, name, of }: Row): Bar => ({ key, name, value: of.cost === null ? null : Number(of.cost), text: of.cost === null ? "no calls yet" : `${formatMoney(of.cost)} a call` });
