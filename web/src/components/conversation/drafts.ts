/** What was typed and not sent, a composer each, until the tab is closed. */

const key = (of: string): string => `radiant.draft.${of}`;

export function readDraft(of: string): string {
  try {
    return sessionStorage.getItem(key(of)) ?? "";
  } catch {
    return "";
  }
}

export function writeDraft(of: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(key(of), text);
    else sessionStorage.removeItem(key(of));
  } catch {
    // Storage may be full or blocked: the draft then lives as long as the page does.
  }
}
