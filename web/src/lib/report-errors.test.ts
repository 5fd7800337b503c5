import { expect, it, vi } from "vitest";

vi.stubGlobal("window", { addEventListener: () => undefined });
const { reportOf } = await import("./report-errors");

it("tells of a failure once, of others' not at all, and of ten at most", () => {
  const fault = new TypeError("x is null");
  expect(reportOf(fault, "/chats")).toMatchObject({ message: "x is null", type: "TypeError", route: "/chats" });
  expect(reportOf(fault, "/chats")).toBeNull();
  expect(reportOf(new DOMException("given up", "AbortError"), "/")).toBeNull();
  expect(reportOf("ResizeObserver loop completed", "/")).toBeNull();
  const foreign = new Error("of an extension");
  foreign.stack = "Error\n at chrome-extension://abc/x.js:1:1";
  expect(reportOf(foreign, "/")).toBeNull();
  expect(reportOf(undefined, "/")).toBeNull();
  const more = Array.from({ length: 20 }, (_, n) => reportOf(new Error(`number ${n}`), "/"));
  expect(more.filter(Boolean)).toHaveLength(9);
  expect(reportOf(new Error("y".repeat(5000)), "/")).toBeNull();
});
