import { CircleAlert, WandSparkles } from "lucide-react";
import type { EditorView } from "@codemirror/view";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type * as Y from "yjs";
import { brief, facts, type Source } from "@/components/rooms/provenance";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/parts";
import { cn } from "@/lib/cn";
import { rewrite } from "@/lib/rooms";
import { type Selection, useCanvasRoom, useSettled, useWords } from "./context";
import { faultOf, formatJson } from "./json-text";
import { type Artifact, provenanceOf, titleOf, types } from "./model";
import { HtmlPreview, MarkdownPreview, MermaidPreview, SvgPreview } from "./previews";
import { TableGrid } from "./table-grid";
import type { Look } from "./looks";

const TextEditor = lazy(() => import("@/components/rooms/text-editor"));

interface Props {
  artifact: Artifact;
  text: Y.Text;
  look: Look;
}

/** The inside of an artifact: its text, what it looks like, or both. */
export function ArtifactBody({ artifact, text, look }: Props) {
  const { writes, editing, edit } = useCanvasRoom();
  const { type } = artifact;
  const title = titleOf(artifact);
  if (type === "table" && look === "preview") return <TableGrid text={text} label={title} readOnly={!writes} focused={editing === artifact.id} onLeave={() => edit(null)} />;
  const both = look === "split";
  return (
    <div className={cn("grid h-full min-h-0", both && "grid-cols-2 divide-x")}>
      {look !== "preview" && <Editor artifact={artifact} text={text} />}
      {look !== "edit" && (
        // A drawing takes the pointer of a drag otherwise; what is written can be selected.
        <div data-preview={type} onDoubleClick={() => writes && edit(artifact.id)} className={cn("scroll nowheel min-h-0 min-w-0 overflow-auto", type === "markdown" ? "nodrag nopan select-text" : "", type === "html" && "nodrag overflow-hidden")} tabIndex={type === "html" ? undefined : 0} role="region" aria-label={`Preview of ${title}`}>
          <Preview type={type} text={text} title={title} />
        </div>
      )}
    </div>
  );
}

function Preview({ type, text, title }: { type: Artifact["type"]; text: Y.Text; title: string }) {
  if (type === "markdown") return <MarkdownPreview text={text} />;
  if (type === "mermaid") return <MermaidPreview text={text} title={title} />;
  if (type === "svg") return <SvgPreview text={text} title={title} />;
  return <HtmlPreview text={text} title={title} />;
}

function Editor({ artifact, text }: { artifact: Artifact; text: Y.Text }) {
  const { room, doc, undo, writes, editing, edit, ask, comment } = useCanvasRoom();
  const [source, setSource] = useState<Source | null>(null);
  const [selection, setSelection] = useState<Selection | null>(null);
  const provenance = useMemo(() => provenanceOf(doc), [doc]);
  const view = useRef<EditorView | null>(null);
  const edited = editing === artifact.id;
  useEffect(() => {
    if (edited) view.current?.focus();
  }, [edited]);
  const mayComment = room.status.role !== "viewer";
  return (
    // However one came into it, Escape leads out to the artifact again.
    <div className="flex h-full min-h-0 min-w-0 flex-col" onFocus={(event) => writes && !edited && event.target instanceof HTMLElement && event.target.matches("[data-editor]") && edit(artifact.id)}>
      <Suspense fallback={<Skeleton className="m-3 h-24" />}>
        <TextEditor
          key={keyOf(text)}
          room={room}
          text={text}
          name={artifact.id}
          undo={undo}
          label={`${titleOf(artifact)}: text`}
          readOnly={!writes}
          language={artifact.type === "code" ? artifact.language : types[artifact.type].language}
          provenance={provenance}
          prose={artifact.type === "markdown"}
          placeholder={artifact.type === "markdown" ? "Write here, in Markdown" : undefined}
          autoFocus={edited}
          tabStop={edited || !writes}
          onView={(made) => {
            view.current = made;
          }}
          onSource={setSource}
          onSelect={(range) => setSelection(range && { ...range, text: text.toString().slice(range.from, range.to) })}
          onLeave={() => edit(null)}
          className="min-h-0 flex-1"
        />
      </Suspense>
      {artifact.type === "json" && <JsonState text={text} writes={writes} />}
      {selection ? (
        <div role="toolbar" aria-label="The selected text" className="nodrag flex items-center gap-1 border-t px-2 py-1">
          {writes && (
            <Button size="sm" variant="ghost" className="h-7 px-2 text-accent" onClick={() => ask(artifact.id, selection)}>
              <WandSparkles className="size-3.5" />
              Ask a model…
            </Button>
          )}
          {mayComment && (
            <Button size="sm" variant="ghost" className="h-7 px-2" onClick={() => comment(artifact.id, selection)}>
              Comment
            </Button>
          )}
        </div>
      ) : (
        source && (
          <p data-source-line title={facts(source).map(([name, value]) => `${name}: ${value}`).join("\n")} className="truncate border-t px-3 py-1 text-xs text-ink-3">
            Written by {brief(source)}
          </p>
        )
      )}
    </div>
  );
}

let numbers = 0;
const keys = new WeakMap<Y.Text, number>();

/** Another text under the same id, as after an undo of its removal, is another editor. */
function keyOf(text: Y.Text): number {
  if (!keys.has(text)) keys.set(text, ++numbers);
  return keys.get(text) as number;
}

function JsonState({ text, writes }: { text: Y.Text; writes: boolean }) {
  const words = useSettled(useWords(text), 150);
  const fault = useMemo(() => faultOf(words), [words]);
  return (
    <div className="flex min-h-8 items-center gap-2 border-t px-3 py-1 text-xs" role="status">
      {fault ? (
        <span className="flex min-w-0 items-center gap-1.5 text-danger">
          <CircleAlert aria-hidden className="size-3.5 shrink-0" />
          <span className="truncate">
            Line {fault.line}, column {fault.column}: {fault.message}
          </span>
        </span>
      ) : (
        <span className="text-ink-3">{words.trim() ? "Valid JSON" : "Empty"}</span>
      )}
      {writes && (
        <Button size="bare" variant="ghost" className="ml-auto h-6 rounded px-2 text-xs" disabled={fault !== null} onClick={() => rewrite(text, formatJson(text.toString()))}>
          Format
        </Button>
      )}
    </div>
  );
}
