import { describe, expect, it } from "vitest";
import { FakeSpeaker } from "./fakes";
import { Playback } from "./playback";
import { SPOKEN_RATE } from "./protocol";

const seconds = (length: number) => new Float32Array(length * SPOKEN_RATE);

describe("Playback", () => {
  it("plays piece behind piece, without a gap", () => {
    const speaker = new FakeSpeaker();
    speaker.currentTime = 5;
    const playback = new Playback(speaker);
    playback.add(1, seconds(1));
    playback.add(1, seconds(0.5));
    playback.add(1, seconds(0.5));
    const starts = speaker.playing.map((piece) => piece.from);
    expect(starts[0]).toBeGreaterThan(5);
    expect(starts[1]! - starts[0]!).toBeCloseTo(1);
    expect(starts[2]! - starts[1]!).toBeCloseTo(0.5);
  });

  it("knows how much of each turn was heard", () => {
    const speaker = new FakeSpeaker();
    const playback = new Playback(speaker);
    playback.add(1, seconds(1));
    playback.add(2, seconds(1));
    const began = speaker.playing[0]!.from;
    expect(playback.played(1)).toBe(0);
    speaker.currentTime = began + 0.25;
    expect(playback.speaking).toBe(1);
    expect(playback.played(1)).toBe(250);
    speaker.currentTime = began + 1.5;
    expect(playback.speaking).toBe(2);
    expect(playback.played(1)).toBe(1000);
    expect(playback.played(2)).toBe(500);
    speaker.currentTime = began + 9;
    expect(playback.speaking).toBeNull();
    expect(playback.played(2)).toBe(1000);
  });

  it("is silent at once when it is stopped, and stays so for what still comes of that turn", () => {
    const speaker = new FakeSpeaker();
    const playback = new Playback(speaker);
    playback.add(3, seconds(1));
    playback.add(3, seconds(1));
    speaker.currentTime = speaker.playing[0]!.from + 0.5;
    playback.stop(3);
    expect(speaker.playing.every((piece) => piece.stopped)).toBe(true);
    expect(playback.speaking).toBeNull();
    expect(playback.played(3)).toBe(500);
    playback.add(3, seconds(1));
    expect(speaker.playing).toHaveLength(2);
    playback.add(4, seconds(1));
    expect(speaker.playing).toHaveLength(3);
  });

  it("counts from the start after a pause in which nothing had come", () => {
    const speaker = new FakeSpeaker();
    const playback = new Playback(speaker);
    playback.add(1, seconds(1));
    speaker.currentTime = 10;
    playback.add(1, seconds(1));
    expect(speaker.playing[1]!.from).toBeGreaterThan(10);
    speaker.currentTime = 20;
    expect(playback.played(1)).toBe(2000);
  });
});
