/** What a person does with a memory: shown at once, put back when the server refuses. */
import type { QueryClient } from "@tanstack/react-query";
import { api, messageOf } from "@/lib/api/client";
import type { Memory } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { forgetSoon } from "@/lib/forgetting";
import { changeMemory, memoryKey } from "./queries";
import { about } from "./whose";

/** Asks the server for what the page already shows; takes it back when it is refused. */
export async function settle(client: QueryClient, undo: () => void, ask: Promise<unknown>, done?: string): Promise<void> {
  try {
    await ask;
    if (done) toast(done, { kind: "success" });
  } catch (fault) {
    undo();
    toast(messageOf(fault), { kind: "error" });
  }
  await client.invalidateQueries({ queryKey: memoryKey });
}

export async function pinMemory(client: QueryClient, group: string | null, { id, pinned }: Memory): Promise<void> {
  const undo = await changeMemory(client, id, { pinned: !pinned });
  await settle(client, undo, api.patch(`/memory/memories/${id}`, { pinned: !pinned }, about(group)));
}

export async function confirmMemory(client: QueryClient, group: string | null, { id }: Memory): Promise<void> {
  const undo = await changeMemory(client, id, { state: "current" });
  await settle(client, undo, api.post(`/memory/memories/${id}/confirm`, undefined, about(group)), "It holds.");
}

export async function restoreMemory(client: QueryClient, group: string | null, { id }: Memory): Promise<void> {
  const undo = await changeMemory(client, id, { state: "current", valid_to: null });
  await settle(client, undo, api.post(`/memory/memories/${id}/restore`, undefined, about(group)), "It holds again.");
}

export async function forgetMemory(client: QueryClient, group: string | null, { id }: Memory): Promise<void> {
  const undo = await changeMemory(client, id, null);
  const path = `/memory/memories/${id}${group ? `?group=${group}` : ""}`;
  forgetSoon({ paths: [path], said: "Forgotten.", run: () => settle(client, undo, api.delete(path)), undo });
}
