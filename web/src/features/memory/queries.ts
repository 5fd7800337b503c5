import { type InfiniteData, keepPreviousData, type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { FoundMemories, LearningSettings, Memory, MemoryGraph, Page, Pattern, Preference, PreferenceEvidence } from "@/lib/api/types";
import type { Change, MemoryState } from "./types";
import { about, useWhose } from "./whose";

/** All of it: what is learned, forgotten or imported may change any of these. */
export const memoryKey = ["memory"] as const;
const listKey = [...memoryKey, "list"] as const;
const foundKey = [...memoryKey, "found"] as const;
export const preferencesKey = [...memoryKey, "preferences"] as const;
export const patternsKey = [...memoryKey, "patterns"] as const;
export const settingsKey = [...memoryKey, "settings"] as const;

export interface Filter {
  state: MemoryState | "";
  type: string;
  learned: "" | "true" | "false";
}

const paged = <T>(key: readonly unknown[], path: string, query: Record<string, string | number | boolean | null> = {}, enabled = true) => ({
  queryKey: key,
  enabled,
  queryFn: ({ pageParam, signal }: { pageParam: string; signal: AbortSignal }) => api.get<Page<T>>(path, { query: { ...query, cursor: pageParam, limit: 30 }, signal }),
  initialPageParam: "",
  getNextPageParam: (page: Page<T>) => page.next,
  placeholderData: keepPreviousData,
});

export function useMemories(filter: Filter, enabled: boolean) {
  const group = useWhose();
  return useInfiniteQuery(paged<Memory>([...listKey, group, filter], "/memory/memories", { state: filter.state, type: filter.type, learned: filter.learned, ...about(group).query }, enabled));
}

export function useReviews() {
  const group = useWhose();
  return useInfiniteQuery(paged<Memory>([...listKey, group, "review"], "/memory/memories", { state: "needs_review", ...about(group).query }));
}

export function useFound(query: string, type: string) {
  const group = useWhose();
  return useQuery({
    queryKey: [...foundKey, group, query, type],
    enabled: query !== "",
    queryFn: ({ signal }) => api.post<FoundMemories>("/memory/search", { query, limit: 30, ...(type ? { types: [type] } : {}) }, { ...about(group), signal }),
    placeholderData: keepPreviousData,
  });
}

export function useMemory(id: string) {
  const group = useWhose();
  return useQuery({ queryKey: [...memoryKey, "one", group, id], queryFn: () => api.get<Memory>(`/memory/memories/${id}`, about(group)) });
}

export function useHistory(id: string) {
  const group = useWhose();
  return useQuery({ queryKey: [...memoryKey, "history", group, id], queryFn: async () => (await api.get<{ items: Change[] }>(`/memory/memories/${id}/history`, about(group))).items });
}

export function useGraph() {
  const group = useWhose();
  return useQuery({ queryKey: [...memoryKey, "graph", group], queryFn: () => api.get<MemoryGraph>("/memory/graph", { query: { limit: 60, ...about(group).query } }) });
}

export function useMemoryChanges() {
  const group = useWhose();
  return useInfiniteQuery(paged<Change>([...memoryKey, "changes", group], "/memory/timeline", about(group).query));
}
export const usePreferenceChanges = () => useInfiniteQuery(paged<Change>([...memoryKey, "preference-changes"], "/personalization/timeline"));

export const usePreferences = (search: string) => useInfiniteQuery(paged<Preference>([...preferencesKey, search], "/personalization/preferences", { search }));

export const useEvidence = (key: string) =>
  useQuery({ queryKey: [...memoryKey, "evidence", key], queryFn: async () => (await api.get<{ items: PreferenceEvidence[] }>(`/personalization/preferences/${encodeURIComponent(key)}/evidence`)).items });

export const usePatterns = () => useInfiniteQuery(paged<Pattern>(patternsKey, "/personalization/patterns"));

export const useLearning = () => useQuery({ queryKey: settingsKey, queryFn: () => api.get<LearningSettings>("/personalization/settings") });

type Lists<T> = InfiniteData<Page<T>> | undefined;

const mapped = <T>(data: Lists<T>, change: (items: T[]) => T[]): Lists<T> => data && { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) };

/** Changes lists under `key` at once; gives back what puts them as they were. */
export async function changeLists<T>(client: QueryClient, key: readonly unknown[], change: (items: T[]) => T[]): Promise<() => void> {
  await client.cancelQueries({ queryKey: key });
  const before = client.getQueriesData<InfiniteData<Page<T>>>({ queryKey: key });
  client.setQueriesData<InfiniteData<Page<T>>>({ queryKey: key }, (data) => mapped(data, change));
  return () => {
    for (const [name, data] of before) client.setQueryData(name, data);
  };
}

/** One memory, changed (or, by null, gone) in each list and search that shows it; gives back what undoes that. */
export async function changeMemory(client: QueryClient, id: string, change: Partial<Memory> | null): Promise<() => void> {
  const changed = (memory: Memory): Memory[] => (memory.id !== id ? [memory] : change ? [{ ...memory, ...change }] : []);
  const undoLists = await changeLists<Memory>(client, listKey, (items) => items.flatMap(changed));
  const before = client.getQueriesData<FoundMemories>({ queryKey: foundKey });
  client.setQueriesData<FoundMemories>({ queryKey: foundKey }, (found) => found && { ...found, results: found.results.flatMap((one) => changed(one.memory).map((memory) => ({ ...one, memory }))) });
  return () => {
    undoLists();
    for (const [name, data] of before) client.setQueryData(name, data);
  };
}
