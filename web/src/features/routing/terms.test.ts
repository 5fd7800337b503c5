import { expect, it } from "vitest";
import { shares } from "./terms";

it("shares of weights sum up to one", () => {
  expect(shares({ cost: 1, latency: 0, quality: 2, reliability: 1 })).toEqual({ cost: 0.25, latency: 0, quality: 0.5, reliability: 0.25 });
  expect(shares({ cost: 0, latency: 0, quality: 0, reliability: 0 }).cost).toBe(0.25);
});
