import { useQueryClient } from "@tanstack/react-query";
import { BadgeCheck, ChevronDown, FileText, MessageCircleQuestion, MessageSquare, Play, ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { Markdown } from "@/components/markdown";
import { SendToCanvas } from "@/components/send-to-canvas";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { Card, Section } from "@/components/ui/page";
import { CopyButton, Notice } from "@/components/ui/parts";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { Chat } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { toast } from "@/lib/toast";
import { Count } from "./composer";
import { solutionState } from "./drawing";
import { type Acts, saveReport } from "./queries";
import type { Budget, Session } from "./types";
import { countsBy, howSure, percent, wayOut } from "./words";

/** What a session that ended came to, and what can be done with it. */
export function Result({ session, acts }: { session: Session; acts: Acts | null }) {
  const has = session.solution !== null || session.answer !== null;
  return (
    <Section title={has ? (session.solution_found ? "Solution" : "What there is") : "No solution"}>
      <Card className="grid gap-4 p-5">
        {session.error && (
          <Notice tone={session.status === "failed" ? "danger" : "warn"}>
            {session.error.title}: {sentence(session.error.detail)}
          </Notice>
        )}
        {has && <Sure session={session} />}
        {session.answer !== null && (
          <div className="flex items-start gap-2 rounded-xl bg-subtle px-4 py-3">
            <div className="min-w-0 flex-1">
              <p className="text-[13px] text-ink-3">Answer</p>
              <div className="font-medium [overflow-wrap:anywhere]">
                <Markdown text={session.answer} />
              </div>
            </div>
            <CopyButton text={session.answer} label="Copy the answer" />
          </div>
        )}
        {session.solution !== null && session.solution.trim() !== session.answer?.trim() && (
          <div className="min-w-0 [overflow-wrap:anywhere]">
            <Markdown text={session.solution} />
          </div>
        )}
        {!has && !session.error && <p className="text-sm text-ink-2">It ended before there was an answer.</p>}
        {!has && session.nodes.length > 0 && <p className="text-sm text-ink-2">{howSure(session)}</p>}
        {session.notes.length > 0 && (
          <ul aria-label="Notes" className="grid list-disc gap-1 pl-5 text-sm text-ink-2">
            {session.notes.map((note) => (
              <li key={note} className="[overflow-wrap:anywhere]">
                {sentence(note)}
              </li>
            ))}
          </ul>
        )}
        <Facts session={session} />
        {acts && session.status !== "completed" && <GoOn session={session} acts={acts} />}
        <div className="flex flex-wrap items-center gap-2">
          {acts && has && <ToChat session={session} />}
          <Report session={session} />
          {acts && has && <SendToCanvas source={{ kind: "reasoning", session_id: session.id }} words name={session.problem.slice(0, 80)} />}
          {acts && has && <Feedback session={session} acts={acts} />}
        </div>
      </Card>
    </Section>
  );
}

/** How far it can be trusted, in words; a figure only along with what it means. */
function Sure({ session }: { session: Session }) {
  const proven = solutionState(session) === "verified";
  const Icon = proven ? BadgeCheck : MessageCircleQuestion;
  return (
    <div className={cn("flex items-start gap-3 rounded-xl px-4 py-3 text-sm", proven ? "bg-good-soft text-good" : "bg-warn-soft text-warn")}>
      <Icon aria-hidden className="mt-0.5 size-4.5 shrink-0" />
      <div className="grid gap-0.5">
        <p className="font-medium">{proven ? "The solution is verified." : countsBy(session)}</p>
        <p>{howSure(session)}</p>
        {session.basis && session.nodes.length > 0 && <p>{sentence(session.basis)}</p>}
        {session.confidence !== null && <p>Confidence {percent(session.confidence)}, by how often what it rests on is right.</p>}
      </div>
    </div>
  );
}

function Facts({ session }: { session: Session }) {
  const took = session.completed_at ? new Date(session.completed_at).getTime() - new Date(session.created_at).getTime() : null;
  const facts: [string, string][] = [
    ["Cost", formatMoney(session.total_cost)],
    ["Tokens", formatCount(session.total_tokens)],
    ["Steps", formatCount(session.total_steps)],
    ["Time", took === null ? "–" : formatDuration(took)],
  ];
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-3">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt className="text-[13px] text-ink-3">{term}</dt>
          <dd className="text-sm font-medium tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Why it is not whole, and what can be done: more budget, or a step anew. */
function GoOn({ session, acts }: { session: Session; acts: Acts }) {
  const [budget, setBudget] = useState<Budget>(() => more(session.options.budget));
  return (
    <form
      aria-label="Go on"
      className="grid gap-3 rounded-xl border p-4"
      onSubmit={(event) => {
        event.preventDefault();
        void acts.steer({ kind: "resume", budget });
      }}
    >
      <p className="text-sm">{wayOut(session)}</p>
      <div className="grid grid-cols-2 items-start gap-4 sm:grid-cols-4">
        <Field label="Dollars in all">{(ids) => <Input {...ids} type="number" min="0" step="any" inputMode="decimal" placeholder="any" value={budget.cost ?? ""} onChange={(event) => setBudget({ ...budget, cost: event.target.value || null })} />}</Field>
        <Count label="Tokens in all" value={budget.tokens} min={0} max={1e9} onChange={(tokens) => setBudget({ ...budget, tokens })} />
        <Count label="Seconds in all" value={budget.seconds} min={0} max={86_400} onChange={(seconds) => setBudget({ ...budget, seconds })} />
        <Count label="Steps in all" value={budget.steps} min={0} max={1000} onChange={(steps) => setBudget({ ...budget, steps })} />
      </div>
      <div>
        <Button type="submit" size="sm" variant="primary" busy={acts.busy === "resume"}>
          {acts.busy !== "resume" && <Play className="size-3.5" />}
          Go on
        </Button>
      </div>
    </form>
  );
}

/** Twice what it had. */
const more = (budget: Budget): Budget => ({
  tokens: budget.tokens === null ? null : Math.min(1e9, Math.max(1000, budget.tokens * 2)),
  cost: budget.cost === null ? null : String(Number(budget.cost) * 2 || 0.01),
  seconds: budget.seconds === null ? null : Math.min(86_400, Math.max(60, budget.seconds * 2)),
  steps: budget.steps === null ? null : Math.min(1000, Math.max(10, budget.steps * 2)),
});

function ToChat({ session }: { session: Session }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const begin = async () => {
    setBusy(true);
    try {
      const chat = await api.post<Chat>(`/reasoning/sessions/${session.id}/chat`);
      void queries.invalidateQueries({ queryKey: ["chats"] });
      navigate(`/chat/${chat.id}`);
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
      setBusy(false);
    }
  };
  return (
    <Button size="sm" busy={busy} onClick={() => void begin()}>
      {!busy && <MessageSquare className="size-3.5" />}
      Go on in a chat
    </Button>
  );
}

function Report({ session }: { session: Session }) {
  const [busy, setBusy] = useState(false);
  const save = async (format: "markdown" | "pdf") => {
    setBusy(true);
    try {
      await saveReport(session.id, format);
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    }
    setBusy(false);
  };
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button size="sm" busy={busy}>
          {!busy && <FileText className="size-3.5" />}
          Report
          <ChevronDown aria-hidden className="size-3.5" />
        </Button>
      </MenuTrigger>
      <MenuContent align="start">
        <MenuItem onSelect={() => void save("pdf")}>As PDF</MenuItem>
        <MenuItem onSelect={() => void save("markdown")}>As Markdown</MenuItem>
      </MenuContent>
    </Menu>
  );
}

function Feedback({ session, acts }: { session: Session; acts: Acts }) {
  const say = async (good: boolean) => {
    if (await acts.judge(good)) toast("Kept. Later confidences learn from it.");
  };
  return (
    <span role="group" aria-label="Is the solution right?" className="ml-auto flex gap-1">
      <Button variant="ghost" size="icon" aria-label="The solution is right" title="The solution is right" aria-pressed={session.good === true} className={cn(session.good === true && "bg-good-soft text-good")} onClick={() => void say(true)}>
        <ThumbsUp className="size-4" />
      </Button>
      <Button variant="ghost" size="icon" aria-label="The solution is wrong" title="The solution is wrong" aria-pressed={session.good === false} className={cn(session.good === false && "bg-danger-soft text-danger")} onClick={() => void say(false)}>
        <ThumbsDown className="size-4" />
      </Button>
    </span>
  );
}
