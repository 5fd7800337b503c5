/** Forgetting can be taken back for some seconds: the server is asked once they are over, or when the page is left. */
import { csrfHeader } from "@/lib/api/client";
import { dismiss, toast } from "@/lib/toast";

export const SECONDS = 6;

interface Waiting {
  path: string;
  timer: ReturnType<typeof setTimeout>;
}

const waiting = new Map<string, Waiting>();

interface Options {
  /** Of the API, deleted by it: "/memory/memories/…". */
  path: string;
  said: string;
  /** Ask the server. */
  run: () => Promise<unknown>;
  /** Put back what the page took away. */
  undo: () => void;
}

export function forgetSoon({ path, said, run, undo }: Options): void {
  const done = () => {
    waiting.delete(path);
    dismiss(notice);
  };
  const timer = setTimeout(() => {
    done();
    void run();
  }, SECONDS * 1000);
  waiting.set(path, { path, timer });
  const notice = toast(said, {
    lasts: SECONDS * 1000,
    action: {
      label: "Undo",
      run: () => {
        if (!waiting.has(path)) return;
        clearTimeout(timer);
        done();
        undo();
      },
    },
  });
}

addEventListener("pagehide", () => {
  for (const { path, timer } of waiting.values()) {
    clearTimeout(timer);
    void fetch(`/api${path}`, { method: "DELETE", headers: csrfHeader(), keepalive: true, credentials: "same-origin" });
  }
  waiting.clear();
});
