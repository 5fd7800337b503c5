import { SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { Input } from "@/components/ui/field";
import { Card, LoadFault, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import type { FoundPassage } from "@/lib/api/types";
import { excerpt, pagesOf, placeOf } from "@/lib/documents";
import { useFound } from "./queries";
import { reason } from "./words";

/** A search box over the passages of a base, or ("") of all. What it was asked stays in the address. */
export function SearchDocuments({ base }: { base: string }) {
  const [params, setParams] = useSearchParams();
  const asked = params.get("q") ?? "";
  const [search, setSearch] = useState(asked);
  const { data, error, refetch, isPlaceholderData } = useFound(asked, base);

  useEffect(() => {
    const timer = setTimeout(() => search.trim() !== asked && setParams(search.trim() ? { q: search.trim() } : {}, { replace: true }), 250);
    return () => clearTimeout(timer);
  }, [search, asked, setParams]);

  return (
    <section className="grid gap-3" aria-label="Search">
      <Input aria-label="Search in the documents" type="search" placeholder={base ? "Search in these documents, by words or by meaning" : "Search in all documents, by words or by meaning"} value={search} maxLength={2000} onChange={(event) => setSearch(event.target.value)} />
      {asked !== "" &&
        (error ? (
          <LoadFault error={error} retry={() => void refetch()} />
        ) : !data ? (
          <TableSkeleton rows={2} />
        ) : data.results.length === 0 ? (
          <Empty icon={SearchX} title="Nothing fits" className="py-8">
            No passage says anything of this. RADIANT shows nothing rather than something that does not fit.
          </Empty>
        ) : (
          <ol aria-label="Passages that fit" aria-busy={isPlaceholderData || undefined} className="grid gap-2">
            {data.results.map((found) => (
              <li key={found.passage.id}>
                <FoundCard found={found} inBase={base !== ""} />
              </li>
            ))}
          </ol>
        ))}
      <p role="status" className="sr-only">
        {asked !== "" && data && !isPlaceholderData ? (data.results.length === 1 ? "One passage fits." : `${data.results.length} passages fit.`) : ""}
      </p>
    </section>
  );
}

function FoundCard({ found: { passage, document, base_name, quote, why }, inBase }: { found: FoundPassage; inBase: boolean }) {
  const [before, said, after] = excerpt(passage, quote);
  const where = [inBase ? "" : base_name, pagesOf(passage), passage.headings.join(" › ")].filter(Boolean);
  return (
    <Card className="grid gap-1.5 px-5 py-3.5">
      <p className="flex flex-wrap items-baseline gap-x-2 gap-y-0.5">
        <Link href={placeOf(document, quote)} className="min-w-0 text-sm font-medium text-accent underline underline-offset-3 [overflow-wrap:anywhere]">
          {document.title || document.name}
        </Link>
        {where.length > 0 && <span className="min-w-0 text-[13px] text-ink-2 [overflow-wrap:anywhere]">{where.join(" · ")}</span>}
      </p>
      <p className="line-clamp-6 text-sm text-ink-2 whitespace-pre-line [overflow-wrap:anywhere]">
        {before}
        <mark className="rounded-sm bg-warn-soft text-ink">{said}</mark>
        {after}
      </p>
      {why.length > 0 && <p className="text-[13px] text-ink-3">Found by {new Intl.ListFormat("en").format(why.map(reason))}.</p>}
    </Card>
  );
}
