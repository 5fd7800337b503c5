/** JSON as somebody types it: where it is wrong, and how it looks well. */

export interface Fault {
  message: string;
  line: number;
  column: number;
  /** Index into the text. */
  at: number;
}

/** Why the text is no JSON, and where; null where it is. An empty text is not wrong yet. */
export function faultOf(text: string): Fault | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const said = String((error as Error).message);
    const at = faultAt(text);
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    return { message: at >= text.length ? "The text ends too early" : plain(said), line, column: at - before.lastIndexOf("\n"), at };
  }
}

const plain = (said: string): string => said.replace(/^JSON\.parse: /, "").replace(/ in JSON.*$/s, "").replace(/, "?.*is not valid JSON$/s, "");

const token = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.]))/y;

/** Where the first letter stands that cannot be there: browsers do not all tell. */
function faultAt(text: string): number {
  // What may come next: a value, a name, or what follows a value in an object, a list, or at the end.
  const inside: ("{" | "[")[] = [];
  let wants: "value" | "value or ]" | "name" | "name or }" | ":" | "after" = "value";
  let at = 0;
  for (;;) {
    token.lastIndex = at;
    const found = token.exec(text);
    const start = at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
    if (!found) return start;
    const [, mark, string, plainValue] = found;
    at = token.lastIndex;
    if (string !== undefined && wants.startsWith("name")) wants = ":";
    else if ((string ?? plainValue) !== undefined && wants.startsWith("value")) wants = "after";
    else if (mark === "{" && wants.startsWith("value")) {
      inside.push("{");
      wants = "name or }";
    } else if (mark === "[" && wants.startsWith("value")) {
      inside.push("[");
      wants = "value or ]";
    } else if (mark === ":" && wants === ":") wants = "value";
    else if (mark === "," && wants === "after" && inside.length) wants = inside.at(-1) === "{" ? "name" : "value";
    else if (mark === "}" && inside.at(-1) === "{" && (wants === "after" || wants === "name or }")) {
      inside.pop();
      wants = "after";
    } else if (mark === "]" && inside.at(-1) === "[" && (wants === "after" || wants === "value or ]")) {
      inside.pop();
      wants = "after";
    } else return start;
  }
}

/** The same JSON, indented. Letters of values are kept as they are: a long number stays that number. */
export function formatJson(text: string): string {
  if (faultOf(text) || text.trim() === "") return text;
  let out = "";
  let depth = 0;
  let opened = false;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (part === "}" || part === "]") {
      depth -= 1;
      out += opened ? part : line() + part;
    } else if (opened) out += line();
    // After an opening bracket the line is broken by what follows, since nothing may.
    if (part === "{" || part === "[") {
      depth += 1;
      out += part;
    } else if (part === "}" || part === "]") {
      // Written above.
    } else if (part === ",") out += `,${line()}`;
    else out += part === ":" ? ": " : part;
    opened = part === "{" || part === "[";
  }
  return `${out}\n`;
}
