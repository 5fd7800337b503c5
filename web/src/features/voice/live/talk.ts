import { backoff } from "@/lib/sse";
import { after, broken, type Conversation, fresh, sentenceAt, turnOf } from "./conversation";
import type { Microphone } from "./microphone";
import type { Playback } from "./playback";
import { type Choices, MICROPHONE_RATE, readSound, readTold, SPOKEN_RATE, type Told } from "./protocol";

/** Of a WebSocket, in its own words. */
const OPEN = 1;
/** How often the server is told how much was heard, and the page which sentence is. */
const TOLD_EVERY = 200;
/** Speech behind which nothing comes for so long was a noise, or is over. */
const NOISE_AFTER = 6000;
/** A server hangs up on who sends nothing for a minute; a microphone that is off sends nothing. */
const ALIVE_EVERY = 20_000;
/** How long the server may take to write down an end. */
const ENDING = 30_000;
/** Another socket has the session: often our own of a moment ago, which the server has not let go yet. */
const BUSY = "voice-session-busy";
/** How often in a row it is tried again. */
const TRIES = 6;
/** What a server closes with that will not let us in the next time either: not allowed, and what it does not take. */
const REFUSED = new Set([1002, 1003, 1007, 1008, 1009]);

/** What a conversation needs of the world; tests give their own. */
export interface Means {
  socket: () => WebSocket;
  microphone: (device: string, onFrame: (sound: ArrayBuffer, peak: number) => void, onLost: () => void) => Promise<Microphone>;
  /** Opens the loudspeaker; called by a press of a button, since browsers want one. */
  playback: () => { playback: Playback; close: () => void };
}

/** One conversation: the microphone, the loudspeaker, and the socket between, made again when it breaks. */
export class Talk {
  state: Conversation = fresh;
  device = "";
  private readonly listeners = new Set<() => void>();
  private readonly levels = new Set<(peak: number) => void>();
  private socket: WebSocket | null = null;
  private microphone: Microphone | null = null;
  private speaker: { playback: Playback; close: () => void } | null = null;
  private sound = new Map<number, number>();
  private told: { turn: number; ms: number } | null = null;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private noise: ReturnType<typeof setTimeout> | undefined;
  private ending: ReturnType<typeof setTimeout> | undefined;
  private alive: ReturnType<typeof setInterval> | undefined;
  private quiet = true;
  private turnedAway = false;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private over = false;

