import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, GitMerge, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { MadeMerge, MergeStrategy } from "@/lib/api/types";
import { formatAgo, formatMoney } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { BringAnswers } from "./bring-answers";
import { MergeForm } from "./merge-form";
import { MergeView } from "./merge-view";
import { mergesKey, useMerge, useMerges } from "./queries";
import { outcome, strategies, strategyName } from "./words";

/** Merges: those there are, and one of them. */
export default function MergesPage() {
  const [, params] = useRoute("/merges/:id");
  return params ? <OneMerge key={params.id} id={params.id} /> : <AllMerges />;
}

function AllMerges() {
  const [, navigate] = useLocation();
  const [strategy, setStrategy] = useState("");
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useMerges(strategy, settled);
  const merges = data?.pages.flatMap((page) => page.items);
  const writes = mayWrite(useSession());

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  return (
    <SettingsPage title="Merges" description="Several models answer one prompt, and their answers become one: with what each sentence rests on, how sure it is, and what it cost.">
      {writes && <MergeForm onMade={(made) => navigate(`/merges/${made.id}`)} />}
      {writes && (
        <details className="text-sm">
          <summary className="w-fit cursor-pointer text-accent underline underline-offset-3">Merge answers that you have</summary>
          <div className="mt-4">
            <BringAnswers />
          </div>
        </details>
      )}
      <Section title="Earlier merges">
        <div className="flex flex-wrap gap-3">
          <Input aria-label="Search merges" type="search" className="w-60" placeholder="Search prompts and results" value={search} onChange={(event) => setSearch(event.target.value)} />
          <Select aria-label="Of the strategy" className="w-44" value={strategy} onChange={(event) => setStrategy(event.target.value)}>
            <option value="">every strategy</option>
            {strategies.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </Select>
        </div>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !merges ? (
          <TableSkeleton />
        ) : merges.length === 0 ? (
          <Empty icon={GitMerge} title={settled || strategy ? "None fits" : "No merges yet"}>
            {settled || strategy ? "No merge holds these words, or is of this strategy." : "Write a prompt above, choose two models or more, and see where they agree."}
          </Empty>
        ) : (
          <Card>
            <ul className="divide-y">
              {merges.map((merge) => {
                const { text, tone } = outcome(merge);
                return (
                  <li key={merge.id}>
                    <Link href={`/merges/${merge.id}`} className="grid gap-1 px-5 py-3 hover:bg-hover">
                      <span className="line-clamp-2 text-sm font-medium [overflow-wrap:anywhere]">{merge.prompt}</span>
                      <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-2">
                        <Badge tone={tone}>{text}</Badge>
                        {strategyName(merge.merge_strategy)} · {merge.models_used.length} {merge.models_used.length === 1 ? "answer" : "answers"} · {formatMoney(merge.total_cost)} · {formatAgo(merge.created_at)}
                      </span>
                    </Link>
                  </li>
                );
              })}
            </ul>
          </Card>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
    </SettingsPage>
  );
}

function OneMerge({ id }: { id: string }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const { data: merge, error, refetch } = useMerge(id);
  const remove = async () => {
    try {
      await api.delete(`/merging/${id}`);
      void queries.invalidateQueries({ queryKey: mergesKey });
      navigate("/merges");
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };
  return (
    <SettingsPage
      title="Merge"
      action={
        <div className="flex gap-2">
          <Button asChild variant="ghost" size="sm">
            <Link href="/merges">
              <ArrowLeft className="size-3.5" />
              All merges
            </Link>
          </Button>
          {merge && merge.status !== "running" && (
            <Button variant="ghost" size="sm" onClick={() => void remove()}>
              <Trash2 className="size-3.5" />
              Delete
            </Button>
          )}
        </div>
      }
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !merge ? (
        <TableSkeleton />
      ) : (
        <>
          <Card className="bg-subtle px-5 py-4 text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">{merge.prompt.slice(0, 4000)}</Card>
          <MergeView merge={merge} actions={<MergeAgain id={id} not={merge.merge_strategy} onMade={(made) => navigate(`/merges/${made.id}`)} />} />
        </>
      )}
    </SettingsPage>
  );
}

/** The same answers by another strategy. */
function MergeAgain({ id, not, onMade }: { id: string; not: MergeStrategy; onMade: (made: MadeMerge) => void }) {
  const again = async (strategy: string) => {
    try {
      onMade(await api.post<MadeMerge>(`/merging/${id}/again`, { strategy }));
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };
  return (
    <Select aria-label="Merge the same answers again by" className="w-52" value="" onChange={(event) => void again(event.target.value)}>
      <option value="">Merge again by …</option>
      {strategies
        .filter((one) => one.id !== not)
        .map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
    </Select>
  );
}
