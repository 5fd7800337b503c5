import { useQuery } from "@tanstack/react-query";
import { Brain } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { LoadFault } from "@/components/ui/page";
import { Skeleton } from "@/components/ui/parts";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { api } from "@/lib/api/client";
import type { Applied, Message } from "@/lib/api/types";

/** Below an answer: what was brought up for it, each with the way to correct it. Nothing where there was nothing. */
export function UsedMemories({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  const count = message.recalled;
  if (!count) return null;
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <button type="button" className="flex min-h-7 items-center gap-1.5 rounded px-1.5 text-[13px] hover:text-ink">
          <Brain aria-hidden className="size-3.5" />
          Used {count} {count === 1 ? "memory" : "memories"}
        </button>
      </PopoverTrigger>
      <PopoverContent aria-label="What was used" className="scroll max-h-80 w-[min(92vw,24rem)] px-4 py-3 text-sm">
        {open && <Used id={message.id} />}
      </PopoverContent>
    </Popover>
  );
}

const words = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : typeof value === "boolean" ? (value ? "yes" : "no") : String(value));

function Used({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({ queryKey: ["memory", "applied", id], queryFn: () => api.get<Applied>("/personalization/applied", { query: { message_id: id } }) });
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-10" />;
  const items = [
    ...(data.preferences ?? []).map((one) => ({ id: one.id, text: `${one.preference_key.replaceAll("_", " ")}: ${words(one.preference_value)}`, href: `/memory?view=preferences&key=${encodeURIComponent(one.preference_key)}` })),
    ...(data.memories ?? []).map((one) => ({ id: one.id, text: one.content, href: `/memory?memory=${one.id}` })),
  ];
  return (
    <div className="grid gap-2">
      <p className="text-[13px] text-ink-2">This went along with the question:</p>
      {items.length === 0 && <p>It has been forgotten since.</p>}
      <ul className="grid gap-2">
        {items.map((item) => (
          <li key={item.id} className="flex items-start justify-between gap-3">
            <span className="min-w-0 [overflow-wrap:anywhere]">{item.text}</span>
            <Link href={item.href} aria-label={`Correct “${item.text.slice(0, 60)}”`} className="shrink-0 text-[13px] text-accent underline underline-offset-3">
              Correct
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
