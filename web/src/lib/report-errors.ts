/**
 * Tells the server what the page itself failed at, for whoever runs the installation: each failure once, at most ten a
 * page load, and nothing that telling may do can fail the page. Loaded after the page.
 */
import { csrfHeader } from "./api/client";

const most = 10;
const told = new Set<string>();

export interface Told {
  message: string;
  type: string;
  stack_trace: string;
  route: string;
}

/** What is sent of a failure; null where it is none of ours, or was told. */
export function reportOf(fault: unknown, path: string): Told | null {
  const error = fault instanceof Error ? fault : null;
  const message = (error?.message ?? (typeof fault === "string" ? fault : "")).slice(0, 4000);
  const type = (error?.name ?? "Error").slice(0, 200);
  const stack = (error?.stack ?? "").slice(0, 20_000);
  // A request that failed or was given up is told where it was made; extensions are not ours.
  if (!message || type === "ApiProblem" || type === "AbortError" || /ResizeObserver loop|^Script error/.test(message) || /-extension:\/\//.test(stack)) return null;
  const key = `${type}:${message}:${stack.split("\n")[1] ?? ""}`;
  if (told.has(key) || told.size >= most) return null;
  told.add(key);
  return { message, type, stack_trace: stack, route: path };
}

function report(fault: unknown): void {
  try {
    const body = reportOf(fault, location.pathname);
    if (!body || !csrfHeader()["x-csrf-token"]) return;
    const headers = { "content-type": "application/json", ...csrfHeader() };
    void fetch("/api/errors/page", { method: "POST", headers, body: JSON.stringify(body), keepalive: true, credentials: "same-origin" }).catch(() => undefined);
  } catch {
    // Telling of a failure must not be another one.
  }
}

window.addEventListener("error", (event) => report(event.error ?? event.message));
window.addEventListener("unhandledrejection", (event) => report(event.reason));
