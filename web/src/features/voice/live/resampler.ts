/** How many zero crossings of the sinc stand on each side: enough that nothing above the new Nyquist rate is heard. */
const CROSSINGS = 12;

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Brings a stream of samples from one rate to another, block by block, with a windowed sinc. */
export class Resampler {
  private readonly step: number;
  private readonly phases: number;
  private readonly half: number;
  private readonly kernels: Float32Array;
  private held: Float32Array;
  /** Where the next sample lies: in `held`, and in parts of `phases` behind that. */
  private at: number;
  private phase = 0;

  constructor(from: number, to: number) {
    const common = divisor(from, to);
    this.step = from / common;
    this.phases = to / common;
    const cutoff = Math.min(1, to / from);
    this.half = Math.ceil(CROSSINGS / cutoff);
    const taps = this.half * 2;
    this.kernels = new Float32Array(this.phases * taps);
    for (let phase = 0; phase < this.phases; phase++) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) {
        const distance = tap - this.half + 1 - phase / this.phases;
        const x = Math.PI * distance * cutoff;
        const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / (this.half + 1));
        const value = (x === 0 ? 1 : Math.sin(x) / x) * window;
        this.kernels[phase * taps + tap] = value;
        sum += value;
      }
      for (let tap = 0; tap < taps; tap++) this.kernels[phase * taps + tap]! /= sum;
    }
    this.held = new Float32Array(this.half);
    this.at = this.half;
  }

  /** What can be told of the new rate, now that `block` has come. */
  push(block: Float32Array): Float32Array {
    const all = new Float32Array(this.held.length + block.length);
    all.set(this.held);
    all.set(block, this.held.length);
    const taps = this.half * 2;
    const out: number[] = [];
    while (this.at + this.half < all.length) {
      let sum = 0;
      const from = this.at - this.half + 1;
      const kernel = this.phase * taps;
      for (let tap = 0; tap < taps; tap++) sum += all[from + tap]! * this.kernels[kernel + tap]!;
      out.push(sum);
      this.phase += this.step;
      this.at += Math.floor(this.phase / this.phases);
      this.phase %= this.phases;
    }
    const keep = Math.min(all.length, Math.max(0, this.at - this.half));
    this.held = all.slice(keep);
    this.at -= keep;
    return Float32Array.from(out);
  }
}
