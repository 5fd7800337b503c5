import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { allPages, api } from "@/lib/api/client";
import type { Group, Member, RoutingSettings, Rule } from "@/lib/api/types";
import { isAdmin, useSession } from "@/lib/session";

export const rulesKey = ["routing", "rules"] as const;
export const settingsKey = ["routing", "settings"] as const;

export const useRules = () => useQuery({ queryKey: rulesKey, queryFn: async () => (await api.get<{ items: Rule[] }>("/routing/rules")).items });

export const useRoutingSettings = () => useQuery({ queryKey: settingsKey, queryFn: () => api.get<RoutingSettings>("/routing/settings") });

export interface Somebody {
  id: string;
  name: string;
}

const nameOf = (member: Member): string => (member.name ? (member.kind === "service" ? member.name : `${member.name} (${member.email})`) : member.email);

/** Who can be named in a rule; admins alone may see everybody. */
export function usePeople() {
  const admin = isAdmin(useSession());
  const people = useQuery({
    queryKey: ["routing", "people"],
    enabled: admin,
    staleTime: 60_000,
    queryFn: async (): Promise<Somebody[]> => [...(await allPages<Member>("/users")), ...(await allPages<Member>("/service-accounts"))].map((one) => ({ id: one.id, name: nameOf(one) })),
  });
  const groups = useQuery({ queryKey: ["routing", "groups"], enabled: admin, staleTime: 60_000, queryFn: () => allPages<Group>("/groups") });
  const names = useMemo(() => new Map([...(people.data ?? []), ...(groups.data ?? [])].map((one) => [one.id, one.name])), [people.data, groups.data]);
  return { people: people.data ?? [], groups: groups.data ?? [], names };
}
