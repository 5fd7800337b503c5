import { useQueryClient } from "@tanstack/react-query";
import { Check, Pencil, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card, Section, ShowMore } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import type { Memory } from "@/lib/api/types";
import { confirmMemory, forgetMemory } from "./acts";
import { useFound, useReviews } from "./queries";
import { origin, rivalOf } from "./words";
import { useMayChange, useWhose } from "./whose";

/** What RADIANT is not sure of, beside what it may contradict. Nothing where there is nothing to decide. */
export function Reviews({ onEdit }: { onEdit: (memory: Memory) => void }) {
  const writes = useMayChange();
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useReviews();
  const waiting = data?.pages.flatMap((page) => page.items) ?? [];
  if (!waiting.length) return null;
  return (
    <Section title="These need your word" description="Each may contradict something else that is known. Until you decide, both are kept.">
      <ul className="grid gap-3">
        {waiting.map((memory) => (
          <li key={memory.id}>
            <Review memory={memory} writes={writes} onEdit={onEdit} />
          </li>
        ))}
      </ul>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </Section>
  );
}

interface Props {
  memory: Memory;
  writes: boolean;
  onEdit: (memory: Memory) => void;
}

function Review({ memory, writes, onEdit }: Props) {
  const client = useQueryClient();
  const group = useWhose();
  const { data: found } = useFound(memory.content.slice(0, 400), "");
  const rival = rivalOf(memory, found?.results.map((one) => one.memory) ?? []);
  return (
    <Card className="grid gap-3 p-4">
      <div className="grid gap-3 sm:grid-cols-2">
        <Side title="New" memory={memory} />
        {rival && <Side title="Known" memory={rival} />}
      </div>
      {writes && (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" variant="primary" onClick={() => void confirmMemory(client, group, memory)}>
            <Check className="size-3.5" />
            It is so
          </Button>
          <Button size="sm" onClick={() => void forgetMemory(client, group, memory)}>
            <Trash2 className="size-3.5" />
            It is not so
          </Button>
          <Button size="sm" variant="ghost" onClick={() => onEdit(memory)}>
            <Pencil className="size-3.5" />
            Correct
          </Button>
        </div>
      )}
    </Card>
  );
}

const Side = ({ title, memory }: { title: string; memory: Memory }) => (
  <div className="grid content-start gap-1 rounded-lg bg-subtle px-3 py-2.5">
    <span>
      <Badge tone={title === "New" ? "warn" : "good"} className="bg-raised">
        {title}
      </Badge>
    </span>
    <p className="text-sm [overflow-wrap:anywhere]">{memory.content}</p>
    <p className="text-[13px] text-ink-2">{origin(memory)}</p>
  </div>
);
