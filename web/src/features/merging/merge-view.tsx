import { Ban, MessageSquare, ThumbsDown, ThumbsUp } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { Markdown } from "@/components/markdown";
import { SendToCanvas } from "@/components/send-to-canvas";
import { Button } from "@/components/ui/button";
import { Card, Section, Table } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { Spinner } from "@/components/ui/spinner";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { Chat, Merge } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { toast } from "@/lib/toast";
import { useQueryClient } from "@tanstack/react-query";
import { useProgress } from "./progress";
import { mergeKey } from "./queries";
import { gateText, noteText, outcome, percent, strategyName } from "./words";

type Name = (position: number) => string;

function useNames(merge: Merge): Name {
  const { data: models } = useModels();
  return (position) => (position < 0 ? "the synthesis" : modelName(models, merge.responses.find((one) => one.position === position)?.model ?? merge.models_used[position] ?? `answer ${position + 1}`));
}

const joined = (names: string[]): string => (names.length ? new Intl.ListFormat("en").format(names) : "nobody");

/** A merge: its result with what it rests on, and how it came about. */
export function MergeView({ merge, actions }: { merge: Merge; actions?: ReactNode }) {
  const name = useNames(merge);
  if (merge.status === "running") return <Running merge={merge} />;
  return (
    <div className="grid gap-8">
      <Result merge={merge} name={name} actions={actions} />
      {merge.notes.length > 0 && (
        <Notice tone="neutral">
          {merge.notes.map((note) => (
            <p key={note}>{noteText(note)}</p>
          ))}
        </Notice>
      )}
      {merge.clusters.length > 0 && <Clusters merge={merge} name={name} />}
      {merge.claims.length > 0 && <Claims merge={merge} name={name} />}
      {merge.judgements.length > 0 && <Judgements merge={merge} name={name} />}
      {merge.turns.length > 0 && <Turns merge={merge} name={name} />}
      <Answers merge={merge} name={name} />
    </div>
  );
}

function Running({ merge }: { merge: Merge }) {
  const progress = useProgress(merge.run_id, merge.id);
  const { data: models } = useModels();
  const [stopping, setStopping] = useState(false);
  const asked = progress.models.length ? progress.models : merge.models_used;
  const cancel = async () => {
    setStopping(true);
    try {
      await api.post(`/runs/${merge.run_id}/cancel`);
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
      setStopping(false);
    }
  };
  return (
    <Card className="grid gap-4 p-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status" className="flex items-center gap-2 text-sm font-medium">
          <Spinner />
          {progress.came.length < asked.length ? `${progress.came.length} of ${asked.length} models have answered` : `Merging: ${strategyName(merge.merge_strategy).toLowerCase()}`}
          {progress.rounds > 0 && `, round ${progress.rounds}`}
          {progress.verdicts > 0 && `, ${progress.verdicts} ${progress.verdicts === 1 ? "pair" : "pairs"} judged`}
          {progress.claims > 0 && `, ${progress.claims} claims`}
        </p>
        <Button size="sm" busy={stopping} onClick={() => void cancel()}>
          {!stopping && <Ban className="size-3.5" />}
          Cancel
        </Button>
      </div>
      <ul className="grid gap-1.5 text-sm">
        {asked.map((model, position) => {
          const came = progress.came.find((one) => one.position === position);
          return (
            <li key={position} className="flex items-center gap-2">
              <span className={cn("size-2 shrink-0 rounded-full", came ? (came.failed ? "bg-danger" : "bg-good") : "animate-pulse bg-line-strong")} aria-hidden />
              <span className="min-w-0 truncate">{modelName(models, came?.model ?? model)}</span>
              <span className="text-[13px] text-ink-3">{came ? (came.failed ? "failed" : came.latency_ms === null ? "brought along" : formatDuration(came.latency_ms)) : "is asked"}</span>
            </li>
          );
        })}
      </ul>
      {progress.text && <Markdown text={progress.text} streaming />}
    </Card>
  );
}

interface Part {
  merge: Merge;
  name: Name;
}

