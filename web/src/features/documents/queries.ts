/** Bases, documents and what is found in them, as the page holds them. */
import { type InfiniteData, keepPreviousData, type QueryClient, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiProblem, api } from "@/lib/api/client";
import type { DocumentBase, FoundPassages, KnownDocument, Page, Passage, TextPiece } from "@/lib/api/types";
import { basesKey, documentsKey } from "@/lib/documents";
import { follow } from "@/lib/follow";
import { useLatest } from "@/lib/use-latest";
import type { Order } from "./words";

const listsKey = (base: string) => [...documentsKey, "in", base] as const;
const documentKey = (id: string) => [...documentsKey, "one", id] as const;
/** What is read out of a document: of another version it is another. */
const readKey = (document: KnownDocument, what: "text" | "passages") => [...documentsKey, "read", document.id, document.version, what] as const;

export interface Filter {
  search: string;
  state: KnownDocument["state"] | "";
  order: Order;
}

const patient = (count: number, error: unknown): boolean => count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500);

export const useBase = (id: string) =>
  useQuery({
    queryKey: [...basesKey, id],
    queryFn: () => api.get<DocumentBase>(`/documents/bases/${id}`),
    retry: patient,
    // Its documents tell how they fare; a change of the embedding model touches none of them.
    refetchInterval: ({ state: { data } }) => (data && data.embedded < data.passages ? 2000 : false),
  });

export const useDocuments = (base: string, filter: Filter) =>
  useInfiniteQuery({
    queryKey: [...listsKey(base), filter],
    queryFn: ({ pageParam, signal }) => api.get<Page<KnownDocument>>(`/documents/bases/${base}/documents`, { query: { ...filter, cursor: pageParam, limit: 50 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const useDocument = (id: string) => useQuery({ queryKey: documentKey(id), queryFn: () => api.get<KnownDocument>(`/documents/documents/${id}`), retry: patient });

export const usePassages = (document: KnownDocument) =>
  useInfiniteQuery({
    queryKey: readKey(document, "passages"),
    queryFn: ({ pageParam }) => api.get<Page<Passage>>(`/documents/documents/${document.id}/passages`, { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

/** Characters that are read at a time. */
const PIECE = 20_000;

/** The text from around `at`; on both sides there may be more. */
export const useText = (document: KnownDocument, at: number) =>
  useInfiniteQuery({
    queryKey: [...readKey(document, "text"), at],
    queryFn: ({ pageParam: [start, end] }) => api.get<TextPiece>(`/documents/documents/${document.id}/text`, { query: { start, end } }),
    initialPageParam: [Math.max(0, at - PIECE / 4), Math.max(0, at - PIECE / 4) + PIECE] as [number, number],
    getNextPageParam: ({ end, total }): [number, number] | null => (end < total ? [end, end + PIECE] : null),
    getPreviousPageParam: ({ start }): [number, number] | null => (start > 0 ? [Math.max(0, start - PIECE), start] : null),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const useFound = (query: string, base: string) =>
  useQuery({
    queryKey: [...documentsKey, "found", query, base],
    enabled: query !== "",
    queryFn: ({ signal }) => api.post<FoundPassages>("/documents/search", { query, limit: 20, ...(base ? { base_ids: [base] } : {}) }, { signal }),
    placeholderData: keepPreviousData,
  });

export const refreshBases = (client: QueryClient): Promise<void> => client.invalidateQueries({ queryKey: basesKey });

/** Takes over a document that the server told of; one that no list has yet is looked up where it stands. */
export function putDocument(client: QueryClient, document: KnownDocument): void {
  const before = client.getQueryData<KnownDocument>(documentKey(document.id));
  client.setQueryData(documentKey(document.id), document);
  const key = listsKey(document.base_id);
  let shown = false;
  client.setQueriesData<InfiniteData<Page<KnownDocument>>>({ queryKey: key }, (data) => {
    if (!data?.pages.some((page) => page.items.some((item) => item.id === document.id))) return data;
    shown = true;
    return { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map((item) => (item.id === document.id ? document : item)) })) };
  });
  if (!shown || (before && before.state !== document.state)) void client.invalidateQueries({ queryKey: key });
}

/** Takes over a base that the server told of; where documents left it, its lists are read anew. */
function putBase(client: QueryClient, base: DocumentBase): void {
  const before = client.getQueryData<DocumentBase>([...basesKey, base.id]);
  client.setQueryData([...basesKey, base.id], base);
  if (before && before.documents > base.documents) void client.invalidateQueries({ queryKey: listsKey(base.id) });
}

/** Hears what becomes of a base's documents while the page shows them. */
export function useBaseEvents(base: string, onDocument: (document: KnownDocument) => void): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(true);
  const told = useLatest(onDocument);
  useEffect(() => {
    const stop = new AbortController();
    void follow({
      path: `/documents/bases/${base}/events`,
      signal: stop.signal,
      after: () => null,
      onEvent: (event) => {
        if (event.event === "base") putBase(client, JSON.parse(event.data) as DocumentBase);
        if (event.event === "deleted") {
          void client.invalidateQueries({ queryKey: basesKey });
          return true;
        }
        if (event.event !== "document") return false;
        const document = JSON.parse(event.data) as KnownDocument;
        putDocument(client, document);
        told(document);
        return false;
      },
      onConnection: (now) => {
        // What happened before was not told.
        if (now) void client.invalidateQueries({ queryKey: listsKey(base) });
        setConnected(now);
      },
    });
    return () => stop.abort();
  }, [client, base, told]);
  return connected;
}
