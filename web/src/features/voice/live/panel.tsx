import { Ear, Hand, LoaderCircle, type LucideIcon, Mic, MicOff, Play, PlugZap, Send, Sparkles, Square, Volume2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox, Input } from "@/components/ui/field";
import { Kbd, Notice } from "@/components/ui/parts";
import { cn } from "@/lib/cn";
import { useShortcut } from "@/lib/shortcuts";
import { type Phase, phaseOf } from "./conversation";
import { Level } from "./level";
import type { Talk } from "./talk";

const icons: Record<Phase, LucideIcon> = {
  apart: PlugZap,
  connecting: LoaderCircle,
  listening: Mic,
  hearing: Ear,
  thinking: Sparkles,
  speaking: Volume2,
  paused: MicOff,
  reconnecting: LoaderCircle,
  ended: Square,
};

const words: Record<Phase, string> = {
  apart: "Not connected",
  connecting: "Connecting…",
  listening: "Listening",
  hearing: "Hearing you",
  thinking: "Thinking",
  speaking: "Speaking",
  paused: "Microphone off",
  reconnecting: "Connection lost, connecting again…",
  ended: "Ended",
};

const fields = "a, button, input, select, textarea, summary, audio, [contenteditable]";

interface Props {
  talk: Talk;
  handsFree: boolean;
  onHandsFree: (on: boolean) => void;
  /** Why nothing can be heard or said. */
  blocked: string;
}

/** What is going on, and the ways to change it: by button, by key, by typing. */
export function Panel({ talk, handsFree, onHandsFree, blocked }: Props) {
  const { state } = talk;
  const phase = phaseOf(state);
  const Icon = icons[phase];
  const connected = state.link === "open" || state.link === "reconnecting";
  const last = state.turns.at(-1);
  const stoppable = Boolean(state.spoken) || Boolean(last && !last.whole);
  const holder = useRef<HTMLButtonElement>(null);

  useShortcut("escape", "Stop speaking", () => talk.stop(), connected);
  useShortcut("m", "Microphone on or off", () => talk.mute(!state.muted), connected);
  // For the list alone: to hold is more than to press, and is looked after below.
  useShortcut("space", "Hold to talk", () => undefined, connected);
  useHold(talk, holder);

  // Whoever began by the keyboard goes on by it: the button that was pressed is gone.
  const open = state.link === "open";
  useEffect(() => {
    if (open && (document.activeElement === document.body || document.activeElement?.id === "main")) holder.current?.focus({ preventScroll: true });
  }, [open]);

  const doing = phase === "listening" ? (talk.state.held ? "Listening while you hold" : handsFree ? "Listening. Speak whenever you like" : "Ready. Hold the button and speak") : words[phase];
  return (
    <section aria-label="Controls" className="grid gap-3 rounded-2xl border border-line-strong/60 bg-raised px-4 py-3.5 shadow-[0_2px_14px_-4px_rgb(20_16_10/0.10)]">
      {(state.fault || blocked) && <Notice tone={state.fault ? "danger" : "warn"}>{state.fault || blocked}</Notice>}
      {state.deaf && (
        <Notice
          tone="danger"
          icon={MicOff}
          action={
            connected && (
              <Button size="sm" onClick={() => talk.mute(false)}>
                Try again
              </Button>
            )
          }
        >
          {state.deaf}
        </Notice>
      )}
      <div className="flex min-h-8 items-center gap-3">
        <span className={cn("grid size-8 shrink-0 place-items-center rounded-full", phase === "hearing" || phase === "speaking" ? "bg-accent-soft text-accent" : "bg-subtle text-ink-2")}>
          <Icon aria-hidden className={cn("size-4", Icon === LoaderCircle && "animate-spin motion-reduce:animate-none")} />
        </span>
        <p role="status" className="min-w-0 text-sm font-medium">
          {doing}
        </p>
        {connected && (
          <span className="ml-auto">
            <Level talk={talk} />
          </span>
        )}
      </div>
      {state.spoken && (
        <p data-caption aria-live="off" className="line-clamp-3 rounded-lg bg-accent-soft px-3 py-2 text-[15px] leading-snug">
          {state.spoken.sentence || "…"}
        </p>
      )}
      {connected ? (
        <>
          <div className="flex flex-wrap items-center gap-2">
            <HoldButton talk={talk} ref={holder} />
            <Button onClick={() => talk.mute(!state.muted)}>
              {state.muted ? <Mic className="size-4" /> : <MicOff className="size-4" />}
              {state.muted ? "Unmute" : "Mute"}
              <Hint keys="m" />
            </Button>
            <Button disabled={!stoppable} onClick={() => talk.stop()}>
              <Square className="size-4" />
              Stop speaking
              <Hint keys="escape" />
            </Button>
            <Checkbox label="Hands-free" className="items-center py-1 sm:ml-auto [&_input]:mt-0" checked={handsFree} onChange={({ target }) => onHandsFree(target.checked)} />
          </div>
          <Typed talk={talk} />
        </>
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          <Button variant="primary" size="lg" busy={phase === "connecting"} disabled={Boolean(blocked)} onClick={() => void talk.start()}>
            {phase !== "connecting" && <Play className="size-4" />}
            {state.turns.length ? "Go on talking" : "Start talking"}
          </Button>
          <p className="min-w-0 flex-1 basis-56 text-[13px] text-ink-2">Your microphone is used from then on, until you turn it off or leave this page.</p>
        </div>
      )}
    </section>
  );
}

