/** Rooms, what was done in them and what their documents were, as the page holds them. */
import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ApiProblem, api } from "@/lib/api/client";
import type { Page, RoomComparison, RoomContents, RoomInfo, RoomMention, RoomStretch, RoomVersion } from "@/lib/api/types";

const roomsKey = ["rooms"] as const;
const roomKey = (id: string) => [...roomsKey, "one", id] as const;
const historyKey = (id: string) => [...roomsKey, "history", id] as const;

const patient = (count: number, error: unknown): boolean => count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500);

export const useRooms = (search: string, active: boolean) =>
  useInfiniteQuery({
    queryKey: [...roomsKey, "list", search, active],
    queryFn: ({ pageParam }) => api.get<Page<RoomInfo>>("/collaboration/rooms", { query: { search: search || null, is_active: active, cursor: pageParam || null, limit: 30 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    // Who is there comes and goes without a word.
    refetchInterval: 30_000,
  });

export const useRoomInfo = (id: string) => useQuery({ queryKey: roomKey(id), queryFn: () => api.get<RoomInfo>(`/collaboration/rooms/${id}`), retry: patient });

export const useMentions = () => useQuery({ queryKey: [...roomsKey, "mentions"], queryFn: () => api.get<Page<RoomMention>>("/collaboration/mentions", { query: { limit: 10 } }) });

export const useTimeline = (id: string) =>
  useInfiniteQuery({
    queryKey: [...historyKey(id), "timeline"],
    queryFn: ({ pageParam }) => api.get<Page<RoomStretch>>(`/collaboration/rooms/${id}/timeline`, { query: { cursor: pageParam || null, limit: 40 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

export const useVersions = (id: string) =>
  useInfiniteQuery({
    queryKey: [...historyKey(id), "versions"],
    queryFn: ({ pageParam }) => api.get<Page<RoomVersion>>(`/collaboration/rooms/${id}/versions`, { query: { cursor: pageParam || null, limit: 40 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

/** A moment of a document: a version, or a number of its log. */
export type Point = { version: string } | { seq: number };

export const useThen = (id: string, point: Point) =>
  useQuery({
    queryKey: [...historyKey(id), "then", point],
    queryFn: () => api.get<RoomContents>(`/collaboration/rooms/${id}/contents`, { query: "version" in point ? { version_id: point.version } : { seq: point.seq } }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: patient,
  });

export const useChanges = (id: string, point: Point) =>
  useQuery({
    queryKey: [...historyKey(id), "changes", point],
    queryFn: () => api.get<RoomComparison>(`/collaboration/rooms/${id}/compare`, { query: "version" in point ? { from_version: point.version } : { from_seq: point.seq } }),
    retry: patient,
  });

export const makeRoom = (room_name: string, access: RoomInfo["access"]): Promise<RoomInfo> => api.post<RoomInfo>("/collaboration/rooms", { room_name, access });

export async function changeRoom(client: QueryClient, id: string, change: Partial<Pick<RoomInfo, "room_name" | "is_active">>): Promise<void> {
  client.setQueryData(roomKey(id), await api.patch<RoomInfo>(`/collaboration/rooms/${id}`, change));
  await client.invalidateQueries({ queryKey: [...roomsKey, "list"] });
}

export async function deleteRoom(client: QueryClient, id: string): Promise<void> {
  await api.delete(`/collaboration/rooms/${id}`);
  client.removeQueries({ queryKey: roomKey(id) });
  await client.invalidateQueries({ queryKey: roomsKey });
}

export async function restore(client: QueryClient, id: string, point: Point): Promise<void> {
  await api.post(`/collaboration/rooms/${id}/restore`, "version" in point ? { version_id: point.version } : { seq: point.seq });
  await client.invalidateQueries({ queryKey: historyKey(id) });
}

export async function keepVersion(client: QueryClient, id: string, name: string): Promise<void> {
  await api.post(`/collaboration/rooms/${id}/versions`, { name });
  await client.invalidateQueries({ queryKey: historyKey(id) });
}

export const refreshHistory = (client: QueryClient, id: string): Promise<void> => client.invalidateQueries({ queryKey: historyKey(id) });

export async function comeIn(client: QueryClient, token: string): Promise<RoomInfo> {
  const room = await api.post<RoomInfo>("/collaboration/invitations/accept", { token });
  await client.invalidateQueries({ queryKey: roomsKey });
  return room;
}

/** A canvas is worked on on its own page. */
export const placeOf = (room: Pick<RoomInfo, "id" | "canvas_id">): string => (room.canvas_id ? `/canvas/${room.canvas_id}` : `/rooms/${room.id}`);
