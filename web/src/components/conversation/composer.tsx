import { ArrowUp, ImagePlus, Square, X } from "lucide-react";
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Spinner } from "@/components/ui/spinner";
import type { NewPart } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { toast } from "@/lib/toast";
import { type Attachment, imageTypes, useAttachments } from "./attachments";
import { readDraft, writeDraft } from "./drafts";

export interface Question {
  parts: NewPart[];
  /** What to show until the server has answered. */
  text: string;
  images: { asset_id: string; url: string }[];
}

export interface ComposerHandle {
  focus: () => void;
  fill: (text: string) => void;
}

interface Props {
  ref?: Ref<ComposerHandle>;
  /** Under which name the unsent words are kept. */
  draft: string;
  /** Names the field, where there is more than one composer; the page's own is "composer". */
  id?: string;
  label?: string;
  placeholder?: string;
  /** Takes the focus when it appears. */
  eager?: boolean;
  /** Above the words: whom they go to, what goes along. */
  lead?: ReactNode;
  /** Beside the pictures: what else can go along. */
  tools?: ReactNode;
  vision: boolean;
  streaming: boolean;
  stopping: boolean;
  sending: boolean;
  /** Why nothing can be asked now. */
  blocked?: string | null;
  onSend: (question: Question) => Promise<boolean>;
  /** Ctrl+Enter, where that goes farther than Enter. */
  onSendAll?: (question: Question) => Promise<boolean>;
  onStop: () => void;
}

export function questionOf(text: string, images: readonly Attachment[]): Question {
  const done = images.flatMap((item) => (item.uploaded ? [{ asset_id: item.uploaded.id, url: item.uploaded.url }] : []));
  const parts: NewPart[] = done.map((image) => ({ type: "image", asset_id: image.asset_id }));
  if (text.trim()) parts.push({ type: "text", text: text.trim() });
  return { parts, text: text.trim(), images: done };
}

const fine = matchMedia("(pointer: fine)");

export function Composer({
  ref,
  draft,
  id = "composer",
  label = "Your message",
  placeholder = "Ask anything",
  eager = true,
  lead,
  tools,
  vision,
  streaming,
  stopping,
  sending,
  blocked,
  onSend,
  onSendAll,
  onStop,
}: Props) {
  const [text, setText] = useState(() => readDraft(draft));
  const [over, setOver] = useState(false);
  const attachments = useAttachments();
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const empty = !text.trim() && attachments.items.length === 0;
  const held = attachments.items.length > 0 && !vision;

  useEffect(() => {
    // This may come late, and what somebody has opened meanwhile keeps the focus.
    const opened = document.querySelector("[role=menu], [role=dialog], [role=listbox]");
    if (eager && fine.matches && !opened) area.current?.focus({ preventScroll: true });
  }, [eager]);

  useImperativeHandle(ref, () => ({
    focus: () => area.current?.focus(),
    fill: (next) => {
      change(next);
      area.current?.focus();
    },
  }));

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, Math.max(120, window.innerHeight * 0.4))}px`;
  }, [text]);

  const change = (next: string) => {
    setText(next);
    writeDraft(draft, next);
  };

  const send = async (how = onSend) => {
    if (empty || streaming || sending || attachments.uploading || blocked || held) return;
    const question = questionOf(text, attachments.items);
    const words = text;
    change("");
    if (await how(question)) attachments.clear();
    // A refusal must not cost the words; what was typed since then stays too.
    else setText((since) => {
      const both = since ? `${words}\n${since}` : words;
      writeDraft(draft, both);
      return both;
    });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word. 229: Safari tells only so.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    // A phone has no Shift+Enter: there Enter is a new line and the button sends.
    if (!fine.matches && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    void send(event.ctrlKey || event.metaKey ? onSendAll : onSend);
  };

  const take = (files: Iterable<File>) => {
    if (vision) attachments.add(files);
    else toast("This model does not see pictures. Choose one that does.", { kind: "error" });
  };

  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  };

  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  };

  return (
    <form
      aria-label={label.replace("Your message", "Message")}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={cn(
        "relative rounded-2xl border border-line-strong/60 bg-raised shadow-[0_2px_14px_-4px_rgb(20_16_10/0.10)] transition-colors focus-within:border-line-strong",
        over && "border-accent",
      )}
    >
      {lead}
      {attachments.items.length > 0 && (
        <ul className="flex flex-wrap gap-2 px-3 pt-3" aria-label="Pictures">
          {attachments.items.map((item) => (
            <li key={item.key} className="relative">
              <img src={item.preview} alt={item.name} className={cn("size-16 rounded-lg border object-cover", !item.uploaded && "opacity-50")} />
              {!item.uploaded && <Spinner className="absolute inset-0 m-auto" />}
              <button
                type="button"
                aria-label={`Remove ${item.name}`}
                onClick={() => attachments.remove(item.key)}
                className="absolute -top-2 -right-2 grid size-6 place-items-center rounded-full border bg-raised text-ink-2 hover:text-ink"
              >
                <X className="size-3.5" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {held && <p role="alert" className="px-4 pt-2 text-[13px] text-warn">This model does not see pictures. Choose another, or remove them.</p>}
      <textarea
        ref={area}
        id={id}
        rows={1}
        aria-label={label}
        placeholder={blocked ?? placeholder}
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        disabled={Boolean(blocked)}
        className="scroll block w-full resize-none bg-transparent px-4 pt-3.5 pb-1 text-base leading-relaxed outline-none sm:text-[15px]"
      />
      <div className="flex items-center gap-0.5 px-2 pb-2">
        <input
          ref={picker}
          type="file"
          accept={imageTypes.join(",")}
          multiple
          hidden
          onChange={(event) => {
            take(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <Button
          variant="ghost"
          size="icon"
          aria-label="Add pictures"
          title={vision ? "Add pictures" : "This model does not see pictures"}
          aria-disabled={!vision || undefined}
          onClick={() => vision && picker.current?.click()}
          className="size-9 rounded-xl aria-disabled:opacity-45"
        >
          <ImagePlus className="size-4.5" />
        </Button>
        {tools}
        {streaming ? (
          <Button variant="primary" size="icon" aria-label="Stop" title="Stop (Esc)" disabled={stopping} onClick={onStop} className="ml-auto size-9 rounded-xl">
            {stopping ? <Spinner /> : <Square className="size-3.5 fill-current" />}
          </Button>
        ) : (
          <Button
            type="submit"
            variant="accent"
            size="icon"
            aria-label="Send"
            disabled={empty || sending || attachments.uploading || Boolean(blocked) || held}
            className="ml-auto size-9 rounded-xl disabled:bg-subtle disabled:text-ink-3 disabled:opacity-100"
          >
            {sending ? <Spinner /> : <ArrowUp className="size-4.5" strokeWidth={2.4} />}
          </Button>
        )}
      </div>
    </form>
  );
}
