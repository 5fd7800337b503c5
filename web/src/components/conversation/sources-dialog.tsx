import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { Dialog } from "@/components/ui/dialog";
import { LoadFault } from "@/components/ui/page";
import { Skeleton } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import type { CitedPassage } from "@/lib/api/types";
import { documentsKey, excerpt, pagesOf, placeOf } from "@/lib/documents";

interface Props {
  messageId: string;
  /** The source that was asked for; 0 for all. */
  at: number;
  onClose: () => void;
}

/** What an answer was given of documents, each with its quote and the way to its place. */
export default function SourcesDialog({ messageId, at, onClose }: Props) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Sources of this answer" description="These passages went along with the question. The model was told to cite them by number." className="w-[min(94vw,42rem)]">
      <List messageId={messageId} at={at} />
    </Dialog>
  );
}

function List({ messageId, at }: Omit<Props, "onClose">) {
  const { data, error, refetch } = useQuery({ queryKey: [...documentsKey, "cited", messageId], queryFn: async () => (await api.get<{ items: CitedPassage[] }>("/documents/cited", { query: { message_id: messageId } })).items });
  const meant = useRef<HTMLLIElement>(null);
  const there = data !== undefined;
  useEffect(() => {
    if (there) meant.current?.scrollIntoView({ block: "nearest" });
  }, [there]);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-32" />;
  const gone = at > 0 && !data.some((source) => source.n === at);
  return (
    <>
      {(gone || data.length === 0) && <p className="text-sm text-ink-2">{data.length === 0 ? "What it cited was deleted since." : `Source ${at} was deleted since.`}</p>}
      <ol aria-label="Sources" className="grid gap-2">
        {data.map((source) => (
          <li key={source.n} ref={source.n === at ? meant : undefined} aria-current={source.n === at || undefined} className={cn("grid gap-1 rounded-xl border px-4 py-3", source.n === at && "border-accent")}>
            <Source source={source} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Source({ source: { n, document, base_name, passage, quote } }: { source: CitedPassage }) {
  const [before, said, after] = excerpt(passage, quote, 160);
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <span className="text-ink-3">[{n}]</span>
        <Link href={placeOf(document, quote)} className="min-w-0 font-medium text-accent underline underline-offset-3 [overflow-wrap:anywhere]">
          {document.title || document.name}
        </Link>
      </p>
      <p className="text-[13px] text-ink-3 [overflow-wrap:anywhere]">{[base_name, pagesOf(passage), passage.headings.join(" › ")].filter(Boolean).join(" · ")}</p>
      <blockquote className="border-l-2 border-line pl-3 text-sm whitespace-pre-line text-ink-2 [overflow-wrap:anywhere]">
        {before}
        <mark className="bg-transparent font-medium text-ink">{said}</mark>
        {after}
      </blockquote>
    </>
  );
}
