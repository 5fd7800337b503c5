/** The shapes of `/api/documents`, and the bases as every feature reads them. */
import { useQuery } from "@tanstack/react-query";
import { allPages } from "@/lib/api/client";

export interface DocumentBase {
  id: string;
  name: string;
  description: string;
  owner: "person" | "tenant";
  embedding_model: string;
  documents: number;
  passages: number;
  embedded: number;
  bytes: number;
  may_edit: boolean;
  created_by: string | null;
  created_at: string;
  updated_at: string;
}

export interface KnownDocument {
  id: string;
  base_id: string;
  name: string;
  media_type: string;
  bytes: number;
  sha256: string;
  version: number;
  state: "waiting" | "reading" | "embedding" | "ready" | "failed";
  progress: number;
  pages: number;
  passages: number;
  embedded: number;
  title: string | null;
  language: string | null;
  metadata: Record<string, unknown>;
  problem: { type: string; title: string; detail: string } | null;
  created_by: string | null;
  created_at: string;
  updated_at: string;
}

/** Characters [start, end) of the document's text. */
export interface Span {
  start: number;
  end: number;
}

export interface Passage extends Span {
  id: string;
  number: number;
  first_page: number | null;
  last_page: number | null;
  headings: string[];
  text: string;
}

export interface FoundPassage {
  passage: Passage;
  document: Pick<KnownDocument, "id" | "base_id" | "name" | "title" | "version" | "media_type">;
  base_name: string;
  score: number;
  similarity: number | null;
  tokens: number;
  why: { kind: "words" | "meaning" | "nearby" | "heading"; detail: string }[];
  quote: Span;
}

export interface FoundPassages {
  results: FoundPassage[];
  searched: number;
  tokens: number;
}

export interface TextPiece extends Span {
  text: string;
  total: number;
}

export interface CitedPassage extends Pick<FoundPassage, "document" | "base_name" | "passage" | "quote"> {
  n: number;
}

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
