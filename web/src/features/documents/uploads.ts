/** Files on their way into a base: some at a time, each with its progress, stopped one by one. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { csrfHeader, messageOf, problemOf, unreachable } from "@/lib/api/client";
import type { KnownDocument } from "@/lib/api/types";
import { putDocument, refreshBases } from "./queries";

const AT_ONCE = 3;

export interface Upload {
  key: number;
  name: string;
  file: File;
  state: "queued" | "sending" | "failed";
  /** Of its bytes, 0 to 1. */
  sent: number;
  fault: string;
}

/** What became of a file that arrived: kept as it was, when the server had the very same bytes. */
type Arrived = { document: KnownDocument; known: boolean };

/** fetch tells no progress of what is sent; XMLHttpRequest does. */
function send(path: string, file: File, name: string, onSent: (share: number) => void, signal: AbortSignal): Promise<Arrived> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, name);
    request.open("POST", `/api${path}`);
    for (const [header, value] of Object.entries(csrfHeader())) request.setRequestHeader(header, value);
    request.setRequestHeader("accept", "application/json");
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.onload = () => {
      if (request.status < 300) return resolve({ document: JSON.parse(request.responseText) as KnownDocument, known: request.status === 200 });
      void problemOf(new Response(request.responseText, { status: request.status })).then(reject);
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

interface Shown {
  items: readonly Upload[];
  /** What came of the last one, for who does not see the list. */
  said: string;
}

export class Uploads {
  private shown: Shown = { items: [], said: "" };
  private readonly stops = new Map<number, AbortController>();
  private readonly listeners = new Set<() => void>();
  private last = 0;

  constructor(
    private readonly client: QueryClient,
    private readonly baseId: string,
  ) {}

  get busy(): boolean {
    return this.shown.items.some((item) => item.state !== "failed");
  }

  snapshot = (): Shown => this.shown;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** `name`: under which the server keeps it; else the file's own. */
  add(files: Iterable<File>, name?: string): void {
    this.publish([...this.shown.items, ...[...files].map((file): Upload => ({ key: ++this.last, name: name ?? file.name, file, state: "queued", sent: 0, fault: "" }))]);
    this.next();
  }

  retry(key: number): void {
    this.change(key, { state: "queued", sent: 0, fault: "" });
    this.next();
  }

  remove(key: number): void {
    this.stops.get(key)?.abort();
    this.stops.delete(key);
    this.publish(this.without(key));
    this.next();
  }

  private publish(items: readonly Upload[], said = this.shown.said): void {
    this.shown = { items, said };
    for (const listener of this.listeners) listener();
  }

  private without(key: number): Upload[] {
    return this.shown.items.filter((item) => item.key !== key);
  }

  private change(key: number, change: Partial<Upload>): void {
    this.publish(this.shown.items.map((item) => (item.key === key ? { ...item, ...change } : item)));
  }

  private next(): void {
    for (const item of this.shown.items) {
      if (this.stops.size >= AT_ONCE) return;
      if (item.state === "queued") void this.start(item);
    }
  }

  private async start({ key, file, name }: Upload): Promise<void> {
    const stop = new AbortController();
    this.stops.set(key, stop);
    this.change(key, { state: "sending" });
    try {
      const { document, known } = await send(`/documents/bases/${this.baseId}/documents`, file, name, (sent) => this.change(key, { sent }), stop.signal);
      putDocument(this.client, document);
      this.publish(this.without(key), known ? `${name} is here already, unchanged.` : `${name} is uploaded.`);
      void refreshBases(this.client);
    } catch (fault) {
      if (!stop.signal.aborted) {
        this.change(key, { state: "failed", fault: messageOf(fault) });
        this.publish(this.shown.items, `${name} could not be uploaded.`);
      }
    } finally {
      this.stops.delete(key);
      this.next();
    }
  }
}

const all = new Map<string, Uploads>();

/** The uploads of one base. They go on while a person looks at something else. */
export function useUploads(baseId: string): Shown & { uploads: Uploads } {
  const client = useQueryClient();
  let uploads = all.get(baseId);
  if (!uploads) all.set(baseId, (uploads = new Uploads(client, baseId)));
  return { uploads, ...useSyncExternalStore(uploads.subscribe, uploads.snapshot) };
}

addEventListener("beforeunload", (event) => {
  // The browser asks whether to leave: what has not arrived would be lost.
  if ([...all.values()].some((uploads) => uploads.busy)) event.preventDefault();
});