/** Which key does the same, where there is a keyboard. */
const Hint = ({ keys }: { keys: string }) => (
  <span aria-hidden className="hidden lg:pointer-fine:inline">
    <Kbd keys={keys} />
  </span>
);

interface HoldProps {
  talk: Talk;
  ref: React.Ref<HTMLButtonElement>;
}

/** Held by finger, mouse or Space; a reader of the screen presses it once to begin and once to end. */
const HoldButton = ({ talk, ref }: HoldProps) => (
  <Button
    ref={ref}
    variant={talk.state.held ? "accent" : "primary"}
    aria-pressed={talk.state.held}
    className="touch-none select-none"
    disabled={talk.state.link !== "open"}
    onPointerDown={(event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      talk.hold(true);
    }}
    onLostPointerCapture={() => talk.hold(false)}
    onContextMenu={(event) => event.preventDefault()}
    onClick={({ detail }) => detail === 0 && talk.hold(!talk.state.held)}
  >
    <Hand className="size-4" />
    {talk.state.held ? "Let go to send" : "Hold to talk"}
    <Hint keys="space" />
  </Button>
);

/** Space, wherever it has no other meaning. */
function useHold(talk: Talk, holder: React.RefObject<HTMLButtonElement | null>): void {
  useEffect(() => {
    const ours = (event: KeyboardEvent) => {
      if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("[role=dialog],[role=menu]")) return false;
      const target = event.target as Element | null;
      return target === holder.current || !target?.closest?.(fields);
    };
    const down = (event: KeyboardEvent) => {
      if (!ours(event)) return;
      event.preventDefault();
      if (!event.repeat) talk.hold(true);
    };
    const up = (event: KeyboardEvent) => {
      if (event.key !== " " || !talk.state.held) return;
      event.preventDefault();
      talk.hold(false);
    };
    const away = () => talk.hold(false);
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", away);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", away);
    };
  }, [talk, holder]);
}

/** For what is hard to say aloud, or where one cannot speak. */
function Typed({ talk }: { talk: Talk }) {
  const [text, setText] = useState("");
  return (
    <form
      className="flex gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (!text.trim() || talk.state.link !== "open") return;
        talk.type(text.trim());
        setText("");
      }}
    >
      <Input aria-label="Type instead" placeholder="Or type what you want to say" maxLength={8000} value={text} onChange={({ target }) => setText(target.value)} />
      <Button type="submit" aria-label="Send" className="px-3" disabled={!text.trim() || talk.state.link !== "open"}>
        <Send className="size-4" />
      </Button>
    </form>
  );
}
