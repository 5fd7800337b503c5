import { expect, test } from "vitest";
import { adviceFor, standing, stepDetail, stepText } from "./words";

test("where a rotation stands", () => {
  expect(standing({ state: "switched", stuck: false }).text).toBe("old key in its grace");
  expect(standing({ state: "switched", stuck: true })).toEqual({ text: "needs you", tone: "danger" });
  expect(standing({ state: "stored", stuck: false }).text).toBe("under way");
});

test("steps are told as done or going on, with what is known", () => {
  expect(stepText({ step: "verified", outcome: "waiting" })).toMatch(/Waiting/);
  expect(stepText({ step: "verified", outcome: "done" })).toBe("AWS takes the new key");
  expect(stepText({ step: "new_one", outcome: "done" })).toBe("new_one");
  expect(stepDetail({ detail: { access_key_id: "AKIA", last_used: "2026-11-27T01:02:03+00:00", service: "s3" } })).toBe("AKIA · last used 2026-11-27T01:02 UTC by s3");
});

test("refusals that need it come with advice", () => {
  expect(adviceFor("aws-keys-refused")).toMatch(/Store a working one/);
  expect(adviceFor("nothing-known")).toBeUndefined();
});
