import type { QueryClient } from "@tanstack/react-query";
import { ApiProblem, api, messageOf, setCsrfToken } from "@/lib/api/client";
import type { SignedOut } from "@/lib/api/types";
import { forgetKeptRooms } from "@/lib/kept-rooms";
import { toast } from "@/lib/toast";
import { sessionKey } from "@/lib/session";

/** Shows the sign-in and drops what was fetched for the person whose session has ended. Their drafts stay for them. */
export function forget(client: QueryClient): void {
  setCsrfToken("");
  // Set, not removed: the page watches this entry.
  client.setQueryData(sessionKey, null);
  void client.cancelQueries();
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
}

export async function signOut(): Promise<void> {
  let url: string | null = null;
  try {
    ({ url } = await api.post<SignedOut>("/sso/sign-out", undefined, { anonymous: true }));
  } catch (fault) {
    // A session that is gone already is signed out.
    if (!(fault instanceof ApiProblem && fault.status === 401)) {
      toast(messageOf(fault), { kind: "error" });
      return;
    }
  }
  // A fresh page, so that nothing of theirs is left in this one's memory.
  sessionStorage.clear();
  await forgetKeptRooms();
  // Who came by an identity provider is signed out there too.
  location.replace(url ?? "/");
}
