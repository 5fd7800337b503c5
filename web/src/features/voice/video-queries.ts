/** Videos of a session, how far the work on them is, their scenes, and questions about their moments. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, csrfHeader, problemOf, unreachable } from "@/lib/api/client";
import type { Page, Transcription, Video, VideoAnswer, VideoFrame, VoiceSession } from "@/lib/api/types";

/** Below the key of all of voice, so that what refreshes that refreshes this. */
const videoKey = ["voice", "video"] as const;
const LOOK_MS = 1000;

const busy = (video: Video | undefined): boolean => video?.status === "queued" || video?.status === "working";

export const useVideos = (sessionId: string) =>
  useInfiniteQuery({
    queryKey: [...videoKey, "of", sessionId],
    queryFn: ({ pageParam, signal }) => api.get<Page<Video>>(`/voice/sessions/${sessionId}/videos`, { query: { cursor: pageParam, limit: 10 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.items.some(busy)) ? LOOK_MS : false),
  });

/** Of a video that is being worked on they come as they are made. */
export const useFrames = (video: Video) =>
  useQuery({
    queryKey: [...videoKey, video.id, "frames", video.frames],
    queryFn: ({ signal }) => api.get<Page<VideoFrame>>(`/voice/videos/${video.id}/frames`, { query: { limit: 200 }, signal }),
  });

export const useWords = (video: Video) =>
  useQuery({
    queryKey: [...videoKey, video.id, "words", video.status],
    queryFn: ({ signal }) => api.get<Transcription>(`/voice/transcriptions/${video.transcription_id}`, { signal }),
    enabled: video.transcription_id !== null,
  });

export const beginVideo = (): Promise<VoiceSession> => api.post<VoiceSession>("/voice/sessions", { session_type: "video" });
export const cancelVideo = (id: string): Promise<Video> => api.post<Video>(`/voice/videos/${id}/cancel`);
export const retryVideo = (id: string): Promise<Video> => api.post<Video>(`/voice/videos/${id}/retry`);
export const removeVideo = (id: string): Promise<void> => api.delete(`/voice/videos/${id}`);
export const askVideo = (id: string, question: string, atMs: number): Promise<VideoAnswer> => api.post<VideoAnswer>(`/voice/videos/${id}/ask`, { question, at_ms: atMs });

/** fetch tells no progress of what is sent; XMLHttpRequest does. */
export function sendVideo(sessionId: string, file: Blob, name: string, onSent: (share: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, name);
    request.open("POST", `/api/voice/sessions/${sessionId}/videos`);
    for (const [header, value] of Object.entries(csrfHeader())) request.setRequestHeader(header, value);
    request.setRequestHeader("accept", "application/json");
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.onload = () => {
      if (request.status < 300) return resolve();
      void problemOf(new Response(request.responseText, { status: request.status })).then(reject);
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
