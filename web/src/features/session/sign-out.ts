import type { QueryClient } from "@tanstack/react-query";
import { ApiProblem, api, messageOf, setCsrfToken } from "@/lib/api/client";
import { toast } from "@/lib/toast";
import { sessionKey } from "@/lib/session";

/** Forgets everything that the page holds of the person who was signed in. */
export function forget(client: QueryClient): void {
  setCsrfToken("");
  sessionStorage.clear();
  client.clear();
  client.setQueryData(sessionKey, null);
}

export async function signOut(client: QueryClient): Promise<void> {
  try {
    await api.delete("/session", undefined, { anonymous: true });
  } catch (fault) {
    // A session that is gone already is signed out.
    if (!(fault instanceof ApiProblem && fault.status === 401)) {
      toast(messageOf(fault), { kind: "error" });
      return;
    }
  }
  history.replaceState(null, "", "/");
  forget(client);
}
