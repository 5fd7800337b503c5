/** Deleting can be taken back for some seconds: the server is asked once they are over, or when the page is left. */
import { useSyncExternalStore } from "react";
import { csrfHeader } from "@/lib/api/client";
import { dismiss, toast } from "@/lib/toast";

export const SECONDS = 6;

/** What waits to be deleted, by its first path. */
const waiting = new Map<string, { paths: readonly string[]; timer: ReturnType<typeof setTimeout> }>();

/** Paths of what is shown as gone already. */
let leaving: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function publish(next: Iterable<string>): void {
  leaving = new Set(next);
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Paths of what a page does not show, though the server has it yet. */
export const useLeaving = (): ReadonlySet<string> => useSyncExternalStore(subscribe, () => leaving);

interface Options {
  /** Of the API, deleted by it: "/memory/memories/…". */
  paths: readonly [string, ...string[]];
  said: string;
  /** Ask the server. */
  run: () => Promise<unknown>;
  /** Put back what the page took away, where it took away more than `useLeaving` hides. */
  undo?: () => void;
}

export function forgetSoon({ paths, said, run, undo }: Options): void {
  const stay = () => publish([...leaving].filter((path) => !paths.includes(path)));
  const done = () => {
    waiting.delete(paths[0]);
    dismiss(notice);
  };
  const timer = setTimeout(() => {
    done();
    void run().finally(stay);
  }, SECONDS * 1000);
  waiting.set(paths[0], { paths, timer });
  publish([...leaving, ...paths]);
  const notice = toast(said, {
    lasts: SECONDS * 1000,
    action: {
      label: "Undo",
      run: () => {
        if (!waiting.has(paths[0])) return;
        clearTimeout(timer);
        done();
        stay();
        undo?.();
      },
    },
  });
}

addEventListener("pagehide", () => {
  for (const { paths, timer } of waiting.values()) {
    clearTimeout(timer);
    for (const path of paths) void fetch(`/api${path}`, { method: "DELETE", headers: csrfHeader(), keepalive: true, credentials: "same-origin" });
  }
  waiting.clear();
});
