/** Short notices at the edge of the page, from anywhere in it. */

export interface Toast {
  id: number;
  kind: "info" | "success" | "error";
  text: string;
  action?: { label: string; run: () => void };
  /** Milliseconds until it goes by itself. */
  lasts: number;
}

type Listener = (toasts: readonly Toast[]) => void;

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<Listener>();

const publish = (next: readonly Toast[]): void => {
  toasts = next;
  for (const listener of listeners) listener(toasts);
};

export function toast(text: string, options: Partial<Omit<Toast, "id" | "text">> = {}): number {
  const id = ++last;
  const lasts = options.lasts ?? (options.action || options.kind === "error" ? 8000 : 4000);
  publish([...toasts.slice(-3), { kind: "info", ...options, id, text, lasts }]);
  return id;
}

export const dismiss = (id: number): void => publish(toasts.filter((item) => item.id !== id));

export const currentToasts = (): readonly Toast[] => toasts;

export function onToasts(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
