/** A chat is a tree: an edit or a retry makes a sibling, nothing is lost. One branch is shown. */
import type { Message } from "@/lib/api/types";

export interface Tree {
  byId: Map<string, Message>;
  /** Children in order of making; the key null holds the roots. */
  children: Map<string | null, Message[]>;
}

export function buildTree(messages: readonly Message[]): Tree {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = new Map<string | null, Message[]>();
  for (const message of messages) {
    // A parent that is not here (never sent, or removed) makes the message a root, not lost.
    const parent = message.parent_id !== null && byId.has(message.parent_id) ? message.parent_id : null;
    const list = children.get(parent);
    if (list) list.push(message);
    else children.set(parent, [message]);
  }
  return { byId, children };
}

/** Messages from the root to `leaf`. Without a known leaf: the newest branch. */
export function pathTo(tree: Tree, leaf: string | null): Message[] {
  let message = leaf === null ? undefined : tree.byId.get(leaf);
  if (!message) {
    const newest = (tree.children.get(null) ?? []).at(-1);
    if (!newest) return [];
    message = tree.byId.get(newestLeaf(tree, newest.id));
  }
  const path: Message[] = [];
  const seen = new Set<string>();
  while (message && !seen.has(message.id)) {
    seen.add(message.id);
    path.push(message);
    message = message.parent_id === null ? undefined : tree.byId.get(message.parent_id);
  }
  return path.reverse();
}

/** The newest leaf below `id`: what to show when a person turns to that branch. */
export function newestLeaf(tree: Tree, id: string): string {
  let current = id;
  const seen = new Set([id]);
  for (;;) {
    const next = (tree.children.get(current) ?? []).at(-1);
    if (!next || seen.has(next.id)) return current;
    seen.add(next.id);
    current = next.id;
  }
}

export interface Siblings {
  index: number;
  ids: string[];
}

/** The alternatives beside a message, itself among them, oldest first. */
export function siblingsOf(tree: Tree, message: Message): Siblings {
  const parent = message.parent_id !== null && tree.byId.has(message.parent_id) ? message.parent_id : null;
  const ids = (tree.children.get(parent) ?? []).map((sibling) => sibling.id);
  return { index: ids.indexOf(message.id), ids };
}

/** `messages` with each of `changed` in place of the one of its id, or added at the end. */
export function mergeMessages(messages: readonly Message[], changed: readonly Message[]): Message[] {
  const fresh = new Map(changed.map((message) => [message.id, message]));
  const merged = messages.map((message) => {
    const better = fresh.get(message.id);
    fresh.delete(message.id);
    return better ?? message;
  });
  return [...merged, ...fresh.values()];
}
