import { Brain, Check, Eye, HardDrive, Search, Sparkles, Wrench } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { sentence } from "@/lib/api/client";
import type { Model } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatCompact, formatPrice } from "@/lib/format";
import { isChatModel, providerName, wantsKey } from "@/lib/models";
import { isAdmin, useSession } from "@/lib/session";
import { Loading } from "./model-choice-loading";

interface Group {
  name: string;
  provider: string;
  local: boolean;
  models: Model[];
}

function grouped(models: readonly Model[], search: string): Group[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Group>();
  for (const model of models) {
    const text = `${model.display_name} ${model.id} ${model.provider} ${model.capabilities.join(" ")}`.toLowerCase();
    if (!isChatModel(model) || !words.every((word) => text.includes(word))) continue;
    const name = model.id === "auto" ? "" : model.local ? "On this machine" : providerName(model.provider);
    const group = groups.get(name) ?? { name, provider: model.provider, local: model.local, models: [] };
    group.models.push(model);
    groups.set(name, group);
  }
  // What can be used stands first, this machine before all; then what lacks but a key.
  const place = (group: Group) => {
    if (group.name === "") return 0;
    if (group.local) return 1;
    if (group.models.some((model) => model.available)) return 2;
    return group.models.some(wantsKey) ? 3 : 4;
  };
  const sorted = [...groups.values()].sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
  for (const group of sorted) group.models.sort((a, b) => Number(b.available) - Number(a.available));
  return sorted;
}

interface Props {
  models: Model[] | undefined;
  value: string | null;
  onPick: (id: string) => void;
  onLeave: () => void;
}

/** The models by provider, found by a few letters. */
export default function ModelChoice({ models, value, onPick, onLeave }: Props) {
  const [search, setSearch] = useState("");
  const session = useSession();
  const root = useRef<HTMLDivElement>(null);
  const groups = useMemo(() => grouped(models ?? [], search), [models, search]);
  const first = groups.flatMap((group) => group.models).find((model) => model.available);

  const move = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [...(root.current?.querySelectorAll<HTMLElement>("input, button[data-model]:not(:disabled)") ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    stops[(at + (event.key === "ArrowDown" ? 1 : stops.length - 1)) % stops.length]?.focus();
    event.preventDefault();
  };

  return (
    <div ref={root} className="flex min-h-0 flex-col" onKeyDown={move}>
      <div className="flex items-center gap-2.5 border-b px-3.5">
        <Search aria-hidden className="size-4 shrink-0 text-ink-3" />
        <input
          type="search"
          autoFocus
          aria-label="Search models"
          placeholder="Search models"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && first && !event.nativeEvent.isComposing) onPick(first.id);
          }}
          className="h-11 min-w-0 flex-1 bg-transparent text-sm outline-none"
        />
      </div>
      <div className="scroll min-h-0 flex-1 p-1.5" tabIndex={-1}>
        {!models && <Loading />}
        {models && groups.length === 0 && <p className="px-3 py-8 text-center text-sm text-ink-2">No model matches “{search}”.</p>}
        {groups.map((group) => (
          <section key={group.name} aria-label={group.name || "Automatic"}>
            {group.name && (
              <div className="flex items-center justify-between gap-2 px-2.5 pt-3 pb-1 text-xs font-medium text-ink-3">
                {group.name}
                {group.models.some(wantsKey) && isAdmin(session) && (
                  <Link href="/settings/providers" onClick={onLeave} className="-my-1 rounded px-1 py-1 text-accent underline underline-offset-3">
                    Connect
                  </Link>
                )}
              </div>
            )}
            <ul>
              {group.models.map((model) => (
                <li key={model.id}>
                  <Row model={model} chosen={model.id === value} onPick={onPick} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  );
}

const marks = [
  { capability: "vision", icon: Eye, label: "sees pictures" },
  { capability: "tools", icon: Wrench, label: "uses tools" },
  { capability: "reasoning", icon: Brain, label: "reasons" },
] as const;

interface RowProps {
  model: Model;
  chosen: boolean;
  onPick: (id: string) => void;
}

function Row({ model, chosen, onPick }: RowProps) {
  const Icon = model.id === "auto" ? Sparkles : model.local ? HardDrive : null;
  return (
    <button
      type="button"
      data-model={model.id}
      title={model.note ?? undefined}
      disabled={!model.available}
      aria-current={chosen || undefined}
      onClick={() => onPick(model.id)}
      className="flex w-full items-center gap-3 rounded-lg px-2.5 py-2 text-left hover:bg-hover focus-visible:bg-hover focus-visible:outline-offset-[-2px] disabled:hover:bg-transparent"
    >
      <span className="min-w-0 flex-1">
        <span className={cn("flex items-center gap-1.5 text-sm font-medium", !model.available && "text-ink-3")}>
          {Icon && <Icon aria-hidden className="size-3.5 shrink-0 text-ink-3" />}
          <span className="truncate">{model.display_name}</span>
          {marks.map(
            ({ capability, icon: Mark, label }) =>
              model.capabilities.includes(capability) && (
                <span key={capability} title={label} className="text-ink-3">
                  <Mark aria-hidden className="size-3.5" />
                  <span className="sr-only">, {label}</span>
                </span>
              ),
          )}
        </span>
        <span className="mt-0.5 block text-xs text-ink-3">{describe(model)}</span>
      </span>
      {chosen && <Check aria-label="chosen" className="size-4 shrink-0 text-accent" />}
    </button>
  );
}

function describe(model: Model): string {
  if (!model.available) return sentence(model.reason ?? "not available");
  if (model.id === "auto") return model.note || "Chooses a model for each question";
  const parts: string[] = [];
  if (model.context_length) parts.push(`${formatCompact(model.context_length)} context`);
  if (model.local) parts.push("free, stays on this machine");
  else if (model.input_price !== null && model.output_price !== null)
    parts.push(`${formatPrice(model.input_price)} in, ${formatPrice(model.output_price)} out per million`);
  if (model.thermal_state === "WARM" || model.thermal_state === "HOT") parts.push("loaded");
  return parts.join(" · ") || model.id;
}
