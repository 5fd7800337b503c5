import { useQueryClient } from "@tanstack/react-query";
import { Ellipsis, GitMerge, History, Pencil, Pin, PinOff, RotateCcw, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { Card } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import type { Memory, WhyFound } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatDate } from "@/lib/format";
import { forgetMemory, pinMemory, restoreMemory } from "./acts";
import { named, origin, reason, states } from "./words";
import { useWhose } from "./whose";

interface Props {
  memory: Memory;
  /** Why it was found; empty in a list. */
  why: WhyFound[];
  writes: boolean;
  onEdit: () => void;
  onMerge: () => void;
  onDetails: () => void;
}

export function MemoryCard({ memory, why, writes, onEdit, onMerge, onDetails }: Props) {
  const client = useQueryClient();
  const group = useWhose();
  const state = states[memory.state];
  const short = memory.content.length > 60 ? `${memory.content.slice(0, 60)}…` : memory.content;
  return (
    <Card className="flex items-start gap-2 py-3 pr-2 pl-4">
      <div className="grid min-w-0 flex-1 gap-1.5">
        <p className={cn("text-sm whitespace-pre-wrap [overflow-wrap:anywhere]", memory.state === "superseded" || memory.state === "expired" ? "text-ink-2" : "text-ink")}>{memory.content}</p>
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-[13px] text-ink-3">
          {memory.state !== "current" && <Badge tone={state.tone}>{state.name}</Badge>}
          {memory.pinned && (
            <Badge tone="accent">
              <Pin aria-hidden className="size-3" />
              Pinned
            </Badge>
          )}
          <Badge>{named(memory.memory_type)}</Badge>
          <span>{origin(memory)}</span>
          {memory.valid_to && memory.state === "superseded" && <span>until {formatDate(memory.valid_to)}</span>}
          {!memory.embedded && memory.state === "current" && <span>· being indexed</span>}
        </p>
        {why.length > 0 && <p className="text-[13px] text-ink-2">Found by {new Intl.ListFormat("en").format(why.map(reason))}.</p>}
      </div>
      {writes && (
        <Button variant="ghost" size="icon" aria-label={`${memory.pinned ? "Unpin" : "Pin"} “${short}”`} title={memory.pinned ? "Unpin" : "Pin"} aria-pressed={memory.pinned} onClick={() => void pinMemory(client, group, memory)}>
          {memory.pinned ? <PinOff className="size-4" /> : <Pin className="size-4" />}
        </Button>
      )}
      <Menu>
        <MenuTrigger asChild>
          <Button variant="ghost" size="icon" aria-label={`Actions for “${short}”`}>
            <Ellipsis className="size-4" />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem onSelect={() => setTimeout(onDetails)}>
            <History />
            Source and history
          </MenuItem>
          {writes && (
            <>
              <MenuItem onSelect={() => setTimeout(onEdit)}>
                <Pencil />
                Correct
              </MenuItem>
              {memory.state === "current" && (
                <MenuItem onSelect={() => setTimeout(onMerge)}>
                  <GitMerge />
                  Merge with another
                </MenuItem>
              )}
              {memory.state === "superseded" && (
                <MenuItem onSelect={() => void restoreMemory(client, group, memory)}>
                  <RotateCcw />
                  It still holds
                </MenuItem>
              )}
              <MenuSeparator />
              <MenuItem danger onSelect={() => void forgetMemory(client, group, memory)}>
                <Trash2 />
                Forget
              </MenuItem>
            </>
          )}
        </MenuContent>
      </Menu>
    </Card>
  );
}
