/** What was typed and not sent, a chat each, until the tab is closed. */

const key = (chatId: string | null): string => `radiant.draft.${chatId ?? "new"}`;

export function readDraft(chatId: string | null): string {
  try {
    return sessionStorage.getItem(key(chatId)) ?? "";
  } catch {
    return "";
  }
}

export function writeDraft(chatId: string | null, text: string): void {
  try {
    if (text) sessionStorage.setItem(key(chatId), text);
    else sessionStorage.removeItem(key(chatId));
  } catch {
    // Storage may be full or blocked: the draft then lives as long as the page does.
  }
}
