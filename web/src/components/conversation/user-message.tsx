import { Pencil } from "lucide-react";
import { memo, useState } from "react";
import { Button } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/parts";
import type { Message, NewPart } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { BranchSwitcher } from "./branch-switcher";
import { plainText } from "./run-state";
import type { Siblings } from "./tree";

interface Props {
  message: Message;
  siblings: Siblings | null;
  /** Nothing can be changed while an answer is being written. */
  busy: boolean;
  onEdit: (message: Message, parts: NewPart[]) => Promise<boolean>;
  onBranch: (id: string) => void;
}

export const UserMessage = memo(({ message, siblings, busy, onEdit, onBranch }: Props) => {
  const [editing, setEditing] = useState(false);
  const [whole, setWhole] = useState(false);
  const text = plainText(message);
  const long = text.length > 1400 || text.split("\n").length > 16;
  const images = message.content.filter((part) => part.type === "image");

  if (editing)
    return (
      <Editor
        text={text}
        onCancel={() => setEditing(false)}
        onSave={async (changed) => {
          const parts: NewPart[] = images.map((image) => ({ type: "image", asset_id: image.asset_id }));
          if (changed) parts.push({ type: "text", text: changed });
          if (await onEdit(message, parts)) setEditing(false);
        }}
      />
    );

  return (
    <article aria-label="You" className="group flex flex-col items-end gap-1">
      <h2 className="sr-only">You asked</h2>
      {images.length > 0 && (
        <div className="flex max-w-[85%] flex-wrap justify-end gap-2">
          {images.map((image) => (
            <a key={image.asset_id} href={image.url} target="_blank" rel="noopener noreferrer">
              <img src={image.url} alt="Attached" loading="lazy" className="max-h-56 max-w-full rounded-xl border object-contain" />
            </a>
          ))}
        </div>
      )}
      {text && (
        <div className="max-w-[85%] rounded-2xl rounded-br-md bg-subtle px-4 py-2.5">
          <div dir="auto" className={cn("text-[15px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]", long && !whole && "line-clamp-12")}>
            {text}
          </div>
          {long && (
            <button type="button" aria-expanded={whole} className="mt-1 min-h-7 text-[13px] font-medium text-ink-2 hover:text-ink" onClick={() => setWhole(!whole)}>
              {whole ? "Show less" : "Show all"}
            </button>
          )}
        </div>
      )}
      <div className="flex h-8 items-center gap-0.5 text-ink-3">
        <div className="flex opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
          <CopyButton text={text} label="Copy question" />
          <Button variant="ghost" size="icon" aria-label="Edit question" title="Edit" disabled={busy} onClick={() => setEditing(true)}>
            <Pencil className="size-4" />
          </Button>
        </div>
        <BranchSwitcher siblings={siblings} noun="question" disabled={busy} onBranch={onBranch} />
      </div>
    </article>
  );
});

interface EditorProps {
  text: string;
  onSave: (text: string) => Promise<void>;
  onCancel: () => void;
}

function Editor({ text, onSave, onCancel }: EditorProps) {
  const [value, setValue] = useState(text);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    await onSave(value.trim());
    setBusy(false);
  };
  return (
    <form
      aria-label="Edit question"
      className="grid gap-2 rounded-2xl bg-subtle p-3"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        aria-label="Question"
        autoFocus
        value={value}
        rows={Math.min(12, value.split("\n").length + 1)}
        onChange={(event) => setValue(event.target.value)}
        onFocus={(event) => event.target.setSelectionRange(value.length, value.length)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            event.preventDefault();
            onCancel();
          } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }
        }}
        className="scroll w-full resize-y rounded-lg bg-transparent px-1.5 py-1 text-[15px] leading-relaxed"
      />
      <div className="flex items-center justify-end gap-2">
        <p className="mr-auto pl-1.5 text-[13px] text-ink-3">The earlier version stays beside it.</p>
        <Button size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button size="sm" variant="primary" type="submit" busy={busy} disabled={!value.trim()}>
          Ask
        </Button>
      </div>
    </form>
  );
}
