/**
 * Asks the frame of `public/diagram.html` for drawings. It sanitises them too: a parser in this page would complain of
 * every style. What comes back is shown as a picture, in which nothing runs and nothing is loaded.
 */
import purifier from "dompurify/dist/purify.min.js?url";
import library from "mermaid/dist/mermaid.min.js?url";

/** A diagram that takes longer than this is given up, and its frame with it. */
const PATIENCE_MS = 15_000;

interface Waiting {
  resolve: (svg: string) => void;
  reject: (error: Error) => void;
}

let frame: { element: HTMLIFrameElement; ready: Promise<void> } | null = null;
let last = 0;
const waiting = new Map<number, Waiting>();

function open(): { element: HTMLIFrameElement; ready: Promise<void> } {
  const element = document.createElement("iframe");
  element.src = "/diagram.html";
  element.title = "Diagrams";
  element.setAttribute("sandbox", "allow-scripts");
  element.setAttribute("aria-hidden", "true");
  element.tabIndex = -1;
  element.className = "diagram-frame";
  const ready = new Promise<void>((resolve) => {
    window.addEventListener("message", (event) => {
      if (event.source !== element.contentWindow) return;
      const said = event.data as { ready?: boolean; id?: number; svg?: string; error?: string };
      if (said.ready) return resolve();
      const who = waiting.get(said.id ?? 0);
      waiting.delete(said.id ?? 0);
      if (typeof said.svg === "string") who?.resolve(said.svg);
      else who?.reject(new Error(said.error ?? "no drawing"));
    });
  });
  document.body.append(element);
  return { element, ready };
}

function close(): void {
  frame?.element.remove();
  frame = null;
  for (const who of waiting.values()) who.reject(new Error("the drawing took too long"));
  waiting.clear();
}

export interface Drawing {
  svg: string;
  /** In CSS pixels; null where the drawing does not say. */
  width: number | null;
}

/** Throws where the source is no diagram. */
export const draw = (source: string, dark: boolean): Promise<Drawing> => ask({ libraries: [library, purifier], source, dark });

/** An SVG of somebody, without whatever could run, load or lead somewhere. Throws where it is none. */
export const soundPicture = (source: string): Promise<Drawing> => ask({ libraries: [purifier], source, picture: true });

async function ask({ libraries, ...wanted }: { libraries: string[]; source: string; dark?: boolean; picture?: boolean }): Promise<Drawing> {
  frame ??= open();
  const { element, ready } = frame;
  const id = ++last;
  const timer = setTimeout(close, PATIENCE_MS);
  try {
    const answer = new Promise<string>((resolve, reject) => waiting.set(id, { resolve, reject }));
    await Promise.race([ready, answer]);
    element.contentWindow?.postMessage({ id, libraries: libraries.map((path) => new URL(path, location.href).href), ...wanted }, "*");
    const svg = await answer;
    const box = /viewBox="[-\d.]+ [-\d.]+ ([\d.]+) /.exec(svg);
    return { svg, width: box ? Number(box[1]) : null };
  } finally {
    clearTimeout(timer);
  }
}
