/** What the page of errors asks the server. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, messageOf } from "@/lib/api/client";
import type { ErrorAssignee, ErrorGroup, ErrorGroupDetail, ErrorLog, ErrorProject, ErrorSettings, ErrorTriage, Page, SimilarErrors, TouchedGroups } from "@/lib/api/types";
import { toast } from "@/lib/toast";

export type Scope = "workspace" | "platform";

export interface Filter {
  show: "unresolved" | "ignored" | "resolved" | "all";
  search: string;
  project: string;
  newest: boolean;
}

const statuses: Record<Filter["show"], string[]> = { unresolved: ["open", "regressed"], ignored: ["ignored"], resolved: ["resolved"], all: [] };

export const errorsKey = (scope: Scope) => ["errors", scope] as const;

export const useGroups = (scope: Scope, filter: Filter) =>
  useInfiniteQuery({
    queryKey: [...errorsKey(scope), "groups", filter],
    queryFn: ({ pageParam }) => {
      const query = new URLSearchParams({ scope, limit: "50" });
      for (const status of statuses[filter.show]) query.append("status", status);
      if (filter.search) query.set("search", filter.search);
      if (filter.project) query.set("project_id", filter.project);
      if (filter.newest) query.set("newest_first", "true");
      if (pageParam) query.set("cursor", pageParam);
      return api.get<Page<ErrorGroup>>(`/errors/groups?${query}`);
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 5_000),
    placeholderData: (before) => before,
  });

export const useGroup = (scope: Scope, id: string) =>
  useQuery({ queryKey: [...errorsKey(scope), "group", id], queryFn: () => api.get<ErrorGroupDetail>(`/errors/groups/${id}`, { query: { scope } }) });

export const useErrorsOf = (scope: Scope, id: string) =>
  useInfiniteQuery({
    queryKey: [...errorsKey(scope), "group", id, "errors"],
    queryFn: ({ pageParam }) => api.get<Page<ErrorLog>>(`/errors/groups/${id}/errors`, { query: { scope, cursor: pageParam, limit: 20 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

export const useSimilar = (scope: Scope, id: string) =>
  useQuery({
    queryKey: [...errorsKey(scope), "group", id, "similar"],
    queryFn: async () => (await api.get<{ items: SimilarErrors[] }>(`/errors/groups/${id}/similar`, { query: { scope } })).items,
  });

/** What else failed in the same trace. */
export const useTrace = (scope: Scope, trace: string) =>
  useQuery({
    queryKey: [...errorsKey(scope), "trace", trace],
    queryFn: async () => (await api.get<Page<ErrorLog>>("/errors", { query: { scope, trace_id: trace, limit: 50 } })).items,
    enabled: trace !== "",
  });

export const useProjects = (scope: Scope) =>
  useQuery({ queryKey: [...errorsKey(scope), "projects"], queryFn: async () => (await api.get<{ items: ErrorProject[] }>("/errors/projects", { query: { scope } })).items });

export const useAssignees = (scope: Scope) =>
  useQuery({ queryKey: [...errorsKey(scope), "assignees"], queryFn: async () => (await api.get<{ items: ErrorAssignee[] }>("/errors/assignees", { query: { scope } })).items });

export const useErrorSettings = (scope: Scope) =>
  useQuery({ queryKey: [...errorsKey(scope), "settings"], queryFn: () => api.get<ErrorSettings>("/errors/settings", { query: { scope } }) });

/** Does something to errors and looks at them anew; what fails is said. */
export function useChange<T, R = unknown>(scope: Scope, run: (given: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onError: (fault) => toast(messageOf(fault), { kind: "error" }),
    onSettled: () => queries.invalidateQueries({ queryKey: errorsKey(scope) }),
  });
}

export const triage = (scope: Scope, asked: ErrorTriage) => api.post<TouchedGroups>("/errors/groups/triage", asked, { query: { scope } });
