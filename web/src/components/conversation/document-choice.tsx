/** Which knowledge bases go along with the questions of a chat or of panes. */
import { Files, X } from "lucide-react";
import { useId, useState } from "react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { LoadFault } from "@/components/ui/page";
import { Skeleton } from "@/components/ui/parts";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import type { DocumentBase } from "@/lib/api/types";
import { useBases } from "@/lib/documents";

interface Props {
  /** Ids of bases. */
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** The control at the composer. */
export function DocumentChoice({ chosen, onChange, disabled }: Props & { disabled: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="Use documents" title="Answer from documents" disabled={disabled} className="relative size-9 rounded-xl">
          <Files className="size-4.5" />
          {chosen.length > 0 && <span className="absolute top-1.5 right-1.5 size-1.5 rounded-full bg-accent" title="Chosen" />}
        </Button>
      </PopoverTrigger>
      <PopoverContent align="start" side="top" aria-label="Use documents" className="scroll grid max-h-80 w-[min(92vw,22rem)] gap-2 p-3">
        {open && <Choices chosen={chosen} onChange={onChange} />}
      </PopoverContent>
    </Popover>
  );
}

function Choices({ chosen, onChange }: Props) {
  const { data: bases, error, refetch } = useBases();
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!bases) return <Skeleton className="h-16" />;
  return (
    <>
      <p className="px-1 text-[13px] text-ink-2">{bases.length ? "What fits a question is looked up here, goes along with it, and is cited." : "There is no knowledge base yet. Make one, and answers here can cite it."}</p>
      <ul aria-label="Knowledge bases" className="grid">
        {bases.map((base) => (
          <li key={base.id}>
            <One base={base} on={chosen.includes(base.id)} onChange={(on) => onChange(on ? [...chosen, base.id] : chosen.filter((id) => id !== base.id))} />
          </li>
        ))}
      </ul>
      <Link href="/documents" className="px-1 text-[13px] text-accent underline underline-offset-3">
        {bases.length ? "All documents" : "To the documents"}
      </Link>
    </>
  );
}

function One({ base, on, onChange }: { base: DocumentBase; on: boolean; onChange: (on: boolean) => void }) {
  const id = useId();
  return (
    <label htmlFor={id} className="flex items-start gap-2.5 rounded-lg px-1 py-1.5 text-sm hover:bg-hover">
      <input id={id} type="checkbox" className="mt-0.5 size-4 shrink-0 accent-accent" checked={on} onChange={(event) => onChange(event.target.checked)} />
      <span className="min-w-0">
        <span className="block [overflow-wrap:anywhere]">{base.name}</span>
        <span className="block text-[13px] text-ink-3">{`${base.documents.toLocaleString("en-US")} ${base.documents === 1 ? "document" : "documents"}${base.owner === "tenant" ? ", of the workspace" : ""}`}</span>
      </span>
    </label>
  );
}

/** Chips of what is chosen; nothing where nothing is. */
export function ChosenDocuments({ chosen, onChange }: Props) {
  const { data: bases } = useBases(chosen.length > 0);
  if (!chosen.length) return null;
  return (
    <ul aria-label="Documents that are used" className="flex flex-wrap gap-1.5 px-3 pt-2.5">
      {chosen.map((id) => {
        const name = bases ? (bases.find((base) => base.id === id)?.name ?? "Deleted documents") : "…";
        return (
          <li key={id} className="flex h-7 max-w-56 items-center gap-1 rounded-full border border-accent/50 bg-accent-soft pr-1 pl-2.5 text-xs font-medium text-accent">
            <Link href={`/documents/${id}`} className="truncate underline-offset-3 hover:underline">
              {name}
            </Link>
            <button type="button" aria-label={`Do without ${name}`} title="Do without" onClick={() => onChange(chosen.filter((other) => other !== id))} className="grid size-6 shrink-0 place-items-center rounded-full hover:bg-hover">
              <X className="size-3.5" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
