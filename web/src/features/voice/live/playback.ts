import { SPOKEN_RATE } from "./protocol";

/** Sound that waits before the first piece is played, in seconds: what the network does is not heard. */
const LEAD = 0.1;

/** As much of an AudioContext as this needs. */
export interface Speaker {
  readonly currentTime: number;
  readonly outputLatency?: number;
  readonly destination: AudioNode;
  createBuffer: (channels: number, length: number, rate: number) => AudioBuffer;
  createBufferSource: () => AudioBufferSourceNode;
}

interface Piece {
  turn: number;
  at: number;
  seconds: number;
  source: AudioBufferSourceNode;
}

/** Plays what is said, piece behind piece without a gap, and knows how much of a turn was heard. */
export class Playback {
  private pieces: Piece[] = [];
  private next = 0;
  private readonly heard = new Map<number, number>();
  private cut = -1;

  constructor(private readonly speaker: Speaker) {}

  /** Plays it behind what waits already. What comes of a turn that was cut is not played. */
  add(turn: number, samples: Float32Array<ArrayBuffer>): void {
    if (turn <= this.cut || samples.length === 0) return;
    const now = this.speaker.currentTime;
    this.settle(now);
    if (this.next < now) this.next = now + LEAD;
    const buffer = this.speaker.createBuffer(1, samples.length, SPOKEN_RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.speaker.createBufferSource();
    source.buffer = buffer;
    source.connect(this.speaker.destination);
    source.start(this.next);
    const seconds = samples.length / SPOKEN_RATE;
    this.pieces.push({ turn, at: this.next, seconds, source });
    this.next += seconds;
  }

  /** Silence at once, and for ever of this turn and those before it. */
  stop(turn: number): void {
    const now = this.speaker.currentTime;
    this.settle(now);
    for (const piece of this.pieces) {
      this.count(piece, now);
      piece.source.stop();
      piece.source.disconnect();
    }
    this.pieces = [];
    this.next = 0;
    this.cut = Math.max(this.cut, turn);
  }

  /** Milliseconds of the turn that came out. */
  played(turn: number): number {
    const now = this.speaker.currentTime;
    this.settle(now);
    const waiting = this.pieces.filter((piece) => piece.turn === turn).reduce((sum, piece) => sum + this.heardOf(piece, now), 0);
    return Math.round(((this.heard.get(turn) ?? 0) + waiting) * 1000);
  }

  /** The turn that is heard now; null in silence. */
  get speaking(): number | null {
    this.settle(this.speaker.currentTime);
    return this.pieces[0]?.turn ?? null;
  }

  /** Another connection counts its turns anew. */
  forget(): void {
    this.stop(0);
    this.heard.clear();
    this.cut = -1;
  }

  private heardOf(piece: Piece, now: number): number {
    return Math.max(0, Math.min(piece.seconds, now - (this.speaker.outputLatency ?? 0) - piece.at));
  }

  private count(piece: Piece, now: number): void {
    this.heard.set(piece.turn, (this.heard.get(piece.turn) ?? 0) + this.heardOf(piece, now));
  }

  private settle(now: number): void {
    while (this.pieces[0] && this.heardOf(this.pieces[0], now) >= this.pieces[0].seconds) this.count(this.pieces.shift()!, now);
  }
}
