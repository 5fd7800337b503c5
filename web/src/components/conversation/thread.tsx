/** The shown branch of a chat, turn by turn. */
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import type { ChatDetail, Message, NewPart } from "@/lib/api/types";
import { AssistantMessage } from "./assistant-message";
import { Near } from "./near";
import { plainText, type RunState } from "./run-state";
import { buildTree, pathTo, type Siblings, siblingsOf, type Tree } from "./tree";
import { UserMessage } from "./user-message";

/** A question that the server does not have yet. */
export interface Pending {
  /** The message that it follows, null for none; absent: it stands at the end. */
  parentId?: string | null;
  message: Message;
}

export interface Thread {
  tree: Tree;
  /** What the server has of the shown branch. */
  stored: Message[];
  /** What is shown: the same, or with the pending question at its end. */
  path: Message[];
  siblings: Map<string, Siblings | null>;
  /** The answer that is being written. */
  running: Message | null;
}

const none: Message[] = [];

export function useThread(chat: ChatDetail | undefined, pending: Pending | null): Thread {
  const messages = chat?.messages ?? none;
  const leaf = chat?.leaf_message_id ?? null;
  const tree = useMemo(() => buildTree(messages), [messages]);
  const stored = useMemo(() => pathTo(tree, leaf), [tree, leaf]);
  const path = useMemo(() => {
    if (!pending) return stored;
    const at = pending.parentId === undefined ? stored.length - 1 : stored.findIndex((message) => message.id === pending.parentId);
    return [...stored.slice(0, at + 1), pending.message];
  }, [stored, pending]);
  const siblings = useMemo(() => new Map(path.map((message) => [message.id, message.id === "pending" ? null : siblingsOf(tree, message)])), [tree, path]);
  const running = path.find((message) => message.status === "streaming" && message.run_id) ?? null;
  return { tree, stored, path, siblings, running };
}

export interface TurnActions {
  onEdit: (message: Message, parts: NewPart[]) => Promise<boolean>;
  onRetry: (message: Message, model?: string) => void;
  onContinue: (message: Message) => void;
  onBranch: (id: string) => void;
  onSettled: (message: Message, run: RunState) => void;
  /** What else can be done with an answer, beside what can be done with any. Of a constant identity. */
  more?: ((message: Message) => ReactNode) | undefined;
}

interface Props extends TurnActions {
  thread: Thread;
  pending: Pending | null;
  busy: boolean;
  /** So many of the newest turns are in the page at first; absent: all. */
  window?: number;
}

export function Turns({ thread, pending, busy, window: most, ...actions }: Props) {
  const [shown, setShown] = useState(most ?? Number.POSITIVE_INFINITY);
  const { path, siblings } = thread;
  const first = Math.max(0, path.length - shown);

  useEffect(() => {
    // A link to one message: after the conversation has gone to its end, as it does when it opens.
    const named = location.hash && document.getElementById(location.hash.slice(1));
    if (!named) return;
    const frame = requestAnimationFrame(() => {
      named.scrollIntoView({ block: "center" });
      named.animate({ opacity: [0.3, 1] }, 900);
    });
    return () => cancelAnimationFrame(frame);
  }, []);

  return (
    <>
      {first > 0 && (
        <Button size="sm" variant="ghost" className="self-center" onClick={() => setShown(shown + (most ?? 0))}>
          Show earlier messages ({first})
        </Button>
      )}
      {path.slice(first).map((message, index) => (
        <Near key={message.id} id={message.id} start={first + index >= path.length - 16}>
          {(near) =>
            message.role === "user" ? (
              <UserMessage message={message} siblings={siblings.get(message.id) ?? null} busy={busy} onEdit={actions.onEdit} onBranch={actions.onBranch} />
            ) : near ? (
              <AssistantMessage message={message} siblings={siblings.get(message.id) ?? null} busy={busy} last={first + index === path.length - 1} {...actions} />
            ) : (
              <div className="prose whitespace-pre-wrap">{plainText(message)}</div>
            )
          }
        </Near>
      ))}
      {pending && (
        <p className="flex items-center py-1">
          <span aria-hidden className="caret" />
          <span className="sr-only">Sending</span>
        </p>
      )}
    </>
  );
}
