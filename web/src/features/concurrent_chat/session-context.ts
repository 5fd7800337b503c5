/** What the answers of a session can be used for, wherever in the page they stand. */
import { createContext, useContext } from "react";
import type { Message } from "@/lib/api/types";
import type { PaneSession } from "./types";

export interface AnswerUses {
  session: PaneSession;
  /** Messages that were called the best since the page was opened. */
  best: ReadonlySet<string>;
  onBest: (message: Message) => void;
  onCompare: (message: Message) => void;
  onCommon: (message: Message) => void;
}

export const AnswerUsesContext = createContext<AnswerUses | null>(null);

export function useAnswerUses(): AnswerUses {
  const uses = useContext(AnswerUsesContext);
  if (!uses) throw new Error("an answer outside of its session");
  return uses;
}
