/** Conversations by voice begin in chats and on the page of voice. */
import { api } from "./api/client";
import type { VoiceSession } from "./api/types";

/** A conversation about that chat, or about a new one. */
export const beginTalk = (chatId: string | null = null): Promise<VoiceSession> =>
  api.post<VoiceSession>("/voice/sessions", { session_type: "realtime", ...(chatId ? { chat_id: chatId } : {}) });

/** Where it is led; the second word goes along as the history's state: a press of a button wanted the conversation begun. */
export const talkAt = (session: VoiceSession): [string, { state: { talk: true } }] => [`/voice/${session.id}/talk`, { state: { talk: true } }];

/** Once: a page that is loaded again begins nothing by itself. */
export function wantedTalk(): boolean {
  const wanted = (history.state as { talk?: boolean } | null)?.talk === true;
  if (wanted) history.replaceState(null, "");
  return wanted && navigator.userActivation?.hasBeenActive !== false;
}