function Result({ merge, name, actions }: Part & { actions?: ReactNode }) {
  const { text, tone } = outcome(merge);
  const byClaims = merge.provenance.some((one) => one.claims.length > 0) && merge.chosen === null;
  return (
    <Section
      title="Result"
      description={
        <>
          {strategyName(merge.merge_strategy)}
          {merge.decided_by && `${merge.decision === "decided" ? ", decided by" : ":"} ${merge.decided_by}`}
        </>
      }
      action={<Badge tone={tone}>{text}</Badge>}
    >
      <Card className="grid gap-4 p-5">
        {merge.error && (
          <Notice tone="danger">
            {merge.error.title}: {sentence(merge.error.detail)}
          </Notice>
        )}
        {merge.final_result === null ? (
          !merge.error && <p className="text-sm text-ink-2">{merge.decision === "none_usable" ? "No answer got past the gates." : "The answers do not agree enough to be one. What they say stands below, the likeliest first."}</p>
        ) : byClaims ? (
          <Provenance merge={merge} name={name} />
        ) : (
          <>
            <div className="min-w-0 [overflow-wrap:anywhere]">
              <Markdown text={merge.final_result} />
            </div>
            <p className="text-[13px] text-ink-2">{origin(merge, name)}</p>
          </>
        )}
        <Facts merge={merge} />
        {(merge.final_result !== null || actions) && (
          <div className="flex flex-wrap items-center gap-2">
            {actions}
            {merge.final_result !== null && (
              <>
                <ToChat merge={merge} />
                <Feedback merge={merge} />
              </>
            )}
          </div>
        )}
      </Card>
    </Section>
  );
}

