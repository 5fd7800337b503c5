import { ArrowDownToLine, ArrowUpToLine, ChevronDown, ChevronRight, Code, Copy, CopyPlus, Eye, FileText, Globe, History, type LucideIcon, MessageSquare, Braces, Ellipsis, Pencil, Scaling, Shapes, Table2, Trash2, WandSparkles, Workflow } from "lucide-react";
import { type KeyboardEvent, memo, useEffect, useMemo, useState } from "react";
import type * as Y from "yjs";
import { brief, sourceOf, spansOf } from "@/components/rooms/provenance";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { copyText } from "@/lib/clipboard";
import { cn } from "@/lib/cn";
import { toast } from "@/lib/toast";
import { ArtifactBody } from "./artifact-body";
import { useCanvasRoom, useSettled, useWords } from "./context";
import { languages, type Look, lookOf, looksOf } from "./looks";
import { type Artifact, type ArtifactType, bodyOf, duplicate, provenanceOf, remove, restack, set, titleOf, types } from "./model";

export const icons: Record<ArtifactType, LucideIcon> = { markdown: FileText, code: Code, table: Table2, mermaid: Workflow, html: Globe, svg: Shapes, json: Braces };

/** Asks for the name of an artifact to be written: the frame that shows it listens. */
const RENAME = "canvas-rename";
export const beginRename = (id: string): boolean => window.dispatchEvent(new CustomEvent(RENAME, { detail: id }));

interface Props {
  artifact: Artifact;
  /** On the board it is moved by its head and has its own height. */
  board?: boolean;
}

/** One artifact: its name and what can be done with it, above what it is. */
export const ArtifactFrame = memo(function ArtifactFrame({ artifact, board = false }: Props) {
  const { doc, writes, editing, edit } = useCanvasRoom();
  const [chosen, setChosen] = useState<Look>();
  const text = bodyOf(doc, artifact.id);
  const isEdited = editing === artifact.id;
  const look = lookOf(artifact, chosen, isEdited && writes);
  const looks = looksOf(artifact.type);
  const Icon = icons[artifact.type];
  if (!text) return null;
  return (
    <div className="@container flex h-full min-h-0 flex-col">
      <div className={cn("flex shrink-0 items-center gap-1.5 border-b bg-panel py-1 pr-1 pl-2", board && "artifact-head cursor-grab active:cursor-grabbing", artifact.collapsed && "border-b-0")}>
        <Button
          variant="ghost"
          size="bare"
          className="nodrag size-6 rounded"
          aria-expanded={!artifact.collapsed}
          aria-label={artifact.collapsed ? `Open ${titleOf(artifact)}` : `Collapse ${titleOf(artifact)}`}
          disabled={!writes}
          onClick={() => set(doc, artifact.id, "collapsed", !artifact.collapsed)}
        >
          {artifact.collapsed ? <ChevronRight className="size-4" /> : <ChevronDown className="size-4" />}
        </Button>
        <Icon aria-hidden className="size-4 shrink-0 text-ink-3" />
        <Title artifact={artifact} />
        {!artifact.collapsed && artifact.type === "code" && <LanguageChoice artifact={artifact} />}
        {!artifact.collapsed && looks.length > 0 && (
          <div role="group" aria-label="What is shown" className="nodrag hidden rounded-md bg-subtle p-0.5 @min-[19rem]:flex">
            {looks.map(([name, label]) => (
              <button
                key={name}
                type="button"
                aria-pressed={look === name}
                onClick={() => {
                  setChosen(name);
                  if (name === "preview" && isEdited) edit(null);
                }}
                className={cn("h-5.5 rounded px-1.5 text-xs text-ink-2 hover:text-ink", look === name && "bg-raised text-ink shadow-sm")}
              >
                {label}
              </button>
            ))}
          </div>
        )}
        <Actions artifact={artifact} text={text} look={look} onLook={setChosen} />
      </div>
      {!artifact.collapsed && (
        <>
          <Origin text={text} />
          <div className="min-h-0 flex-1 bg-raised">
            <ArtifactBody artifact={artifact} text={text} look={look} />
          </div>
        </>
      )}
    </div>
  );
});

function Title({ artifact }: { artifact: Artifact }) {
  const { doc, writes } = useCanvasRoom();
  const [draft, setDraft] = useState<string | null>(null);
  useEffect(() => {
    const begin = (event: Event) => {
      if ((event as CustomEvent<string>).detail === artifact.id && writes) setDraft(artifact.title);
    };
    window.addEventListener(RENAME, begin);
    return () => window.removeEventListener(RENAME, begin);
  }, [artifact.id, artifact.title, writes]);
  const keep = () => {
    if (draft !== null) set(doc, artifact.id, "title", draft.trim().slice(0, 200));
    setDraft(null);
  };
  if (draft === null)
    return (
      <h3 className="min-w-0 flex-1 truncate text-[13px] font-medium" title={titleOf(artifact)} onDoubleClick={() => writes && setDraft(artifact.title)}>
        {titleOf(artifact)}
      </h3>
    );
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") keep();
    else if (event.key === "Escape") setDraft(null);
  };
  return (
    <input
      autoFocus
      aria-label="Name of the artifact"
      value={draft}
      maxLength={200}
      placeholder={types[artifact.type].name}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={keep}
      onKeyDown={onKeyDown}
      className="nodrag h-6 min-w-0 flex-1 rounded border bg-raised px-1.5 text-[13px] outline-accent"
    />
  );
}

