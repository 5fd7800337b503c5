/** What artifacts look like. Nothing of them runs in this page: pages in a frame without an origin, drawings as pictures. */
import { CircleAlert, Play, Square } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type * as Y from "yjs";
import { Markdown } from "@/components/markdown";
import { type Drawing, draw, soundPicture } from "@/components/markdown/draw";
import { Button } from "@/components/ui/button";
import { useDark } from "@/lib/use-dark";
import { useSettled, useWords } from "./context";

const Nothing = ({ children }: { children: string }) => <p className="grid h-full place-content-center p-4 text-center text-[13px] text-ink-3">{children}</p>;

export function MarkdownPreview({ text }: { text: Y.Text }) {
  const words = useSettled(useWords(text), 120);
  if (words.trim() === "") return <Nothing>Nothing is written here yet.</Nothing>;
  return (
    <div className="p-4">
      <Markdown text={words} />
    </div>
  );
}

interface PictureProps {
  text: Y.Text;
  title: string;
}

function usePicture(source: string, make: (source: string) => Promise<Drawing>): { drawing: Drawing | null; fault: string } {
  const [state, setState] = useState<{ drawing: Drawing | null; fault: string }>({ drawing: null, fault: "" });
  useEffect(() => {
    let stale = false;
    make(source).then(
      (drawing) => !stale && setState({ drawing, fault: "" }),
      // The last good drawing stays while somebody types.
      (error: Error) => !stale && setState((before) => ({ ...before, fault: error.message })),
    );
    return () => {
      stale = true;
    };
  }, [source, make]);
  return state;
}

const Picture = ({ drawing, fault, title, empty }: { drawing: Drawing | null; fault: string; title: string; empty: boolean }) => {
  if (empty) return <Nothing>Nothing is drawn here yet.</Nothing>;
  return (
    <div className="flex h-full min-h-24 flex-col">
      {fault && (
        <p role="status" className="flex items-start gap-1.5 bg-warn-soft px-3 py-1.5 text-xs text-warn [overflow-wrap:anywhere]">
          <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <span className="line-clamp-3">Cannot be drawn: {fault}</span>
        </p>
      )}
      {drawing && (
        // Not a blob: an address of this origin, opened in a tab of its own, would be a page of this origin.
        <img src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing.svg)}`} alt={title} draggable={false} className="min-h-0 flex-1 object-contain p-3" />
      )}
    </div>
  );
};

export function MermaidPreview({ text, title }: PictureProps) {
  const words = useSettled(useWords(text), 250);
  const dark = useDark();
  const [make] = [dark ? drawDark : drawLight];
  return <Picture {...usePicture(words, make)} title={title} empty={words.trim() === ""} />;
}

const drawDark = (source: string) => (source.trim() ? draw(source, true) : Promise.reject(new Error("")));
const drawLight = (source: string) => (source.trim() ? draw(source, false) : Promise.reject(new Error("")));
const drawPicture = (source: string) => (source.trim() ? soundPicture(source) : Promise.reject(new Error("")));

export function SvgPreview({ text, title }: PictureProps) {
  const words = useSettled(useWords(text), 200);
  return <Picture {...usePicture(words, drawPicture)} title={title} empty={words.trim() === ""} />;
}

// Stands before whatever the artifact brings; the frame is served with the same policy, and this one says it again.
const POLICY =
  "<!doctype html><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; form-action 'none'; base-uri 'none'\">";

export function HtmlPreview({ text, title }: PictureProps) {
  const words = useSettled(useWords(text), 400);
  const [runs, setRuns] = useState(true);
  if (words.trim() === "") return <Nothing>Nothing is written here yet.</Nothing>;
  return (
    <div className="relative h-full">
      {runs ? <Frame key={words} html={words} title={title} /> : <Nothing>Stopped. It runs in a frame that reaches neither your session nor the network.</Nothing>}
      <Button
        size="icon"
        variant="outline"
        aria-label={runs ? "Stop the page" : "Run the page"}
        title={runs ? "Stop" : "Run"}
        className="absolute right-2 bottom-2 size-7"
        onClick={() => setRuns(!runs)}
      >
        {runs ? <Square className="size-3" /> : <Play className="size-3" />}
      </Button>
    </div>
  );
}

function Frame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    // Only the frame's own first word counts: what runs in it later may say the same, and is not answered.
    const onMessage = (event: MessageEvent) => {
      if (event.source !== frame.current?.contentWindow || (event.data as { ready?: unknown } | null)?.ready !== true) return;
      window.removeEventListener("message", onMessage);
      frame.current?.contentWindow?.postMessage({ html: POLICY + html }, "*");
    };
    window.addEventListener("message", onMessage);
    return () => window.removeEventListener("message", onMessage);
  }, [html]);
  return <iframe ref={frame} src="/artifact.html" title={title} sandbox="allow-scripts" referrerPolicy="no-referrer" allow="" className="size-full border-0 bg-white" />;
}