  constructor(
    private readonly session: string,
    private choices: Choices,
    private readonly means: Means,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Conversation => this.state;

  /** Told how loud each frame is, 0..1; 0 while nothing is sent. */
  onLevel(listener: (peak: number) => void): () => void {
    this.levels.add(listener);
    return () => this.levels.delete(listener);
  }

  /** Begins, or goes on after all was lost. Without a microphone it goes on too: then one types. */
  async start(): Promise<void> {
    if (this.state.link !== "apart") return;
    this.over = false;
    this.set({ link: "connecting", fault: "" });
    this.speaker ??= this.means.playback();
    await this.listen();
    if (this.over) return;
    this.attempt = 0;
    this.connect();
    this.ticking ??= setInterval(() => this.tick(), TOLD_EVERY);
    this.alive ??= setInterval(() => this.keepAlive(), ALIVE_EVERY);
  }

  /** Another microphone, from now on. */
  async choose(device: string): Promise<void> {
    this.device = device;
    if (this.microphone) await this.listen();
  }

  /** Opens the microphone, again where there is one already. */
  async listen(): Promise<void> {
    this.microphone?.close();
    this.microphone = null;
    try {
      const opened = await this.means.microphone(this.device, (sound, peak) => this.frame(sound, peak), () => this.lost());
      if (this.over) return opened.close();
      this.microphone = opened;
      opened.listen(!this.state.muted);
      this.set({ deaf: "" });
    } catch (error) {
      this.set({ deaf: error instanceof Error ? error.message : String(error), muted: true });
    }
  }

  /** The microphone off, or on again. What was said until then is a turn. */
  mute(muted: boolean): void {
    if (muted === this.state.muted) return;
    if (!muted && !this.microphone) {
      this.set({ muted: false });
      void this.listen();
      return;
    }
    this.microphone?.listen(!muted);
    if (muted && (this.state.hearing || this.state.final)) this.send({ type: "commit" });
    this.set({ muted });
  }

  /** While held, what is said is sent; let go, it is a turn. */
  hold(held: boolean): void {
    if (held === this.state.held || this.state.link !== "open") return;
    if (held) {
      this.stop();
      this.microphone?.listen(true);
    } else {
      this.send({ type: "commit" });
      if (this.state.muted) this.microphone?.listen(false);
    }
    this.set({ held });
  }

  /** Says no more. What waits is not heard any more, whatever the server does. */
  stop(): void {
    const last = this.state.turns.at(-1);
    if (!last || this.state.link !== "open" || (last.whole && !this.state.spoken)) return;
    this.silence(last.number);
    this.send({ type: "interrupt" });
  }

  /** A turn that is typed. */
  type(text: string): void {
    if (this.state.spoken) this.stop();
    this.send({ type: "text", text });
  }

  /** Choices are told at the start of a connection: others make another one. */
  change(choices: Choices): void {
    const before = JSON.stringify(this.choices);
    this.choices = choices;
    if (JSON.stringify(choices) === before || this.state.link !== "open") return;
    this.drop();
    this.state = broken(this.state, "reconnecting");
    this.connect();
  }

  /** It is over, for the session too. */
  end(): void {
    if (this.state.link !== "open") return this.leave("ended");
    const last = this.state.turns.at(-1);
    if (last) this.silence(last.number);
    this.microphone?.close();
    this.microphone = null;
    this.send({ type: "end" });
    this.ending = setTimeout(() => this.leave("ended"), ENDING);
  }

  /** The page goes elsewhere; the session can be gone on with. */
  leave(link: "apart" | "ended" = "apart"): void {
    this.over = true;
    clearTimeout(this.retry);
    clearTimeout(this.noise);
    clearTimeout(this.ending);
    clearInterval(this.ticking);
    clearInterval(this.alive);
    this.ticking = this.alive = this.ending = undefined;
    this.drop();
    this.microphone?.close();
    this.microphone = null;
    this.speaker?.close();
    this.speaker = null;
    this.state = broken(this.state, link);
    this.changed();
  }

  // --- the socket ---

  private connect(): void {
    this.sound.clear();
    this.told = null;
    this.speaker?.playback.forget();
    this.state = { ...this.state, connection: this.state.connection + 1 };
    const socket = this.means.socket();
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => socket === this.socket && this.send({ type: "start", session_id: this.session, format: "pcm16", rate: MICROPHONE_RATE, ...this.choices });
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => socket === this.socket && (typeof data === "string" ? this.take(data) : this.play(data));
    socket.onclose = ({ code }) => socket === this.socket && this.closed(code);
    this.changed();
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  private closed(code: number): void {
    this.socket = null;
    if (this.ending !== undefined) return this.leave("ended");
    this.attempt += 1;
    const fatal = this.over || (REFUSED.has(code) && !this.turnedAway) || this.attempt > TRIES;
    this.turnedAway = false;
    if (fatal) {
      const fault = this.state.fault || "The connection could not be made again. What was said is kept in the chat; try once more.";
      this.leave();
      this.set({ fault });
      return;
    }
    this.speaker?.playback.forget();
    this.state = broken(this.state, this.state.link === "connecting" ? "connecting" : "reconnecting");
    this.changed();
    this.retry = setTimeout(() => this.connect(), backoff(this.attempt));
  }

  private take(text: string): void {
    const told = readTold(text);
    if (!told) return;
    clearTimeout(this.noise);
    if (told.type === "ready") this.attempt = 0;
    if (told.type === "interrupted") this.silence(told.turn);
    if (told.type === "error" && told.type_slug === BUSY && this.attempt < TRIES) {
      // It closes next, and is tried again.
      this.turnedAway = true;
      return;
    }
    this.state = after(this.state, told, "turn" in told ? (this.sound.get(told.turn) ?? 0) : 0);
    if (this.state.hearing) this.noise = setTimeout(() => this.set({ hearing: false }), NOISE_AFTER);
    if (told.type === "ended") return this.leave("ended");
    if (told.type === "error" && told.fatal) {
      const { fault } = this.state;
      this.leave();
      this.set({ fault });
      return;
    }
    this.changed();
  }

  private play(message: ArrayBuffer): void {
    const sound = readSound(message);
    if (!sound) return;
    this.sound.set(sound.turn, (this.sound.get(sound.turn) ?? 0) + (sound.samples.length * 1000) / SPOKEN_RATE);
    this.speaker?.playback.add(sound.turn, sound.samples);
    if (!this.state.spoken) this.tick();
  }

  private send(told: Told): void {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(told));
    this.quiet = false;
  }

  /** No sound at all is no sound; but it is a message. */
  private keepAlive(): void {
    if (this.quiet && this.state.link === "open" && this.socket?.readyState === OPEN) this.socket.send(new ArrayBuffer(0));
    this.quiet = true;
  }

  // --- sound ---

  private frame(sound: ArrayBuffer, peak: number): void {
    const open = this.state.held || (this.choices.hands_free && !this.state.muted);
    const sent = open && this.state.link === "open" && this.socket?.readyState === OPEN;
    if (sent) {
      this.socket?.send(sound);
      this.quiet = false;
    }
    for (const listener of this.levels) listener(sent ? peak : 0);
  }

  private lost(): void {
    this.microphone?.close();
    this.microphone = null;
    this.set({ muted: true, deaf: "The microphone has gone. Choose another one, or type what you want to say." });
  }

  /** Not a moment more of this turn, and the server is told how much there was. */
  private silence(turn: number): void {
    const playback = this.speaker?.playback;
    if (!playback) return;
    playback.stop(turn);
    this.send({ type: "played", turn, ms: playback.played(turn) });
    this.told = null;
    this.state = { ...this.state, spoken: null };
    this.changed();
  }

  /** Which sentence is heard, and how much of its turn. */
  private tick(): void {
    const playback = this.speaker?.playback;
    if (!playback) return;
    const turn = playback.speaking;
    // Of a turn that has come out meanwhile, the last word.
    if (this.told && this.told.turn !== turn) this.tell(this.told.turn, playback.played(this.told.turn));
    const live = turn === null ? undefined : turnOf(this.state, turn);
    if (turn === null) this.told = null;
    else this.tell(turn, playback.played(turn));
    const sentence = live && turn !== null ? sentenceAt(live, playback.played(turn)) : "";
    const before = this.state.spoken;
    if (before?.turn === turn && before?.sentence === sentence) return;
    if (turn === null && before === null) return;
    this.set({ spoken: turn === null ? null : { turn, sentence } });
  }

  private tell(turn: number, ms: number): void {
    if (this.told?.turn === turn && this.told.ms === ms) return;
    this.told = { turn, ms };
    this.send({ type: "played", turn, ms });
  }

  private set(change: Partial<Conversation>): void {
    this.state = { ...this.state, ...change };
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