function LanguageChoice({ artifact }: { artifact: Artifact }) {
  const { doc, writes } = useCanvasRoom();
  const value = artifact.language ?? "";
  return (
    <select
      aria-label="Language"
      value={value}
      disabled={!writes}
      onChange={(event) => set(doc, artifact.id, "language", event.target.value || null)}
      className="nodrag h-6 max-w-28 rounded bg-transparent px-1 text-xs text-ink-2 hover:bg-hover"
    >
      <option value="">plain text</option>
      {(value && !languages.includes(value) ? [value, ...languages] : languages).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

/** "by gpt-4o · merged · $0.0012": who wrote the most of it, where a model wrote any. */
function Origin({ text }: { text: Y.Text }) {
  const { doc } = useCanvasRoom();
  const words = useSettled(useWords(text), 400);
  const known = provenanceOf(doc);
  const said = useMemo(() => {
    const shares = new Map<string, number>();
    for (const { from, to, src } of spansOf(text)) shares.set(src, (shares.get(src) ?? 0) + to - from);
    const [first] = [...shares].sort((a, b) => b[1] - a[1]);
    if (!first) return null;
    const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const own = words.length - total;
    const parts = [`by ${brief(sourceOf(known.get(first[0])) ?? {})}`];
    if (shares.size > 1) parts.push(shares.size === 2 ? "and 1 more source" : `and ${shares.size - 1} more sources`);
    if (own > 0 && words.length > 0) parts.push(`${Math.max(1, Math.round((own / words.length) * 100))}% by hand`);
    return parts.join(", ");
  }, [text, words, known]);
  if (!said) return null;
  return (
    <p data-origin title={said} className="shrink-0 truncate border-b bg-panel px-3 py-0.5 text-xs text-ink-3">
      {said}
    </p>
  );
}

interface ActionsProps {
  artifact: Artifact;
  text: Y.Text;
  look: Look;
  onLook: (look: Look) => void;
}

function Actions({ artifact, text, look, onLook }: ActionsProps) {
  const { doc, writes, me, edit, ask, comment, versions, placing, room } = useCanvasRoom();
  const { id } = artifact;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="bare" className="nodrag size-7 rounded" aria-label={`Actions for ${titleOf(artifact)}`}>
          <Ellipsis className="size-4" />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {writes && (
          <>
            <MenuItem onSelect={() => setTimeout(() => edit(id))}>
              <Pencil />
              Edit
            </MenuItem>
            <MenuItem onSelect={() => setTimeout(() => beginRename(id))}>
              <FileText />
              Rename
            </MenuItem>
            <MenuItem onSelect={() => setTimeout(() => ask(id, null))}>
              <WandSparkles />
              Ask a model…
            </MenuItem>
          </>
        )}
        {looksOf(artifact.type)
          .filter(([name]) => name !== look)
          .map(([name, label]) => (
            <MenuItem key={name} onSelect={() => onLook(name)}>
              <Eye />
              Show: {label.toLowerCase()}
            </MenuItem>
          ))}
        {room.status.role !== "viewer" && (
          <MenuItem onSelect={() => setTimeout(() => comment(id, null))}>
            <MessageSquare />
            Comment
          </MenuItem>
        )}
        <MenuItem onSelect={() => setTimeout(() => versions(id))}>
          <History />
          Versions
        </MenuItem>
        <MenuItem
          onSelect={async () => {
            if (await copyText(text.toString())) toast("Copied.", { kind: "success" });
          }}
        >
          <Copy />
          Copy the text
        </MenuItem>
        {writes && (
          <>
            <MenuItem onSelect={() => duplicate(doc, id, me)}>
              <CopyPlus />
              Duplicate
            </MenuItem>
            <MenuItem onSelect={() => setTimeout(() => placing(id))}>
              <Scaling />
              Place and size…
            </MenuItem>
            <MenuSeparator />
            <MenuItem onSelect={() => restack(doc, id)}>
              <ArrowUpToLine />
              Bring to the front
            </MenuItem>
            <MenuItem onSelect={() => restack(doc, id, false)}>
              <ArrowDownToLine />
              Send to the back
            </MenuItem>
            <MenuSeparator />
            <MenuItem danger onSelect={() => remove(doc, [id])}>
              <Trash2 />
              Delete
            </MenuItem>
          </>
        )}
      </MenuContent>
    </Menu>
  );
}
