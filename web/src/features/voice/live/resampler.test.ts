import { describe, expect, it } from "vitest";
import { Resampler } from "./resampler";

const tone = (hertz: number, rate: number, length: number) => Float32Array.from({ length }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / rate));

function through(sound: Float32Array, from: number, to: number, block: number): Float32Array {
  const resampler = new Resampler(from, to);
  const out: number[] = [];
  for (let at = 0; at < sound.length; at += block) out.push(...resampler.push(sound.subarray(at, at + block)));
  return Float32Array.from(out);
}

const loudness = (sound: Float32Array) => Math.sqrt(sound.reduce((sum, each) => sum + each * each, 0) / sound.length);

describe("Resampler", () => {
  it.each([8000, 16_000, 22_050, 44_100, 48_000, 96_000])("keeps speech from %i Hz, in time and loudness", (rate) => {
    const out = through(tone(440, rate, rate), rate, 16_000, 128);
    expect(out.length).toBeGreaterThan(15_900);
    expect(out.length).toBeLessThanOrEqual(16_000);
    const wanted = tone(440, 16_000, out.length);
    const middle = [...out.keys()].slice(200, -200);
    const worst = Math.max(...middle.map((at) => Math.abs(out[at]! - wanted[at]!)));
    expect(worst).toBeLessThan(0.02);
  });

  it("lets nothing through that would come back as another tone", () => {
    const out = through(tone(12_000, 48_000, 48_000), 48_000, 16_000, 128);
    expect(loudness(out.subarray(200, -200))).toBeLessThan(0.01);
  });

  it("gives the same whatever the blocks are", () => {
    const sound = tone(440, 44_100, 4410);
    expect(through(sound, 44_100, 16_000, 7)).toEqual(through(sound, 44_100, 16_000, 4410));
  });
});