/** Begins a chat with the prompt and the result. */
function ToChat({ merge }: { merge: Merge }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const begin = async () => {
    setBusy(true);
    try {
      const chat = await api.post<Chat>(`/merging/${merge.id}/chat`);
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

function origin(merge: Merge, name: Name): string {
  const holders = merge.clusters.find((one) => one.chosen)?.members ?? [];
  const own = merge.chosen === null ? "" : `In the words of ${name(merge.chosen)}. `;
  const others = holders.filter((position) => position !== merge.chosen);
  return own + (others.length ? `${joined(others.map(name))} ${others.length === 1 ? "says" : "say"} the same.` : "");
}

/** The result by its sentences: whichever is pointed at or focused shows what it rests on. */
function Provenance({ merge, name }: Part) {
  const [at, setAt] = useState<number | null>(null);
  const shown = at === null ? null : merge.provenance[at];
  return (
    <div className="grid gap-3">
      <p className="leading-7 [overflow-wrap:anywhere]">
        {merge.provenance.map((one, index) => (
          <span key={index}>
            <button
              type="button"
              aria-expanded={at === index}
              aria-controls="rests-on"
              onMouseEnter={() => setAt(index)}
              onFocus={() => setAt(index)}
              onClick={() => setAt(index)}
              className={cn("inline rounded text-left underline decoration-dotted decoration-1 underline-offset-4", at === index && "bg-accent-soft", !one.supported && "text-ink-3 line-through")}
            >
              {one.text}
              {!one.supported && <span className="sr-only"> (taken out: no claim bears it out)</span>}
            </button>{" "}
          </span>
        ))}
      </p>
      <div id="rests-on" aria-live="polite" className="min-h-16 rounded-lg bg-subtle px-3.5 py-2.5 text-[13px] text-ink-2">
        {!shown ? (
          "Point at a sentence, or move to it with Tab, to see what it rests on."
        ) : shown.claims.length === 0 ? (
          "It names no claim of the answers, so it was taken out."
        ) : (
          <ul className="grid gap-1.5">
            {shown.claims.map((id) => {
              const claim = merge.claims.find((one) => one.id === id);
              return (
                claim && (
                  <li key={id}>
                    <span className="text-ink">“{claim.text}”</span> {joined(claim.supporters.map(name))}
                    {claim.opposers.length > 0 && <span className="text-warn">; against it {joined(claim.opposers.map(name))}</span>}
                  </li>
                )
              );
            })}
          </ul>
        )}
      </div>
    </div>
  );
}

function Facts({ merge }: { merge: Merge }) {
  const facts: [string, string][] = [
    ["Quality", merge.quality_score === null ? (merge.quality_basis ?? "–") : percent(merge.quality_score)],
    ["Cost", formatMoney(merge.total_cost)],
    ["Time", merge.latency_ms === null ? "–" : formatDuration(merge.latency_ms)],
  ];
  if (merge.judge_tokens) facts.push(["Judge", `${merge.judge_model}, ${formatCount(merge.judge_tokens)} tokens`]);
  if (merge.writer_tokens) facts.push(["Writer", `${merge.writer_model}, ${formatCount(merge.writer_tokens)} tokens`]);
  return (
    <div className="grid gap-2">
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt className="text-[13px] text-ink-3">{term}</dt>
            <dd className="text-sm font-medium tabular-nums [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
      {merge.quality_score !== null && <p className="text-[13px] text-ink-3">Quality: {merge.quality_basis}.</p>}
    </div>
  );
}

function Feedback({ merge }: { merge: Merge }) {
  const queries = useQueryClient();
  const say = async (good: boolean) => {
    try {
      queries.setQueryData(mergeKey(merge.id), await api.post<Merge>(`/merging/${merge.id}/feedback`, { good }));
      toast("Kept. Later scores and choices learn from it.");
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    }
  };
  return (
    <span role="group" aria-label="Is the result right?" className="ml-auto flex gap-1">
      <SendToCanvas source={{ kind: "merge", merge_id: merge.id }} />
      <Button variant="ghost" size="icon" aria-label="The result is right" title="The result is right" aria-pressed={merge.good === true} className={cn(merge.good === true && "bg-good-soft text-good")} onClick={() => void say(true)}>
        <ThumbsUp className="size-4" />
      </Button>
      <Button variant="ghost" size="icon" aria-label="The result is wrong" title="The result is wrong" aria-pressed={merge.good === false} className={cn(merge.good === false && "bg-danger-soft text-danger")} onClick={() => void say(false)}>
        <ThumbsDown className="size-4" />
      </Button>
    </span>
  );
}

const Bar = ({ share, label, strong }: { share: number; label: string; strong?: boolean }) => (
  <div className="flex items-center gap-2">
    <div aria-hidden className="h-2 w-24 overflow-hidden rounded-full bg-subtle sm:w-40">
      <div className={cn("h-full rounded-full", strong ? "bg-accent" : "bg-line-strong")} style={{ width: `${share * 100}%` }} />
    </div>
    <span className="text-[13px] tabular-nums">{label}</span>
  </div>
);

const Clusters = ({ merge, name }: Part) => (
  <Section title={merge.final_result === null ? "Rival answers" : "What they say"} description="Answers that say the same, and how likely they are right by who gives them.">
    <Card>
      <ul className="divide-y">
        {merge.clusters.map((cluster) => (
          <li key={cluster.members.join() + cluster.value} className="grid gap-1.5 px-5 py-3 text-sm sm:grid-cols-[1fr_auto] sm:items-center sm:gap-6">
            <div className="min-w-0">
              <p className="line-clamp-3 font-medium [overflow-wrap:anywhere]">
                {cluster.value} {cluster.chosen && <Badge tone="accent">taken</Badge>}
              </p>
              <p className="text-[13px] text-ink-2">{joined(cluster.members.map(name))}</p>
            </div>
            <Bar share={cluster.probability} label={percent(cluster.probability)} strong={cluster.chosen} />
          </li>
        ))}
      </ul>
    </Card>
  </Section>
);

const Claims = ({ merge, name }: Part) => (
  <Section title={`Claims (${merge.claims.length})`} description="What the answers claim, who supports it and who says otherwise.">
    <Table label="Claims" head={["Claim", "For", "Against", <span key="u" className="sr-only">Used</span>]}>
      {merge.claims.map((claim) => (
        <tr key={claim.id}>
          <td className="min-w-60 [overflow-wrap:anywhere]">{claim.text}</td>
          <td className="text-ink-2">{joined(claim.supporters.map(name))}</td>
          <td className={claim.opposers.length ? "text-warn" : "text-ink-3"}>{claim.opposers.length ? joined(claim.opposers.map(name)) : "–"}</td>
          <td>{claim.used && <Badge tone="accent">used</Badge>}</td>
        </tr>
      ))}
    </Table>
  </Section>
);

const Judgements = ({ merge, name }: Part) => (
  <Section title="Verdicts" description={`${merge.judge_model ?? "A judge"} saw each pair in both orders, without names. What turned with the order is a tie.`}>
    <Table label="Verdicts" head={["Pair", "Verdict", "Why"]}>
      {merge.judgements.map((one, index) => (
        <tr key={index}>
          <td>
            {name(one.a)} and {name(one.b)}
          </td>
          <td className="whitespace-nowrap">{one.verdict === "tie" ? <span className="text-ink-3">a tie</span> : <span className="font-medium">{name(one.verdict === "a" ? one.a : one.b)}</span>}</td>
          <td className="min-w-60 text-[13px] text-ink-2 [overflow-wrap:anywhere]">{one.reasons?.[0] ?? "–"}</td>
        </tr>
      ))}
    </Table>
  </Section>
);

const Turns = ({ merge, name }: Part) => (
  <Section title="Debate" description="What each model held after each round, and why it changed.">
    <Table label="Debate" head={["Round", "Model", "Held", "Why"]}>
      {merge.turns.map((turn) => (
        <tr key={`${turn.round}/${turn.position}`}>
          <td className="tabular-nums">{turn.round}</td>
          <td>{name(turn.position)}</td>
          <td className="max-w-80">
            <span className="line-clamp-2 [overflow-wrap:anywhere]">{turn.answer && merge.answer_kind !== "text" ? turn.answer : turn.response}</span>
            {turn.changed && <Badge tone="warn">changed</Badge>} {turn.flip && <Badge tone={turn.flip === "right_to_wrong" ? "danger" : "good"}>{turn.flip === "right_to_wrong" ? "left the truth" : "came to the truth"}</Badge>}
          </td>
          <td className="min-w-48 text-[13px] text-ink-2 [overflow-wrap:anywhere]">{turn.error ? turn.error.detail : (turn.reason ?? "–")}</td>
        </tr>
      ))}
    </Table>
  </Section>
);

const Answers = ({ merge, name }: Part) => (
  <Section title="Answers" description="What each model said, and its part in the result.">
    <Card>
      <ul className="divide-y">
        {merge.responses.map((one) => (
          <li key={one.position} className="grid gap-2 px-5 py-4">
            <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
              <span className="font-medium">{name(one.position)}</span>
              <Bar share={Number(one.contribution_weight)} label={percent(Number(one.contribution_weight))} strong />
              {one.copy_of !== null && <Badge>a copy of {name(one.copy_of)}</Badge>}
              {one.gates.map((gate) => (
                <Badge key={gate} tone="warn">
                  {gateText(gate)}
                </Badge>
              ))}
              <span className="text-[13px] text-ink-3 tabular-nums sm:ml-auto">
                {[one.latency_ms === null ? null : formatDuration(one.latency_ms), one.tokens_used === null ? null : `${formatCount(one.tokens_used)} tokens`, one.cost === null ? null : formatMoney(one.cost), one.given ? "brought along" : null].filter(Boolean).join(" · ")}
              </span>
            </div>
            {one.error && (
              <p className="text-sm text-danger">
                {one.error.title}: {sentence(one.error.detail)}
              </p>
            )}
            {one.response && (
              <details className="text-sm">
                <summary className="w-fit max-w-full cursor-pointer truncate text-ink-2">{one.answer ? `Says ${one.answer.slice(0, 80)}` : `${one.response.slice(0, 80)}${one.response.length > 80 ? "…" : ""}`}</summary>
                <div className="mt-2 min-w-0 [overflow-wrap:anywhere]">
                  <Markdown text={one.response} />
                </div>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Card>
  </Section>
);
