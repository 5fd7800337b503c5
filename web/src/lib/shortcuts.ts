/** Keyboard shortcuts: whoever is mounted says what works now, and the `?` sheet lists exactly that. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** Like "mod+k", "mod+shift+o", "alt+1", "f6", "escape", "?"; mod is Cmd on a Mac and Ctrl elsewhere. */
  keys: string;
  /** As the sheet tells it; without one it does not. */
  label: string;
}

interface Entry extends Shortcut {
  run: (event: KeyboardEvent) => void;
}

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

let entries: readonly Entry[] = [];
const listeners = new Set<() => void>();

function publish(next: readonly Entry[]): void {
  entries = next;
  for (const listener of listeners) listener();
}

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

function matches(keys: string, event: KeyboardEvent): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1);
  const mod = isMac ? event.metaKey : event.ctrlKey;
  if (parts.includes("mod") !== mod) return false;
  if (key !== "?" && parts.includes("shift") !== event.shiftKey) return false;
  if (parts.includes("alt") !== event.altKey) return false;
  // With Alt a Mac types another character; the key's place tells.
  return event.key.toLowerCase() === key || (event.altKey && event.code === `Digit${key}`);
}

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  // An editor may stand in a shadow root: from outside, its host is the target.
  const target = event.composedPath()[0] ?? event.target;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i]!;
    if (!matches(entry.keys, event)) continue;
    // Single keys belong to the field that has the focus; Escape is no text.
    // So does undo, which a field has of its own.
    if ((!/mod|alt|^escape$|f\d+$/.test(entry.keys) || /^mod\+(shift\+)?z$/.test(entry.keys)) && inField(target)) continue;
    // An open dialog or menu has Escape for itself.
    if (entry.keys === "escape" && document.querySelector("[role=dialog],[role=menu],[role=alertdialog]")) continue;
    event.preventDefault();
    entry.run(event);
    return;
  }
});

/** Registers a shortcut while the component is mounted and `enabled`. */
export function useShortcut(keys: string, label: string, run: (event: KeyboardEvent) => void, enabled = true): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!enabled) return;
    const entry: Entry = { keys, label, run: (event) => latest.current(event) };
    publish([...entries, entry]);
    return () => publish(entries.filter((other) => other !== entry));
  }, [keys, label, enabled]);
}

export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => entries,
  );
}

/** "mod+shift+o" -> ["Ctrl", "Shift", "O"]. */
export function keyNames(keys: string): string[] {
  return keys.split("+").map((key) => {
    if (key === "mod") return isMac ? "⌘" : "Ctrl";
    if (key === "alt") return isMac ? "⌥" : "Alt";
    if (key === "shift") return isMac ? "⇧" : "Shift";
    if (key === "escape") return "Esc";
    if (key === "enter") return "Enter";
    return key.toUpperCase();
  });
}
