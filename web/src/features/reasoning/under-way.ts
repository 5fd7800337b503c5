/** What is under way in a session, by its events. */

/** Something that has begun and not ended: a model that is asked, a tool that runs. */
export interface UnderWay {
  key: string;
  kind: "call" | "tool";
  /** The model or the tool. */
  name: string;
  node: string | null;
}

export const nothing: readonly UnderWay[] = [];

const text = (value: unknown): string | null => (typeof value === "string" && value ? value : null);

/** By what its end is told from that of others: its id, where it has one. */
function keyOf(kind: UnderWay["kind"], data: Record<string, unknown>): string {
  const used = data.used as Record<string, unknown> | undefined;
  const id = text(data.key) ?? text(data.call_id) ?? text(used?.call_id);
  return `${kind}/${id ?? `${text(data.node_id) ?? ""}/${text(data.model) ?? text(data.tool) ?? ""}`}`;
}

/** What is under way after one more event. */
export function applied(before: readonly UnderWay[], event: string, data: Record<string, unknown>): readonly UnderWay[] {
  switch (event) {
    case "call_begun":
    case "tool_begun": {
      const kind = event === "call_begun" ? "call" : "tool";
      const key = keyOf(kind, data);
      const name = text(kind === "call" ? data.model : data.tool) ?? (kind === "call" ? "a model" : "a tool");
      return [...before.filter((one) => one.key !== key), { key, kind, name, node: text(data.node_id) }];
    }
    case "call_ended":
    case "tool_ended": {
      const key = keyOf(event === "call_ended" ? "call" : "tool", data);
      return before.filter((one) => one.key !== key);
    }
    case "node_ended":
      return before.filter((one) => one.node === null || one.node !== text(data.node_id));
    case "paused":
    case "ended":
    case "started":
      return nothing;
    default:
      return before;
  }
}

/** At most one run each `ms`; what is asked for meanwhile is done once, at the end of it. */
export function throttled(run: () => void, ms: number): { ask: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let again = false;
  const ask = () => {
    if (timer) {
      again = true;
      return;
    }
    again = false;
    run();
    timer = setTimeout(() => {
      timer = null;
      if (again) ask();
    }, ms);
  };
  return { ask, stop: () => timer && clearTimeout(timer) };
}
