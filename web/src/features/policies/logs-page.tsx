import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { LoggedPart, Page, RequestLog, WholeRequestLog } from "@/lib/api/types";
import { formatAgo, formatDate } from "@/lib/format";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";

/** What was asked through keys, where a policy keeps it. */
export default function LogsPage() {
  const session = useSession();
  const [search, setSearch] = useState("");
  const [words, setWords] = useState("");
  const [failed, setFailed] = useState("");
  const [opened, setOpened] = useState<RequestLog | null>(null);
  // A call that led here: what is kept of it has its id.
  const [params] = useSearchParams();
  const [call, setCall] = useState(params.get("call"));
  useEffect(() => {
    const timer = setTimeout(() => setWords(search.trim()), 250);
    return () => clearTimeout(timer);
  }, [search]);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["request-logs", words, failed],
    queryFn: ({ pageParam }) => api.get<Page<RequestLog>>("/policies/logs", { query: { q: words || null, failed: failed || null, cursor: pageParam || null } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const logs = data?.pages.flatMap((page) => page.items);
  return (
    <SettingsPage
      title="Request log"
      description={
        isAdmin(session)
          ? "Calls through keys that a policy keeps: yours, and those that it opens to admins. That you read another’s is in the audit trail."
          : "Your calls through keys that a policy keeps. Admins read them only where the policy says so."
      }
    >
      <Section>
        <div className="flex flex-wrap gap-2">
          <Input type="search" aria-label="Words in question or answer" placeholder="Words in question or answer" className="max-w-72" value={search} onChange={(event) => setSearch(event.target.value)} />
          <Select aria-label="How they ended" className="w-40" value={failed} onChange={(event) => setFailed(event.target.value)}>
            <option value="">All</option>
            <option value="true">Failed</option>
            <option value="false">Answered</option>
          </Select>
        </div>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !logs ? (
          <TableSkeleton />
        ) : logs.length === 0 ? (
          <Empty icon={ScrollText} title={words || failed ? "None like that" : "Nothing is kept"}>
            {words || failed ? "Try other words." : "What is asked and answered is stored nowhere, unless an admin turns the request log on in a policy."}
          </Empty>
        ) : (
          <Table label="Request log" head={["When", "Question", "Model", "Key", "Ended"]}>
            {logs.map((each) => (
              <tr key={each.id}>
                <td className="whitespace-nowrap text-ink-2">{formatAgo(each.created_at)}</td>
                <td className="max-w-80">
                  <button type="button" className="block max-w-full truncate text-left font-medium hover:underline" onClick={() => setOpened(each)}>
                    {each.snippet || "Show"}
                  </button>
                </td>
                <td className="whitespace-nowrap">{each.model}</td>
                <td>
                  {each.key_name ?? "–"}
                  {each.user_id !== session.user.id && <span className="block text-[13px] text-ink-3">{each.user_email}</span>}
                </td>
                <td>{each.failure ? <Badge tone="danger">{each.failure}</Badge> : <Badge tone="good">answered</Badge>}</td>
              </tr>
            ))}
          </Table>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      <Dialog open={opened !== null} onOpenChange={(open) => !open && setOpened(null)} title={opened?.model ?? ""} description={opened ? `Kept until ${formatDate(opened.expires_at)}` : undefined} className="w-[min(94vw,44rem)]">
        {opened && <Whole id={opened.id} onDeleted={() => setOpened(null)} />}
      </Dialog>
      <Dialog open={call !== null} onOpenChange={() => setCall(null)} title="Question and answer" className="w-[min(94vw,44rem)]">
        {call && <Whole id={call} onDeleted={() => setCall(null)} />}
      </Dialog>
    </SettingsPage>
  );
}

function Whole({ id, onDeleted }: { id: string; onDeleted: () => void }) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ["request-logs", "one", id], queryFn: () => api.get<WholeRequestLog>(`/policies/logs/${id}`) });
  const [busy, setBusy] = useState(false);
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton rows={3} />;
  const { request, response } = data;
  const remove = async () => {
    setBusy(true);
    try {
      await api.delete(`/policies/logs/${id}`);
      await client.invalidateQueries({ queryKey: ["request-logs"] });
      onDeleted();
    } catch (fault) {
      setBusy(false);
      toast(messageOf(fault), { kind: "error" });
    }
  };
  return (
    <div className="grid gap-4">
      {request.messages?.map((message, index) => <Said key={index} who={message.role} parts={message.parts} />)}
      {request.texts?.map((text, index) => <Said key={index} who="text" parts={[{ type: "text", text }]} />)}
      {request.relayed && <Said who="body" parts={[{ type: "text", text: request.relayed }]} />}
      {response ? <Said who="answer" parts={response.parts} /> : <p className="text-sm text-ink-2">{data.failure ? `No answer: ${data.failure}.` : "The answer was relayed as it came and not kept."}</p>}
      <DialogActions>
        <Button variant="ghost" className="text-danger hover:text-danger" busy={busy} onClick={remove}>
          Delete
        </Button>
      </DialogActions>
    </div>
  );
}

const Said = ({ who, parts }: { who: string; parts: LoggedPart[] }) => (
  <section className="grid gap-1">
    <h3 className="text-[13px] font-medium text-ink-3">{who}</h3>
    {parts.map((part, index) => (
      <p key={index} className="text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">
        {part.text || (part.name ? `${part.name}(${part.arguments})` : `[${part.type}]`)}
      </p>
    ))}
  </section>
);
