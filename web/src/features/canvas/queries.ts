/** Canvases on the server. What is on one is edited through its room, not here. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { Page } from "@/lib/api/types";
import type { CanvasSummary, Template } from "./types";

export const canvasesKey = ["canvases"] as const;
export const canvasKey = (id: string) => ["canvas", id] as const;
export const pathOf = (id: string): string => `/canvas/canvases/${id}`;

export const useCanvases = (search: string) =>
  useInfiniteQuery({
    queryKey: [...canvasesKey, search],
    queryFn: ({ pageParam, signal }) => api.get<Page<CanvasSummary>>("/canvas/canvases", { query: { search, cursor: pageParam, limit: 30 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });

export const useCanvas = (id: string) => useQuery({ queryKey: canvasKey(id), queryFn: ({ signal }) => api.get<CanvasSummary>(`/canvas/canvases/${id}`, { signal }) });

export const useTemplates = (enabled: boolean) =>
  useQuery({ queryKey: ["canvas-templates"], queryFn: async () => (await api.get<{ items: Template[] }>("/canvas/templates")).items, staleTime: 600_000, enabled });

/** Hands a file that the server made to the browser. */
export async function saveExport(id: string, name: string, format: string): Promise<void> {
  const answer = await api.raw("GET", `/canvas/canvases/${id}/export`, { query: { format }, headers: { accept: "*/*" } });
  const given = /filename="?([^";]+)"?/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = given ?? `${name.replace(/[^\w.-]+/g, "-").slice(0, 60) || "canvas"}.${format === "markdown" ? "md" : format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
