import { describe, expect, it } from "vitest";
import { dayGroup, formatAgo, formatBytes, formatDuration, formatMoney } from "./format";

describe("figures", () => {
  it("writes money with the digits that tell something", () => {
    expect([null, "0", "0.00000042", "0.0000123", "0.0042", "0.5", "1234.5"].map(formatMoney)).toEqual([
      "–",
      "$0",
      "< $0.000001",
      "$0.000012",
      "$0.0042",
      "$0.50",
      "$1,234.50",
    ]);
  });

  it("writes times and sizes in the unit a person would use", () => {
    expect([240, 5320, 61_000].map(formatDuration)).toEqual(["240 ms", "5.3 s", "1 min 1 s"]);
    expect([12, 23_000_000, 1_117_000_000].map(formatBytes)).toEqual(["12 B", "23.0 MB", "1.1 GB"]);
  });
});

describe("when", () => {
  const now = new Date(2026, 10, 22, 9, 30);
  const before = (days: number) => new Date(2026, 10, 22 - days, 23, 0).toISOString();

  it("groups by calendar day, not by 24 hours", () => {
    expect([0, 1, 3, 20, 60].map((days) => dayGroup(before(days), now))).toEqual(["Today", "Yesterday", "Previous 7 days", "Previous 30 days", "September 2026"]);
  });

  it("says how long ago", () => {
    expect(formatAgo(null)).toBe("never");
    expect(formatAgo(new Date(now.getTime() - 5_000).toISOString(), now.getTime())).toBe("just now");
    expect(formatAgo(new Date(now.getTime() - 180_000).toISOString(), now.getTime())).toBe("3 minutes ago");
  });
});
