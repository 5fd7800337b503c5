import { MessageCircleQuestion } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { Markdown } from "@/components/markdown";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import type { Video, VideoAnswer } from "@/lib/api/types";
import { follow } from "@/lib/follow";
import { askVideo } from "./video-queries";
import { clock } from "./words";

interface Asked {
  question: string;
  atMs: number;
  chatId: string;
  text: string;
  over: boolean;
}

/** Ask about the moment at which the player stands; the answer comes as it is written, and stands in the chat. */
export function VideoAsk({ video, at }: { video: Video; at: number }) {
  const [question, setQuestion] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  async function ask() {
    setBusy(true);
    setFault("");
    try {
      const answer = await askVideo(video.id, question, Math.round(at * 1000));
      setAsked({ question, atMs: Math.round(at * 1000), chatId: answer.chat_id, text: "", over: false });
      setQuestion("");
      await read(answer);
    } catch (error) {
      setFault(messageOf(error));
    }
    setBusy(false);
  }

  async function read(answer: VideoAnswer) {
    leaving.current = new AbortController();
    let seq: string | null = null;
    await follow({
      path: `/runs/${answer.turn.run_id}/events`,
      signal: leaving.current.signal,
      after: () => seq,
      onConnection: () => undefined,
      onEvent: (event) => {
        if (event.id) seq = event.id;
        const data = JSON.parse(event.data || "{}") as { text?: string; detail?: string };
        if (event.event === "text") setAsked((before) => before && { ...before, text: before.text + (data.text ?? "") });
        if (event.event === "failed") setFault(data.detail ?? "The answer broke off.");
        return event.event === "done" || event.event === "failed";
      },
    });
    setAsked((before) => before && { ...before, over: true });
  }

  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (question.trim() && !busy) void ask();
      }}
    >
      <div className="flex items-end gap-2">
        <Field label={`Ask about this moment, ${clock(at)}`} className="flex-1">
          {(ids) => <Input {...ids} value={question} maxLength={2000} placeholder="What is on the screen?" onChange={({ target }) => setQuestion(target.value)} />}
        </Field>
        <Button type="submit" variant="primary" busy={busy} disabled={!question.trim()}>
          <MessageCircleQuestion className="size-4" />
          Ask
        </Button>
      </div>
      {fault && <Notice tone="danger">{fault}</Notice>}
      {asked && (
        <section aria-label="Answer" aria-live="polite" className="grid gap-2 rounded-lg border px-4 py-3">
          <p className="text-[13px] text-ink-3">
            {clock(asked.atMs / 1000)} · {asked.question}
          </p>
          <Markdown text={asked.text} streaming={!asked.over} />
          <Link href={`/chat/${asked.chatId}`} className="text-[13px] text-accent hover:underline">
            Go on in the chat
          </Link>
        </section>
      )}
    </form>
  );
}
