import { describe, expect, it } from "vitest";
import { withTex } from "./tex";

describe("formulas in the words of a model", () => {
  it("are found in each way of writing them", () => {
    expect(withTex("so \\(a^2\\) and $b_1$.")).toBe("so $$a^2$$ and $$b_1$$.");
    expect(withTex("\\[\nx = 1\n\\]")).toBe("$$\nx = 1\n$$");
    expect(withTex("- \\[ x = 1 \\] there")).toBe("- $$x = 1$$ there");
    expect(withTex("$$\ny\n$$ and $z$")).toBe("$$\ny\n$$ and $$z$$");
  });

  it("are not money, code, or half a formula that is still coming", () => {
    for (const text of ["$5 and $10", "from $5 to 10 $ a day", "`$x$`", "```sh\necho $A $B\n```", "\\$x\\$", "say \\(a", "plain"]) expect(withTex(text)).toBe(text);
  });
});
