/** The world that a conversation is tested in: a socket, a microphone and a loudspeaker that do as they are told. */
import { Playback, type Speaker } from "./playback";
import { SPOKEN_RATE } from "./protocol";
import type { Means } from "./talk";

export class FakeSpeaker implements Speaker {
  currentTime = 0;
  destination = {} as AudioNode;
  playing: { from: number; stopped: boolean }[] = [];

  createBuffer(_channels: number, length: number): AudioBuffer {
    return { length, copyToChannel: () => undefined } as unknown as AudioBuffer;
  }

  createBufferSource(): AudioBufferSourceNode {
    const told = { from: -1, stopped: false };
    this.playing.push(told);
    return {
      connect: () => undefined,
      disconnect: () => undefined,
      start: (from: number) => {
        told.from = from;
      },
      stop: () => {
        told.stopped = true;
      },
    } as unknown as AudioBufferSourceNode;
  }
}

export class FakeSocket {
  binaryType = "";
  readyState = 0;
  sent: (Record<string, unknown> | ArrayBuffer)[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(data: string | ArrayBuffer): void {
    this.sent.push(typeof data === "string" ? (JSON.parse(data) as Record<string, unknown>) : data);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  tell(told: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(told) });
  }

  ready(): void {
    this.open();
    this.tell({ type: "ready", session_id: "s", chat_id: "c", hear_model: "h", speak_model: "k", voice_id: "v", rate: 24_000 });
  }

  /** Sound of a turn. */
  say(turn: number, seconds: number): void {
    const message = new ArrayBuffer(4 + seconds * SPOKEN_RATE * 2);
    new DataView(message).setUint32(0, turn, true);
    this.onmessage?.({ data: message });
  }

  lose(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  of(type: string): Record<string, unknown>[] {
    return this.sent.filter((each): each is Record<string, unknown> => !(each instanceof ArrayBuffer) && each.type === type);
  }
}

export function fakeMeans(refused = "") {
  const sockets: FakeSocket[] = [];
  const speaker = new FakeSpeaker();
  const microphone = { open: false, on: false, frame: (_peak: number) => undefined as void, lose: () => undefined as void };
  const means: Means = {
    socket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    microphone: async (_device, onFrame, onLost) => {
      if (refused) throw new Error(refused);
      Object.assign(microphone, { open: true, frame: (peak: number) => onFrame(new ArrayBuffer(1280), peak), lose: onLost });
      return {
        listen: (on) => {
          microphone.on = on;
        },
        close: () => {
          microphone.open = false;
        },
      };
    },
    playback: () => ({ playback: new Playback(speaker), close: () => undefined }),
  };
  return { means, sockets, speaker, microphone, socket: () => sockets.at(-1)! };
}
