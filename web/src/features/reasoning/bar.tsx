import { Ban, Pause, Pencil, Play } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Card } from "@/components/ui/page";
import { Spinner } from "@/components/ui/spinner";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { doing } from "./drawing";
import type { Acts } from "./queries";
import type { Session } from "./types";
import type { UnderWay } from "./under-way";
import { used } from "./words";

interface Props {
  session: Session;
  underWay: readonly UnderWay[];
  acts: Acts | null;
  onEdit: () => void;
}

/** What happens now, what it has used, and how it is steered. Its height is the same whatever happens. */
export function Bar({ session, underWay, acts, onEdit }: Props) {
  const running = session.status === "running";
  const elapsed = useElapsed(session.created_at, running);
  const done = session.nodes.filter((node) => node.state !== "pending" && node.state !== "running").length;
  const now =
    session.status === "waiting" ? "Waits for you" : session.status === "paused" ? "Paused: what was under way has ended" : session.nodes.length === 0 ? "Taking the problem apart" : done === session.nodes.length ? "Putting the solution together" : `${done} of ${session.nodes.length} steps done`;
  const what = doing(underWay);
  return (
    <Card className="grid gap-4 p-4 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0 flex-1 basis-56">
          <p role="status" className="flex items-center gap-2 text-sm font-medium">
            {running ? <Spinner /> : <Pause aria-hidden className="size-4 text-ink-3" />}
            {now}
          </p>
          <p className="h-5 truncate text-[13px] text-ink-2" data-now>
            {what && `${what}${underWay[0]?.node ? ` for ${underWay[0].node}` : ""}`}
          </p>
        </div>
        {acts && (
          <div className="flex flex-wrap gap-2">
            <Button size="sm" disabled={session.nodes.length === 0} onClick={onEdit}>
              <Pencil className="size-3.5" />
              Edit the plan
            </Button>
            {session.status === "paused" ? (
              <Button size="sm" variant="primary" busy={acts.busy === "resume"} onClick={() => void acts.steer({ kind: "resume", budget: null })}>
                {acts.busy !== "resume" && <Play className="size-3.5" />}
                Go on
              </Button>
            ) : (
              <Button size="sm" busy={acts.busy === "pause"} onClick={() => void acts.steer({ kind: "pause" })}>
                {acts.busy !== "pause" && <Pause className="size-3.5" />}
                Pause
              </Button>
            )}
            <Button size="sm" busy={acts.busy === "cancel"} onClick={() => void acts.cancel()}>
              {acts.busy !== "cancel" && <Ban className="size-3.5" />}
              Cancel
            </Button>
          </div>
        )}
      </div>
      <Spent session={session} elapsed={elapsed} />
      {acts && <Constraint session={session} acts={acts} />}
    </Card>
  );
}

/** Seconds since it began, told anew each second while it runs. */
function useElapsed(since: string, running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return Math.max(0, Math.round((now - new Date(since).getTime()) / 1000));
}

function Spent({ session, elapsed }: { session: Session; elapsed: number }) {
  const shares = used(session, elapsed);
  const figures: [string, string][] = [
    ["cost", formatMoney(session.total_cost)],
    ["tokens", formatCount(session.total_tokens)],
    ["time", formatDuration(elapsed * 1000)],
    ["steps", formatCount(session.total_steps)],
  ];
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4">
      {figures.map(([name, value]) => {
        const share = shares.find((one) => one.name === name)?.share;
        return (
          <div key={name}>
            <dt className="text-[13px] text-ink-3 capitalize">{name}</dt>
            <dd className="text-sm font-medium tabular-nums">{value}</dd>
            <dd className="mt-1 h-1">
              {share !== undefined && (
                <div role="meter" aria-label={`${name} of the budget`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} className="h-1 overflow-hidden rounded-full bg-subtle">
                  <div className={share > 0.9 ? "h-full rounded-full bg-warn" : "h-full rounded-full bg-accent"} style={{ width: `${share * 100}%` }} />
                </div>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Something that everything from now on must keep to. */
function Constraint({ session, acts }: { session: Session; acts: Acts }) {
  const [text, setText] = useState("");
  const add = async () => {
    const words = text.trim();
    if (words && (await acts.steer({ kind: "constraint", text: words }))) setText("");
  };
  return (
    <form
      className="flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <Field label="Add a condition" hint={session.constraints.length ? `So far: ${session.constraints.map((one) => `“${one}”`).join(", ")}` : "Everything from now on keeps to it."} className="min-w-0 flex-1">
        {(ids) => (
          <span className="flex gap-2">
            <Input {...ids} maxLength={4000} value={text} placeholder="Only metric units, say" onChange={(event) => setText(event.target.value)} />
            <Button type="submit" busy={acts.busy === "constraint"} disabled={!text.trim()}>
              Add
            </Button>
          </span>
        )}
      </Field>
    </form>
  );
}
