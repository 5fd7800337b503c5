import { describe, expect, it } from "vitest";
import { EventParser, backoff, readEvents, type ServerEvent } from "./sse";

const stream = ': ping\n\nid: 1\nevent: text\ndata: {"text":"héllo"}\n\nid: 2\r\nevent: text\r\ndata: a\r\ndata: b\r\n\r\nid: 3\nevent: done\ndata:{}\n\n';
const told: ServerEvent[] = [
  { id: "1", event: "text", data: '{"text":"héllo"}' },
  { id: "2", event: "text", data: "a\nb" },
  { id: "3", event: "done", data: "{}" },
];

describe("the event parser", () => {
  it("reads fields, several data lines, both line ends, and drops comments", () => {
    expect(new EventParser().feed(stream)).toEqual(told);
  });

  it("gives the same events however the stream is cut", () => {
    for (let size = 1; size < stream.length; size++) {
      const parser = new EventParser();
      const events: ServerEvent[] = [];
      for (let at = 0; at < stream.length; at += size) events.push(...parser.feed(stream.slice(at, at + size)));
      expect(events).toEqual(told);
    }
  });

  it("tells nothing of an event that was cut off", () => {
    expect(new EventParser().feed("id: 9\nevent: text\ndata: half")).toEqual([]);
  });
});

describe("reading a response", () => {
  it("joins characters that were cut between two chunks", async () => {
    const bytes = new TextEncoder().encode(stream);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const events: ServerEvent[] = [];
    for await (const event of readEvents(new Response(body))) events.push(event);
    expect(events).toEqual(told);
  });

  it("lets go of the connection when the reader leaves early", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(stream)),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const event of readEvents(new Response(body))) {
      expect(event.id).toBe("1");
      break;
    }
    expect(cancelled).toBe(true);
  });
});

describe("waiting between tries", () => {
  it("doubles up to ten seconds and keeps some of it to chance", () => {
    expect([1, 2, 3].map((attempt) => backoff(attempt, () => 1))).toEqual([500, 1000, 2000]);
    expect(backoff(50, () => 1)).toBe(10_000);
    expect(backoff(50, () => 0)).toBe(5_000);
  });
});
