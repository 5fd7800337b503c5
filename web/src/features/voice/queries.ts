/** Sessions of voice, what was heard and said in them, and who can hear and speak. */
import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/client";
import type { NewSynthesis, Page, SpokenText, Transcription, Voice, VoiceModels, VoiceSession } from "@/lib/api/types";

const voiceKey = ["voice"] as const;
const sessionKey = (id: string) => [...voiceKey, "session", id] as const;

export const useSessions = () =>
  useInfiniteQuery({
    queryKey: [...voiceKey, "sessions"],
    queryFn: ({ pageParam, signal }) => api.get<Page<VoiceSession>>("/voice/sessions", { query: { cursor: pageParam, limit: 50 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

export const useVoiceSession = (id: string) => useQuery({ queryKey: sessionKey(id), queryFn: () => api.get<VoiceSession>(`/voice/sessions/${id}`) });

const useList = <T,>(id: string, what: "transcriptions" | "synthesis") =>
  useInfiniteQuery({
    queryKey: [...sessionKey(id), what],
    queryFn: ({ pageParam, signal }) => api.get<Page<T>>(`/voice/sessions/${id}/${what}`, { query: { cursor: pageParam, limit: 20 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

export const useHeard = (id: string) => useList<Transcription>(id, "transcriptions");
export const useSaid = (id: string) => useList<SpokenText>(id, "synthesis");

export const useVoiceModels = () => useQuery({ queryKey: [...voiceKey, "models"], queryFn: () => api.get<VoiceModels>("/voice/models") });
export const useVoices = () => useQuery({ queryKey: [...voiceKey, "voices"], queryFn: () => api.get<{ items: Voice[] }>("/voice/voices"), staleTime: 30_000 });

export const begin = (): Promise<VoiceSession> => api.post<VoiceSession>("/voice/sessions", { session_type: "realtime" });
export const end = (id: string): Promise<VoiceSession> => api.post<VoiceSession>(`/voice/sessions/${id}/end`);
export const remove = (id: string): Promise<void> => api.delete(`/voice/sessions/${id}`);
export const refresh = (client: QueryClient): Promise<void> => client.invalidateQueries({ queryKey: voiceKey });

export function hear(id: string, recording: Blob, name: string, model: string, language: string): Promise<Transcription> {
  const form = new FormData();
  form.set("file", recording, name);
  form.set("model", model);
  if (language) form.set("language", language);
  return api.post<Transcription>(`/voice/sessions/${id}/transcriptions`, form);
}

export const say = (id: string, text: NewSynthesis): Promise<SpokenText> => api.post<SpokenText>(`/voice/sessions/${id}/synthesis`, text);

/** The bytes of a sound of ours. */
export async function soundOf(assetId: string | null): Promise<Blob> {
  return (await api.raw("GET", `/files/${assetId}`, {})).blob();
}
