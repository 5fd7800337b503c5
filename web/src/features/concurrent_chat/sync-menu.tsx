import { ChevronDown, GitFork, Megaphone, RefreshCcw } from "lucide-react";
import { useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Textarea } from "@/components/ui/field";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { cn } from "@/lib/cn";
import type { PaneSession, SyncMode } from "./types";

export const modes = [
  { mode: "broadcast", name: "Broadcast", icon: Megaphone, tells: "One question goes to all panes, or to those you choose. Each pane keeps its own history." },
  { mode: "synchronized", name: "Synchronized", icon: RefreshCcw, tells: "All panes share one conversation: after each turn you choose an answer, and every pane goes on from it." },
  { mode: "independent", name: "Independent", icon: GitFork, tells: "Each pane is a chat of its own, with a composer of its own." },
] as const satisfies readonly { mode: SyncMode; name: string; icon: unknown; tells: string }[];

/** What a change of it says. */
export interface SyncBody {
  mode: SyncMode;
  shared_context: string;
}

interface Props {
  sync: PaneSession["sync"];
  disabled: boolean;
  onSave: (change: SyncBody) => Promise<boolean>;
}

/** How the panes hang together, and what all of them are told. */
export function SyncMenu({ sync, disabled, onSave }: Props) {
  const [open, setOpen] = useState(false);
  const now = modes.find((each) => each.mode === sync.mode) ?? modes[0];
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button variant="ghost" size="sm" className="px-2.5" aria-label={`Sync mode: ${now.name}`}>
          <now.icon className="size-4" />
          <span className="hidden lg:inline">{now.name}</span>
          {sync.shared_context && <span className="size-1.5 rounded-full bg-accent" title="With a shared context" />}
          <ChevronDown aria-hidden className="size-3.5 text-ink-3" />
        </Button>
      </PopoverTrigger>
      <PopoverContent align="end" aria-label="How the panes hang together" className="grid w-[min(94vw,25rem)] gap-3 p-3">
        <Choices sync={sync} disabled={disabled} onSave={onSave} />
      </PopoverContent>
    </Popover>
  );
}

function Choices({ sync, disabled, onSave }: Props) {
  const [context, setContext] = useState(sync.shared_context ?? "");
  const [busy, setBusy] = useState(false);
  const name = useId();
  const save = async (mode: SyncMode) => {
    setBusy(true);
    await onSave({ mode, shared_context: context.trim() });
    setBusy(false);
  };
  return (
    <>
      <fieldset className="grid gap-1" disabled={disabled || busy}>
        <legend className="sr-only">Sync mode</legend>
        {modes.map(({ mode, name: title, icon: Icon, tells }) => (
          <label key={mode} className={cn("flex gap-3 rounded-lg p-2.5 hover:bg-hover has-focus-visible:outline-2 has-focus-visible:outline-accent", mode === sync.mode && "bg-accent-soft")}>
            <input type="radio" name={name} className="mt-1 accent-accent" checked={mode === sync.mode} onChange={() => void save(mode)} />
            <span className="min-w-0">
              <span className="flex items-center gap-1.5 text-sm font-medium">
                <Icon aria-hidden className="size-3.5 text-ink-3" />
                {title}
              </span>
              <span className="mt-0.5 block text-[13px] text-ink-2">{tells}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <form
        className="grid gap-2 border-t pt-3"
        onSubmit={(event) => {
          event.preventDefault();
          void save(sync.mode);
        }}
      >
        <Field label="Shared context" hint="Every pane reads this before its own instructions.">
          {(ids) => <Textarea {...ids} rows={3} maxLength={100_000} value={context} onChange={(event) => setContext(event.target.value)} placeholder="What all of them should know" />}
        </Field>
        <Button type="submit" size="sm" className="justify-self-end" disabled={disabled || context.trim() === (sync.shared_context ?? "")} busy={busy}>
          Save the context
        </Button>
      </form>
    </>
  );
}
