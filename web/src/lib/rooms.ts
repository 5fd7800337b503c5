/**
 * Rooms: documents that several people write at once. The connection to one, and what a page has to know of it. Loads
 * Yjs and its provider, so only lazily loaded pages import it.
 */
import { HocuspocusProvider, HocuspocusProviderWebsocket, WebSocketStatus } from "@hocuspocus/provider";
import { useEffect, useState, useSyncExternalStore } from "react";
import { IndexeddbPersistence } from "y-indexeddb";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { ApiProblem, api, messageOf } from "./api/client";
import { keptName } from "./kept-rooms";
import { useSession } from "./session";

export type RoomRole = "owner" | "editor" | "commenter" | "viewer";

/** Somebody in a room, as they tell the others; a model writes for a person. */
export interface RoomUser {
  id: string;
  name: string;
  color: string;
  model?: string | null;
}

export interface Ticket {
  ticket: string;
  role: RoomRole;
  expires_at: string;
  user: RoomUser;
}

/** What one connection tells the others: who, where the caret is, what is selected, where the pointer is. */
export interface Presence {
  user?: RoomUser;
  /** `artifact` is the name of the text ("content" in a document); the positions are Yjs's relative ones as JSON. */
  cursor?: { artifact: string; anchor: unknown; head: unknown } | null;
  selected?: string[];
  pointer?: { x: number; y: number } | null;
}

export interface Other extends Presence {
  client: number;
  user: RoomUser;
}

export interface RoomStatus {
  /** `offline` may hold changes that are kept in this browser; `denied` is final until somebody lets the person in. */
  state: "connecting" | "synced" | "saving" | "offline" | "denied";
  role: RoomRole | null;
  /** Owners and editors write; the server refuses everybody else. */
  writes: boolean;
  user: RoomUser | null;
  /** Why not, where it is denied. */
  reason: string;
  /** Whether the document was ever received, or was kept here, so that it can be shown. */
  loaded: boolean;
  /** Changes that the server has not confirmed. */
  unsaved: boolean;
}

/** Marks changes of this page in a transaction, so that undo takes back one's own and nobody else's. */
export const HERE = { toString: () => "this page" };

const RETRY_MS = 2000;
/** Under this name a kept document says that its person could write when it was last open. */
const WROTE = "wrote";
/** What the server tells everybody who is there when a comment is written, answered or resolved. */
const COMMENTED = '{"changed":"comments"}';
let socket: HocuspocusProviderWebsocket | null = null;
const open = new Map<string, Room>();

function shared(): HocuspocusProviderWebsocket {
  socket ??= new HocuspocusProviderWebsocket({
    url: `${location.origin.replace(/^http/, "ws")}/api/collaboration`,
    autoConnect: false,
    // The server is mostly near, and somebody waits.
    delay: 500,
    minDelay: 500,
    maxDelay: 8000,
  });
  return socket;
}

/** One room that this page is in. */
export class Room {
  readonly doc = new Y.Doc();
  readonly provider: HocuspocusProvider;
  /** How many components hold it. */
  holders = 0;
  #status: RoomStatus = { state: "connecting", role: null, writes: false, user: null, reason: "", loaded: false, unsaved: false };
  #listeners = new Set<() => void>();
  #others: readonly Other[] = [];
  #othersListeners = new Set<() => void>();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** The document in this browser, for whoever writes: what was not sent outlives the page. */
  #kept: IndexeddbPersistence | null = null;
  #commentsListeners = new Set<() => void>();

