import { Brain, Plus, SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { LoadFault, Section, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import type { Memory, WhyFound } from "@/lib/api/types";
import { MemoryCard } from "./memory-card";
import { MemoryDetails } from "./memory-details";
import { MemoryForm } from "./memory-form";
import { MergeMemories } from "./merge-memories";
import { type Filter, useFound, useMemories } from "./queries";
import { Reviews } from "./reviews";
import type { MemoryState } from "./types";
import { memoryTypes, named, states } from "./words";
import { useMayChange, useWhose } from "./whose";

/** What is open over the list. */
type Open = { what: "form"; memory: Memory | null } | { what: "merge"; memory: Memory };

/** What is remembered: found as one types, or listed, the newest first. */
export function Memories() {
  const writes = useMayChange();
  const shared = useWhose() !== null;
  const [params, setParams] = useSearchParams();
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const [filter, setFilter] = useState<Filter>({ state: "current", type: "", learned: "" });
  const [open, setOpen] = useState<Open | null>(null);
  const found = useFound(settled, filter.type);
  const list = useMemories(filter, settled === "");

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  const asked = settled !== "" ? found : list;
  const items: { memory: Memory; why: WhyFound[] }[] | undefined =
    settled !== ""
      ? found.data?.results.filter(({ memory }) => filter.learned === "" || String(memory.learned) === filter.learned)
      : list.data?.pages.flatMap((page) => page.items.map((memory) => ({ memory, why: [] })));
  const narrowed = filter.type !== "" || filter.learned !== "" || filter.state !== "current";
  const add = writes && (
    <Button variant="primary" onClick={() => setOpen({ what: "form", memory: null })}>
      <Plus className="size-4" />
      Add a memory
    </Button>
  );
  const details = params.get("memory");

  return (
    <>
      <Reviews onEdit={(memory) => setOpen({ what: "form", memory })} />
      <Section title="Memories" description={shared ? "What the group has in common. It goes along with the questions of everybody in it." : "Facts about you and your work. Those that fit a question go along with it."} action={add}>
        <div className="flex flex-wrap gap-3">
          <Input aria-label="Search memories" type="search" className="min-w-52 flex-1" placeholder="Search by words or by meaning" value={search} onChange={(event) => setSearch(event.target.value)} />
          <Select aria-label="In which state" className="w-40" value={filter.state} disabled={settled !== ""} onChange={(event) => setFilter({ ...filter, state: event.target.value as MemoryState | "" })}>
            <option value="">in any state</option>
            {Object.entries(states).map(([state, { name }]) => (
              <option key={state} value={state}>
                {name}
              </option>
            ))}
          </Select>
          <Select aria-label="Of which kind" className="w-36" value={filter.type} onChange={(event) => setFilter({ ...filter, type: event.target.value })}>
            <option value="">of any kind</option>
            {memoryTypes.map((type) => (
              <option key={type} value={type}>
                {named(type)}
              </option>
            ))}
          </Select>
          <Select aria-label="From where" className="w-40" value={filter.learned} onChange={(event) => setFilter({ ...filter, learned: event.target.value as Filter["learned"] })}>
            <option value="">from anywhere</option>
            <option value="true">Learned from chats</option>
            <option value="false">Added</option>
          </Select>
        </div>
        {asked.error ? (
          <LoadFault error={asked.error} retry={() => void asked.refetch()} />
        ) : !items ? (
          <TableSkeleton />
        ) : items.length === 0 ? (
          settled !== "" || narrowed ? (
            <Empty icon={SearchX} title="None fits">
              {settled !== "" ? "Nothing that is remembered fits these words. RADIANT brings up nothing rather than something that does not fit." : "No memory is in this state, of this kind and from there."}
            </Empty>
          ) : (
            <Empty icon={Brain} title="Nothing is remembered yet" action={add}>
              {shared
                ? "Add what everybody in the group should have at hand. What is learned in chats stays each person's own."
                : "It fills as you chat: what you say about yourself and your work is kept here, with the words it came from. You can also add something by hand, or import it under Settings."}
            </Empty>
          )
        ) : (
          <ul aria-label="Memories" className="grid gap-2" aria-busy={asked.isPlaceholderData || undefined}>
            {items.map(({ memory, why }) => (
              <li key={memory.id}>
                <MemoryCard
                  memory={memory}
                  why={why}
                  writes={writes}
                  onEdit={() => setOpen({ what: "form", memory })}
                  onMerge={() => setOpen({ what: "merge", memory })}
                  onDetails={() => setParams((now) => ({ ...Object.fromEntries(now), memory: memory.id }))}
                />
              </li>
            ))}
          </ul>
        )}
        <ShowMore when={settled === "" && list.hasNextPage} busy={list.isFetchingNextPage} load={list.fetchNextPage} />
      </Section>
      <MemoryForm open={open?.what === "form"} memory={open?.what === "form" ? open.memory : null} onClose={() => setOpen(null)} />
      <MergeMemories memory={open?.what === "merge" ? open.memory : null} onClose={() => setOpen(null)} />
      <MemoryDetails id={details} onClose={() => setParams((now) => Object.fromEntries([...now].filter(([name]) => name !== "memory")))} onEdit={(memory) => setOpen({ what: "form", memory })} />
    </>
  );
}
