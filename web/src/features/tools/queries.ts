import { useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { ToolCommands, ToolInfo, ToolServer } from "@/lib/api/types";

export const toolsKey = ["tools"] as const;

export const useTools = () => useQuery({ queryKey: [...toolsKey, "all"], queryFn: () => api.get<{ items: ToolInfo[] }>("/tools").then((found) => found.items) });

export const useServers = () =>
  useQuery({ queryKey: [...toolsKey, "servers"], queryFn: () => api.get<{ items: ToolServer[] }>("/tools/servers").then((found) => found.items) });

export const useCommands = () => useQuery({ queryKey: [...toolsKey, "commands"], queryFn: () => api.get<ToolCommands>("/tools/servers/commands") });
