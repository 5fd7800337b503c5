import { describe, expect, it } from "vitest";
import { accessWords, fieldName, healthOf } from "./words";

const now = Date.parse("2026-11-27T12:00:00Z");
const fine = { deleted_at: null, is_active: true, is_expired: false, expires_at: null, next_rotation_at: null };

describe("what is said of a credential", () => {
  it("says the worst first", () => {
    expect(healthOf(fine, now)).toEqual({ tone: "good", text: "in use" });
    expect(healthOf({ ...fine, next_rotation_at: "2026-11-27T09:00:00Z" }, now).text).toBe("rotation overdue");
    expect(healthOf({ ...fine, expires_at: "2026-11-30T13:00:00Z" }, now).text).toBe("expires in 3 days");
    expect(healthOf({ ...fine, expires_at: "2026-11-27T13:00:00Z" }, now).text).toBe("expires in less than a day");
    expect(healthOf({ ...fine, is_expired: true, expires_at: "2026-11-26T13:00:00Z" }, now).text).toBe("expired");
    expect(healthOf({ ...fine, is_active: false, is_expired: true }, now).text).toBe("off");
    expect(healthOf({ ...fine, deleted_at: "2026-11-26T13:00:00Z", is_active: false }, now).text).toBe("deleted");
  });

  it("names fields and attempts, known or not", () => {
    expect(fieldName("secret_access_key")).toBe("Secret access key");
    expect(fieldName("some_field")).toBe("Some field");
    expect(accessWords("read")).toBe("was shown the value");
    expect(accessWords("some_thing")).toBe("some thing");
  });
});
