import { useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { GroupMemory } from "@/lib/api/types";

export const groupMemoriesKey = ["group-memories"] as const;

/** What groups have in common: those of the person's own, and for admins those of all. */
export const useGroupMemories = () =>
  useQuery({ queryKey: groupMemoriesKey, queryFn: async () => (await api.get<{ items: GroupMemory[] }>("/memory/groups")).items });
