/** On the audio thread: what the microphone hears, in frames as the wire wants them. */
import { MICROPHONE_RATE } from "./protocol";
import { Resampler } from "./resampler";

// What an audio worklet finds around it; the library of the page's types does not know it.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor & { process: (inputs: Float32Array[][]) => boolean }): void;

/** Forty milliseconds. */
const FRAME = MICROPHONE_RATE / 25;

class Microphone extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, MICROPHONE_RATE);
  private frame = new Int16Array(FRAME);
  private filled = 0;
  private peak = 0;

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0] ?? [];
    const first = channels[0];
    if (!first) return true;
    const mono = new Float32Array(first.length);
    for (const channel of channels) for (let at = 0; at < mono.length; at++) mono[at]! += channel[at]! / channels.length;
    for (const sample of this.resampler.push(mono)) {
      const held = Math.max(-1, Math.min(1, sample));
      this.peak = Math.max(this.peak, Math.abs(held));
      this.frame[this.filled++] = Math.round(held * 32_767);
      if (this.filled === FRAME) this.send();
    }
    return true;
  }

  private send(): void {
    this.port.postMessage({ sound: this.frame.buffer, peak: this.peak }, [this.frame.buffer]);
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
    this.peak = 0;
  }
}

registerProcessor("microphone", Microphone);
