/** Rooms, what was done in them and what their documents were, as the page holds them. */
import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ApiProblem, api } from "@/lib/api/client";
import type { Page, RoomInfo, RoomMention } from "@/lib/api/types";

const roomsKey = ["rooms"] as const;
const roomKey = (id: string) => [...roomsKey, "one", id] as const;

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

export async function leaveRoom(client: QueryClient, id: string, me: string): Promise<void> {
  await api.delete(`/collaboration/rooms/${id}/participants/${me}`);
  client.removeQueries({ queryKey: roomKey(id) });
  await client.invalidateQueries({ queryKey: roomsKey });
}

export async function comeIn(client: QueryClient, token: string): Promise<RoomInfo> {
  const room = await api.post<RoomInfo>("/collaboration/invitations/accept", { token });
  await client.invalidateQueries({ queryKey: roomsKey });
  return room;
}

/** A canvas is worked on on its own page. */
export const placeOf = (room: Pick<RoomInfo, "id" | "canvas_id">): string => (room.canvas_id ? `/canvas/${room.canvas_id}` : `/rooms/${room.id}`);
