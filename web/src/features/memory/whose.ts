/** Whose memory the page shows: what a group has in common (`?group=` of the address), or the person's own. */
import { useSearchParams } from "wouter";
import { useGroupMemories } from "@/lib/group-memories";
import { mayWrite, useSession } from "@/lib/session";

export const useWhose = (): string | null => useSearchParams()[0].get("group");

/** Options of a request about that memory. */
export const about = (group: string | null): { query: Record<string, string> } => ({ query: group ? { group } : {} });

/** Whether the person may change what the page shows. */
export function useMayChange(): boolean {
  const writes = mayWrite(useSession());
  const group = useWhose();
  const { data } = useGroupMemories();
  return writes && (!group || data?.some((one) => one.group_id === group && one.right !== "read" && one.right !== null) === true);
}
