import { useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { Budget, Limit } from "@/lib/api/types";
import { meterNames, periodNames } from "@/lib/bounds";
import { formatCount, formatMoney } from "@/lib/format";

/** What bounds each key, in words, by its id. */
export function useKeyBounds(): Map<string, string[]> {
  const budgets = useQuery({ queryKey: ["budgets"], queryFn: () => api.get<{ items: Budget[] }>("/budgets") });
  const limits = useQuery({ queryKey: ["limits"], queryFn: () => api.get<{ items: Limit[] }>("/limits") });
  const found = new Map<string, string[]>();
  const add = (key: string | null, words: string) => key && found.set(key, [...(found.get(key) ?? []), words]);
  for (const item of budgets.data?.items ?? []) if (item.is_active) add(item.api_key_id, `${formatMoney(item.spent)} of ${formatMoney(item.amount)} ${periodNames[item.period]}`);
  for (const item of limits.data?.items ?? []) if (item.is_active) add(item.api_key_id, `${formatCount(item.amount)} ${meterNames[item.meter]} ${periodNames[item.period]}`);
  return found;
}