  constructor(
    readonly id: string,
    readonly person: string,
  ) {
    const line = shared();
    this.provider = new HocuspocusProvider({
      websocketProvider: line,
      name: id,
      document: this.doc,
      token: () => this.#ticket(),
    });
    this.provider.on("authenticated", ({ scope }: { scope: string }) => {
      const writes = scope === "read-write";
      this.#set({ writes, reason: "" });
      if (writes) void this.#kept?.set(WROTE, 1);
      else this.#forget();
      this.#look();
    });
    this.provider.on("authenticationFailed", ({ reason }: { reason: string }) => {
      // Without a ticket the reason is known better from the request for it.
      if (this.#status.state === "denied" || this.#retry !== undefined) return;
      this.#set({ state: "denied", writes: false, reason });
      this.#forget();
    });
    this.provider.on("stateless", ({ payload }: { payload: string }) => {
      if (payload === COMMENTED) for (const listener of this.#commentsListeners) listener();
    });
    this.provider.on("synced", () => {
      this.#set({ loaded: true });
      this.#look();
    });
    this.provider.on("unsyncedChanges", () => this.#look());
    this.provider.on("status", () => this.#look());
    this.provider.on("close", () => {
      this.#look();
      // Put out of this one room while the line stands: perhaps with another role. The next ticket tells.
      if (line.status === WebSocketStatus.Connected && this.#status.state !== "denied") this.#again(200);
    });
    this.awareness.on("change", this.#met);
    window.addEventListener("online", this.#online);
    window.addEventListener("offline", this.#look);
    window.addEventListener("beforeunload", this.#leaving);
    void this.#begin();
    // Said even where it stands: it may be closing, since the last room was just left.
    line.shouldConnect = true;
    if (line.status === WebSocketStatus.Disconnected) void line.connect();
  }

  /** Shows what was kept here, then asks the server: in this order, so that what was written without it goes with the question. */
  async #begin(): Promise<void> {
    try {
      const name = keptName(this.person, this.id);
      // A browser that keeps nothing says so here, and not to whoever looks for faults.
      await new Promise<void>((done, failed) => {
        const asked = indexedDB.open(`${name}.probe`);
        asked.onerror = () => failed(asked.error);
        asked.onsuccess = () => {
          asked.result.close();
          indexedDB.deleteDatabase(`${name}.probe`);
          done();
        };
      });
      const kept = new IndexeddbPersistence(name, this.doc);
      this.#kept = kept;
      await kept.whenSynced;
      if (!this.#closed && (await kept.get(WROTE)) === 1) this.#set({ loaded: true, writes: true, unsaved: false });
    } catch {
      // Kept in the open tab alone, then.
      this.#kept = null;
    }
    if (this.#closed) return;
    this.provider.attach();
    this.#look();
  }

  /** What may no longer be written, or read, is not kept here. */
  #forget(): void {
    const kept = this.#kept;
    this.#kept = null;
    if (kept) void kept.clearData();
  }

  /** Somebody said something about the document, answered, or resolved it. */
  subscribeComments = (listener: () => void): (() => void) => {
    this.#commentsListeners.add(listener);
    return () => this.#commentsListeners.delete(listener);
  };

  get awareness(): Awareness {
    // It is only null where the provider was told to have none.
    return this.provider.awareness as Awareness;
  }

  get status(): RoomStatus {
    return this.#status;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Everybody else's presence; the same list until it changes. */
  get others(): readonly Other[] {
    return this.#others;
  }

  subscribeOthers = (listener: () => void): (() => void) => {
    this.#othersListeners.add(listener);
    return () => this.#othersListeners.delete(listener);
  };

  /** Asks anew to be let in, after a refusal. */
  retry(): void {
    this.#set({ state: "connecting", reason: "" });
    this.#again(0);
  }

  /** Tells the others a part of where this person is. */
  tell(presence: Partial<Presence>): void {
    for (const [name, value] of Object.entries(presence)) this.awareness.setLocalStateField(name, value);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    window.removeEventListener("online", this.#online);
    window.removeEventListener("offline", this.#look);
    window.removeEventListener("beforeunload", this.#leaving);
    this.provider.destroy();
    this.doc.destroy();
  }

  async #ticket(): Promise<string> {
    try {
      const ticket = await api.post<Ticket>(`/collaboration/rooms/${this.id}/tickets`);
      this.#set({ role: ticket.role, user: ticket.user });
      this.awareness.setLocalStateField("user", ticket.user);
      return ticket.ticket;
    } catch (fault) {
      const refused = fault instanceof ApiProblem && fault.status >= 400 && fault.status < 500 && fault.status !== 429;
      if (refused) {
        this.#set({ state: "denied", writes: false, reason: messageOf(fault) });
        this.#forget();
      } else this.#again(RETRY_MS);
      throw fault;
    }
  }

  #again(wait: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#closed) return;
      this.provider.detach();
      this.provider.attach();
    }, wait);
  }

  #met = () => {
    const found: Other[] = [];
    for (const [client, state] of this.awareness.getStates()) {
      const presence = state as Presence;
      // What others send is not to be trusted to have its shape.
      if (client !== this.awareness.clientID && typeof presence.user?.id === "string") found.push({ ...presence, client, user: soundUser(presence.user) });
    }
    this.#others = found;
    for (const listener of this.#othersListeners) listener();
  };

  #online = () => {
    if (shared().status !== WebSocketStatus.Connected) void shared().connect();
    this.#look();
  };

  #look = () => {
    if (this.#closed || this.#status.state === "denied") return;
    const standing = shared().status === WebSocketStatus.Connected && navigator.onLine;
    const unsaved = this.provider.hasUnsyncedChanges && this.#status.writes;
    let state: RoomStatus["state"];
    if (!standing) state = this.#status.loaded || !navigator.onLine ? "offline" : "connecting";
    else if (!this.#status.loaded || !this.provider.isAuthenticated) state = "connecting";
    else state = unsaved ? "saving" : "synced";
    this.#set({ state, unsaved });
  };

  // What was written and not sent is in this browser; or, where that keeps nothing, only in this tab.
  #leaving = (event: BeforeUnloadEvent) => {
    if (!this.#kept && this.#status.unsaved && this.#status.loaded) event.preventDefault();
  };

  #set(change: Partial<RoomStatus>): void {
    const next = { ...this.#status, ...change };
    if ((Object.keys(change) as (keyof RoomStatus)[]).every((name) => next[name] === this.#status[name])) return;
    this.#status = next;
    for (const listener of this.#listeners) listener();
  }
}

function enter(id: string, person: string): Room {
  let room = open.get(id);
  if (!room) {
    room = new Room(id, person);
    open.set(id, room);
  }
  room.holders += 1;
  return room;
}

function leave(room: Room): void {
  room.holders -= 1;
  // A page that is drawn anew lets go and takes hold at once: the connection stays for that moment.
  setTimeout(() => {
    if (room.holders > 0 || open.get(room.id) !== room) return;
    open.delete(room.id);
    room.close();
    if (open.size === 0) socket?.disconnect();
  }, 300);
}

/** The room, connected for as long as the component is there; null in the moment before. */
export function useRoom(id: string | null): Room | null {
  const [room, setRoom] = useState<Room | null>(null);
  const person = useSession().user.id;
  useEffect(() => {
    if (id === null) return;
    const entered = enter(id, person);
    setRoom(entered);
    return () => {
      setRoom(null);
      leave(entered);
    };
  }, [id, person]);
  return room;
}

export const useRoomStatus = (room: Room): RoomStatus => useSyncExternalStore(room.subscribe, () => room.status);

/** A colour goes into styles, a name onto the page: both are what somebody else's page sent. */
export const soundUser = (user: RoomUser): RoomUser => ({
  id: user.id,
  name: typeof user.name === "string" ? user.name.slice(0, 80) : "Somebody",
  color: typeof user.color === "string" && /^(#[0-9a-f]{3,8}|hsl\([\d .,%deg]+\)|oklch\([\d .,%]+\))$/i.test(user.color) ? user.color : "#6b665e",
  model: typeof user.model === "string" ? user.model.slice(0, 200) : null,
});

/** Everybody else who is in the room now; one entry a connection. */
export const useOthers = (room: Room): readonly Other[] => useSyncExternalStore(room.subscribeOthers, () => room.others);

const prepared = new WeakSet<Y.Text>();

/** Makes what is written here carry no source: Yjs would give it the one of its left neighbour (a model's). */
export function ownWords(text: Y.Text): Y.Text {
  if (prepared.has(text)) return text;
  prepared.add(text);
  const insert = text.insert.bind(text);
  text.insert = (index, content, attributes) => insert(index, content, attributes ?? { src: null });
  return text;
}

/** Exchanges a part of a text for another, by one transaction of this page. */
export function splice(text: Y.Text, from: number, to: number, insert: string): void {
  const change = () => {
    if (to > from) text.delete(from, to - from);
    if (insert) text.insert(from, insert, { src: null });
  };
  if (text.doc) text.doc.transact(change, HERE);
  else change();
}

const isLow = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** Makes `text` say `next` by exchanging only what lies between the equal beginning and the equal end. */
export function rewrite(text: Y.Text, next: string): void {
  const before = text.toString();
  let start = 0;
  while (start < before.length && start < next.length && before[start] === next[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < next.length - start && before[before.length - 1 - end] === next[next.length - 1 - end]) end += 1;
  // Half a character outside the basic plane is none.
  if (isLow(before, start) || isLow(next, start)) start -= 1;
  if (end > 0 && (isLow(before, before.length - end) || isLow(next, next.length - end))) end -= 1;
  if (before !== next) splice(text, start, before.length - end, next.slice(start, next.length - end));
}
