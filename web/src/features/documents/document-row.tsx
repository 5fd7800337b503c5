import { useQueryClient } from "@tanstack/react-query";
import { FileText, RotateCw, X } from "lucide-react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Badge } from "@/components/ui/parts";
import type { KnownDocument } from "@/lib/api/types";
import { placeOf } from "@/lib/documents";
import { formatAgo, formatBytes } from "@/lib/format";
import { cancelDocument, retryDocument } from "./acts";
import { DocumentMenu } from "./document-menu";
import { Progress } from "./progress";
import { doing, failure, kindOf, plural, states, underWay } from "./words";

interface Props {
  document: KnownDocument;
  edits: boolean;
  chosen: boolean;
  onChoose: (on: boolean) => void;
  onNewer: (file: File, name: string) => void;
}

export function DocumentRow({ document, edits, chosen, onChoose, onNewer }: Props) {
  const { name, title, state } = document;
  const facts = [kindOf(document.media_type), formatBytes(document.bytes), document.pages > 0 && plural(document.pages, "page"), document.version > 1 && `version ${document.version}`, formatAgo(document.updated_at)];
  return (
    <div className="flex items-start gap-3 py-3 pr-2 pl-4">
      {edits ? <input type="checkbox" aria-label={`Choose ${name}`} className="mt-1 size-4 shrink-0 accent-accent" checked={chosen} onChange={(event) => onChoose(event.target.checked)} /> : <FileText aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-3" />}
      <div className="grid min-w-0 flex-1 gap-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <Link href={placeOf(document)} className="min-w-0 text-sm font-medium underline-offset-3 hover:underline [overflow-wrap:anywhere]">
            {name}
          </Link>
          {state !== "ready" && <Badge tone={states[state].tone}>{states[state].name}</Badge>}
        </p>
        {title && title !== name && <p className="truncate text-[13px] text-ink-2">{title}</p>}
        <p className="text-[13px] text-ink-3">{facts.filter(Boolean).join(" · ")}</p>
        <Standing document={document} edits={edits} />
      </div>
      {edits && <DocumentMenu document={document} onNewer={onNewer} />}
    </div>
  );
}

/** How far it is, or why it failed and what to do; nothing of what is ready. */
export function Standing({ document, edits }: { document: KnownDocument; edits: boolean }) {
  const client = useQueryClient();
  const { name, state, problem } = document;
  if (underWay(state))
    return (
      <div className="flex items-center gap-2">
        <div className="grid min-w-0 flex-1 gap-1">
          <p className="text-[13px] text-ink-2 tabular-nums">{doing(document)}</p>
          <Progress label={`Reading of ${name}`} value={state === "embedding" && document.passages ? document.embedded / document.passages : document.progress} />
        </div>
        {edits && state !== "embedding" && (
          <Button variant="ghost" size="icon" aria-label={`Stop reading ${name}`} title="Stop reading" onClick={() => void cancelDocument(client, document)}>
            <X className="size-4" />
          </Button>
        )}
      </div>
    );
  if (state !== "failed" || !problem) return null;
  const older = document.passages > 0;
  return (
    <div className="grid gap-1.5 text-[13px]">
      <p title={problem.detail} className="text-danger [overflow-wrap:anywhere]">
        {failure(problem)}
        {older && " The version before it is still found."}
      </p>
      {edits && (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" aria-label={`Try ${name} again`} onClick={() => void retryDocument(client, document)}>
            <RotateCw className="size-3.5" />
            Try again
          </Button>
          {older && (
            <Button size="sm" aria-label={`Keep the version of ${name} before`} onClick={() => void cancelDocument(client, document)}>
              Keep the version before
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
