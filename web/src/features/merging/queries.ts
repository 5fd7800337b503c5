import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { MadeMerge, Merge, MergeSummary, NewMerge, Page } from "@/lib/api/types";

export const mergesKey = ["merges"] as const;
export const mergeKey = (id: string) => ["merge", id] as const;

export const useMerges = (strategy: string, search: string) =>
  useInfiniteQuery({
    queryKey: [...mergesKey, strategy, search],
    queryFn: ({ pageParam }) => api.get<Page<MergeSummary>>("/merging", { query: { strategy: strategy || null, search: search || null, cursor: pageParam || null, limit: 30 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });

export const useMerge = (id: string) => useQuery({ queryKey: mergeKey(id), queryFn: () => api.get<Merge>(`/merging/${id}`) });

export const makeMerge = (body: Partial<NewMerge> & { prompt: string }): Promise<MadeMerge> =>
  api.post<MadeMerge>("/merging", body, { headers: { "idempotency-key": crypto.randomUUID() } });
