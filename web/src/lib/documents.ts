/** Knowledge bases and passages as every feature shows them. */
import { useQuery } from "@tanstack/react-query";
import { allPages } from "@/lib/api/client";
import type { DocumentBase, KnownDocument, Passage, Span } from "@/lib/api/types";

/** All of it: an upload or a deletion may change any of these. */
export const documentsKey = ["documents"] as const;
export const basesKey = [...documentsKey, "bases"] as const;

/** Every base that the person reads: theirs, and the workspace's. */
export const useBases = (enabled = true) => useQuery({ queryKey: basesKey, enabled, queryFn: () => allPages<DocumentBase>("/documents/bases"), staleTime: 30_000 });

/** "page 3", "pages 3 to 5"; nothing of what has no pages. */
export const pagesOf = ({ first_page: first, last_page: last }: Pick<Passage, "first_page" | "last_page">): string =>
  first === null ? "" : last === null || last === first ? `page ${first}` : `pages ${first} to ${last}`;

/** A passage around its quote: the words before, the quote, the words after. Spans count characters, JavaScript halves of
 * those beyond the first plane. `around`: so many characters stay on either side. */
export function excerpt(passage: Pick<Passage, "start" | "text">, quote: Span | null, around = 240): [string, string, string] {
  const letters = [...passage.text];
  const from = Math.min(Math.max(0, (quote?.start ?? passage.start) - passage.start), letters.length);
  const to = Math.min(Math.max(from, (quote?.end ?? passage.start) - passage.start), letters.length);
  const first = Math.max(0, from - around);
  const last = Math.min(letters.length, to + around);
  const cut = (start: number, end: number) => letters.slice(start, end).join("");
  return [(first > 0 ? "…" : "") + cut(first, from), cut(from, to), cut(to, last) + (last < letters.length ? "…" : "")];
}

/** Where a person reads a document, at a place of it. */
export const placeOf = (document: Pick<KnownDocument, "id" | "base_id">, span?: Span): string => `/documents/${document.base_id}/${document.id}${span ? `?at=${span.start}-${span.end}` : ""}`;
