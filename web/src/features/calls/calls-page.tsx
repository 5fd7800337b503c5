import { useInfiniteQuery } from "@tanstack/react-query";
import { Activity } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { Details } from "@/components/ui/details";
import { Dialog } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Call, Page } from "@/lib/api/types";
import { formatCount, formatDateTime, formatDuration, formatMoney } from "@/lib/format";
import { isAdmin, useSession } from "@/lib/session";

export default function CallsPage() {
  const session = useSession();
  const [search] = useSearchParams();
  const [state, setState] = useState("");
  const [model, setModel] = useState(search.get("model") ?? "");
  // Whose and of when, as the link that led here says.
  const of = Object.fromEntries(["user_id", "start", "end"].map((name) => [name, search.get(name)]));
  const [shown, setShown] = useState<Call | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["calls", state, model, of],
    queryFn: ({ pageParam }) => api.get<Page<Call>>("/usage/calls", { query: { ...of, state, model: model.trim(), cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 2_000),
    placeholderData: (before) => before,
  });
  const calls = data?.pages.flatMap((page) => page.items);
  return (
    <SettingsPage title="Calls" description={isAdmin(session) ? "Each call of a model in this workspace, those under way first to be seen. No prompt is kept here." : "Each of your calls of a model. No prompt is kept here."}>
      <Section>
        <div className="flex flex-wrap gap-3">
          <Select aria-label="State" className="w-44" value={state} onChange={(event) => setState(event.target.value)}>
            <option value="">All calls</option>
            <option value="reserved">Under way</option>
            <option value="settled">Answered</option>
            <option value="failed">Failed</option>
          </Select>
          <Input aria-label="Model" className="w-60" placeholder="Model" value={model} onChange={(event) => setModel(event.target.value)} />
        </div>
        {of.start && of.end && (
          <p className="text-[13px] text-ink-2">
            From {formatDateTime(of.start)} to {formatDateTime(of.end)}
            {of.user_id && ", of one person"}.{" "}
            <Link href="/settings/calls" className="font-medium text-ink underline underline-offset-2">
              All calls
            </Link>
          </p>
        )}
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !calls ? (
          <TableSkeleton />
        ) : calls.length === 0 ? (
          <Empty icon={Activity} title={state === "reserved" ? "Nothing is under way" : "No calls"}>
            {state || model || of.start ? "None fits the filter." : "Each call, from the page or through the API, stands here within a second."}
          </Empty>
        ) : (
          <Table label="Calls" head={["When", "Model", "By", "Tokens", "Cost", "Time", "State"]} right={[3, 4, 5]}>
            {calls.map((call) => (
              <tr key={call.id} className="tabular-nums">
                <td className="whitespace-nowrap">
                  <button type="button" className="text-left underline-offset-2 hover:underline" onClick={() => setShown(call)}>
                    {new Date(call.created_at).toLocaleTimeString("en-US")}
                    <span className="sr-only">: details</span>
                  </button>
                </td>
                <td>
                  <span className="font-medium">{call.model}</span>
                  <span className="block text-[13px] text-ink-3">{call.route === "named" ? call.provider : `${call.provider}, ${call.route}`}</span>
                </td>
                <td className="text-ink-2">{call.key_name ?? call.user_email ?? "–"}</td>
                <td className="text-right whitespace-nowrap">
                  {call.input_tokens === null ? "–" : `${formatCount(call.input_tokens)} → ${formatCount(call.output_tokens ?? 0)}`}
                </td>
                <td className="text-right">{formatMoney(call.cost ?? call.reserved_cost)}</td>
                <td className="text-right whitespace-nowrap">{call.duration_ms === null ? "–" : formatDuration(call.duration_ms)}</td>
                <td>
                  <CallState call={call} />
                </td>
              </tr>
            ))}
          </Table>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      <Dialog open={shown !== null} onOpenChange={() => setShown(null)} title="Call" description={shown ? formatDateTime(shown.created_at) : undefined} className="w-[min(94vw,38rem)]">
        {shown && <Facts call={shown} />}
      </Dialog>
    </SettingsPage>
  );
}

function CallState({ call }: { call: Call }) {
  if (call.state === "reserved") return <Badge tone="accent">under way</Badge>;
  if (call.state === "failed") return <Badge tone="danger">{call.error_kind ?? "failed"}</Badge>;
  if (call.cached) return <Badge tone="good">from cache</Badge>;
  if (call.stop_reason === "cancelled") return <Badge tone="warn">cancelled</Badge>;
  return <Badge tone="good">{call.estimated ? "estimated" : "answered"}</Badge>;
}

function Facts({ call }: { call: Call }) {
  const rows: [string, string | null][] = [
    ["Model", `${call.model} (${call.provider})`],
    ["Chosen by", call.route],
    ["Task", call.task],
    ["Because", call.route_reason],
    ["Door", `${call.protocol}, ${call.kind}${call.streamed ? ", streamed" : ""}`],
    ["Person", call.user_email],
    ["Key", call.key_name],
    ["Tokens in", call.input_tokens === null ? null : formatCount(call.input_tokens)],
    ["  from a cache", call.cache_read_tokens ? formatCount(call.cache_read_tokens) : null],
    ["  into a cache", call.cache_write_tokens ? formatCount(call.cache_write_tokens) : null],
    ["Tokens out", call.output_tokens === null ? null : formatCount(call.output_tokens)],
    ["  of them reasoning", call.reasoning_tokens ? formatCount(call.reasoning_tokens) : null],
    ["Cost", call.cost === null ? `${formatMoney(call.reserved_cost)} reserved` : `$${call.cost}${call.estimated ? ", estimated" : ""}`],
    ["First word after", call.first_token_ms === null ? null : formatDuration(call.first_token_ms)],
    ["Took", call.duration_ms === null ? null : formatDuration(call.duration_ms)],
    ["Ended", call.stop_reason ?? call.error_kind],
    ["Tags", Object.entries(call.tags).map(([name, value]) => `${name}=${value}`).join(", ") || null],
    ["Request", call.request_id],
    ["Decision", call.decision_id],
  ];
  return (
    <>
      <Details rows={rows} mono />
      {call.api_key_id && call.state !== "reserved" && (
        <p className="mt-4 text-sm">
          <Link href={`/settings/logs?call=${call.id}`} className="font-medium underline underline-offset-2">
            Question and answer
          </Link>
          <span className="text-ink-2">, where a policy keeps them</span>
        </p>
      )}
    </>
  );
}
