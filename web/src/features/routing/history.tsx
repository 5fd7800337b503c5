import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { History as HistoryIcon, ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Details } from "@/components/ui/details";
import { Dialog } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Decision, Page } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatAgo, formatCount, formatDateTime, formatDuration, formatMoney } from "@/lib/format";
import { modelName, providerName, useModels } from "@/lib/models";
import { isAdmin, mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { useRules } from "./queries";
import { chosenBy, percent, tasks } from "./words";

const none = { model: "", task_type: "", success: "", rule_id: "", chosen_by: "", since: "" };
const spans: Record<string, number> = { "the last hour": 1, "the last day": 24, "the last 7 days": 168, "the last 30 days": 720 };

/** What was chosen, why, and what came of it. */
export function History() {
  const session = useSession();
  const admin = isAdmin(session);
  const { data: models } = useModels();
  const { data: rules } = useRules();
  const [filter, setFilter] = useState(none);
  const [shown, setShown] = useState<Decision | null>(null);
  const key = ["routing", "history", filter];
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => api.get<Page<Decision>>("/routing/history", { query: { ...filter, model: filter.model.trim(), cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 5_000),
    placeholderData: (before) => before,
  });
  const decisions = data?.pages.flatMap((page) => page.items);
  const set = (change: Partial<typeof none>) => setFilter((before) => ({ ...before, ...change }));
  const [span, setSpan] = useState("");
  const filtered = Object.values(filter).some(Boolean);
  return (
    <Section description={admin ? undefined : "Your own calls."}>
      <div className="grid grid-cols-2 gap-2.5 sm:flex sm:flex-wrap">
        <Input aria-label="Model" className="sm:w-40" list="routing-history-models" placeholder="Every model" value={filter.model} onChange={(event) => set({ model: event.target.value })} />
        <datalist id="routing-history-models">
          {models?.filter((model) => model.available && model.id !== "auto").map((model) => <option key={model.id} value={model.id} />)}
        </datalist>
        <Select aria-label="Task" className="sm:w-32" value={filter.task_type} onChange={(event) => set({ task_type: event.target.value })}>
          <option value="">Every task</option>
          {tasks.map((task) => (
            <option key={task}>{task}</option>
          ))}
        </Select>
        <Select aria-label="Outcome" className="sm:w-36" value={filter.success} onChange={(event) => set({ success: event.target.value })}>
          <option value="">Any outcome</option>
          <option value="true">Succeeded</option>
          <option value="false">Failed</option>
        </Select>
        <Select
          aria-label="Chosen by"
          className="sm:w-44"
          value={filter.rule_id || filter.chosen_by}
          onChange={(event) => {
            const value = event.target.value;
            const rule = rules?.some((one) => one.id === value);
            set({ rule_id: rule ? value : "", chosen_by: rule ? "" : value });
          }}
        >
          <option value="">Chosen by anything</option>
          {Object.entries(chosenBy).map(([value, name]) => (
            <option key={value} value={value}>
              By {name}
            </option>
          ))}
          {rules && rules.length > 0 && (
            <optgroup label="By the rule">
              {rules.map((rule) => (
                <option key={rule.id} value={rule.id}>
                  {rule.name}
                </option>
              ))}
            </optgroup>
          )}
        </Select>
        <Select
          aria-label="Time"
          className="sm:w-36"
          value={span}
          onChange={(event) => {
            const hours = spans[event.target.value];
            setSpan(event.target.value);
            set({ since: hours ? new Date(Date.now() - hours * 3_600_000).toISOString() : "" });
          }}
        >
          <option value="">Any time</option>
          {Object.keys(spans).map((name) => (
            <option key={name} value={name}>
              In {name}
            </option>
          ))}
        </Select>
      </div>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !decisions ? (
        <TableSkeleton />
      ) : decisions.length === 0 ? (
        <Empty icon={HistoryIcon} title={filtered ? "None fits the filter" : "Nothing was routed yet"}>
          {filtered ? "Choose another time, model or outcome." : "Ask for auto in a chat or through the API: each choice stands here, with why it was made and what came of it."}
        </Empty>
      ) : (
        <Card>
          <ul aria-label="History" className="divide-y">
            {decisions.map((one) => (
              <li key={one.id} className="grid gap-1 px-4 py-3 sm:px-5">
                <div className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm">
                  <span className="font-medium">{modelName(models, one.selected_model)}</span>
                  {one.task_type && <Badge>{one.task_type}</Badge>}
                  <Badge tone={one.chosen_by === "rule" ? "accent" : one.chosen_by === "fallback" ? "warn" : "neutral"} className="max-w-56">
                    <span className="truncate">by {one.rule_name ?? chosenBy[one.chosen_by]}</span>
                  </Badge>
                  <span className="ml-auto flex items-center gap-1.5">
                    <Outcome of={one} />
                    {one.user_id === session.user.id && mayWrite(session) ? (
                      <Thumbs of={one} queryKey={key} />
                    ) : (
                      one.rating !== null && <Badge>rated {percent(one.rating)}</Badge>
                    )}
                  </span>
                </div>
                <p className="line-clamp-2 text-[13px] text-ink-2 [overflow-wrap:anywhere]">{one.selection_reason}</p>
                <p className="flex flex-wrap gap-x-4 gap-y-0.5 text-[13px] text-ink-3 tabular-nums">
                  <button type="button" title={formatDateTime(one.created_at)} className="underline decoration-line-strong underline-offset-3 hover:text-ink" onClick={() => setShown(one)}>
                    {formatAgo(one.created_at)}
                    <span className="sr-only">: details</span>
                  </button>
                  {one.output_tokens !== null && <span>{`${formatCount(one.input_tokens ?? 0)} → ${formatCount(one.output_tokens)} tokens`}</span>}
                  {one.cost !== null && <span>{formatMoney(one.cost)}</span>}
                  {one.latency_ms !== null && <span>{formatDuration(one.latency_ms)}</span>}
                  {admin && <span className="max-w-full truncate">{one.user_email}</span>}
                </p>
              </li>
            ))}
          </ul>
        </Card>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      <Dialog open={shown !== null} onOpenChange={() => setShown(null)} title="Decision" description={shown ? formatDateTime(shown.created_at) : undefined} className="w-[min(94vw,38rem)]">
        {shown && <Facts of={shown} />}
      </Dialog>
    </Section>
  );
}

function Outcome({ of }: { of: Decision }) {
  if (of.success) return <Badge tone="good">succeeded</Badge>;
  if (of.success === false) return <Badge tone="danger">{of.error_kind?.replace(/[-_]/g, " ") ?? "failed"}</Badge>;
  if (of.ended_at === null) return <Badge tone="accent">under way</Badge>;
  return <Badge>{of.error_kind?.replace(/[-_]/g, " ") ?? "not known"}</Badge>;
}

/** One's own word on an answer; said again, it replaces what was said. */
function Thumbs({ of, queryKey }: { of: Decision; queryKey: readonly unknown[] }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const say = async (up: boolean) => {
    setBusy(true);
    try {
      const kept = await api.post<{ value: number }>("/routing/feedback", { kind: "thumbs", decision_id: of.id, up });
      client.setQueryData<InfiniteData<Page<Decision>>>(queryKey, (data) =>
        data && { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map((one) => (one.id === of.id ? { ...one, rating: kept.value } : one)) })) },
      );
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    setBusy(false);
  };
  const button = (up: boolean) => {
    const on = of.rating !== null && (up ? of.rating >= 0.5 : of.rating < 0.5);
    const Icon = up ? ThumbsUp : ThumbsDown;
    return (
      <Button variant="ghost" size="icon" disabled={busy} aria-pressed={on} aria-label={up ? "Good choice" : "Bad choice"} title={up ? "Good" : "Bad"} onClick={() => void say(up)}>
        <Icon className={cn("size-4", on && (up ? "fill-good-soft text-good" : "fill-danger-soft text-danger"))} />
      </Button>
    );
  };
  return (
    <span className="inline-flex">
      {button(true)}
      {button(false)}
    </span>
  );
}

function Facts({ of }: { of: Decision }) {
  const rows: [string, string | null][] = [
    ["Model", `${of.selected_model} (${providerName(of.provider)})`],
    ["Why", of.selection_reason],
    ["Chosen by", of.rule_name ? `the rule ${of.rule_name}` : chosenBy[of.chosen_by]],
    ["Level", of.quality_level],
    ["Task", of.task_type],
    ["Confidence", of.confidence === null ? null : percent(of.confidence)],
    ["Propensity", String(Number(of.propensity.toPrecision(3)))],
    ["Tokens", of.output_tokens === null ? null : `${formatCount(of.input_tokens ?? 0)} in, ${formatCount(of.output_tokens)} out`],
    ["Cost", of.cost === null ? null : `${formatMoney(of.cost)}, estimated ${formatMoney(of.estimated_cost)}`],
    ["Time", of.latency_ms === null ? null : `${formatDuration(of.latency_ms)}${of.estimated_latency_ms === null ? "" : `, estimated ${formatDuration(of.estimated_latency_ms)}`}`],
    ["Failed by", of.error_kind],
    ["Person", of.user_email],
    ["Decision", of.id],
  ];
  return <Details rows={rows} />;
}
