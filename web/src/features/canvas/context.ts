import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type * as Y from "yjs";
import type { Room } from "@/lib/rooms";
import { type Artifact, readArtifacts, watch } from "./model";

export interface Selection {
  from: number;
  to: number;
  text: string;
}

/** What every part of a canvas needs of it. */
export interface CanvasRoom {
  canvasId: string;
  room: Room;
  doc: Y.Doc;
  undo: Y.UndoManager;
  writes: boolean;
  me: string;
  /** The artifact whose body is being edited. */
  editing: string | null;
  edit: (id: string | null) => void;
  /** Opens "ask a model" for an artifact, or a part of it. */
  ask: (id: string, selection: Selection | null) => void;
  comment: (id: string, selection: Selection | null) => void;
  versions: (id: string) => void;
  /** Opens the numbers of where it is and how large. */
  placing: (id: string) => void;
}

export const CanvasContext = createContext<CanvasRoom | null>(null);

export function useCanvasRoom(): CanvasRoom {
  const room = useContext(CanvasContext);
  if (!room) throw new Error("useCanvasRoom is for parts of a canvas");
  return room;
}

/** The artifacts as they are now, without their bodies: typing draws nothing anew. */
export function useArtifacts(doc: Y.Doc): readonly Artifact[] {
  const [artifacts, setArtifacts] = useState(() => readArtifacts(doc));
  useEffect(() => {
    setArtifacts(readArtifacts(doc));
    return watch(doc, () => setArtifacts(readArtifacts(doc)));
  }, [doc]);
  return artifacts;
}

/** What a text says now. */
export const useWords = (text: Y.Text): string =>
  useSyncExternalStore(
    (listener) => {
      text.observe(listener);
      return () => text.unobserve(listener);
    },
    () => text.toString(),
  );

/** The same, a moment later where it changes quickly: for what is expensive to draw. */
export function useSettled(value: string, wait: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return settled;
}
