import { useQueryClient } from "@tanstack/react-query";
import { ArrowDown, ArrowRight, ArrowUp, GripVertical, Plus, Route } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Rule } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { modelName, useModels } from "@/lib/models";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { useLatest } from "@/lib/use-latest";
import { HowRulesWork } from "./how-rules-work";
import { moved } from "./moved";
import { rulesKey, usePeople, useRules } from "./queries";
import { RuleForm } from "./rule-form";
import { conditionLines } from "./words";

/** Rules in the order in which they are asked: the workspace's, then the platform's. */
export function Rules() {
  const session = useSession();
  const admin = isAdmin(session);
  const client = useQueryClient();
  const { data: rules, error, refetch } = useRules();
  const [editing, setEditing] = useState<Rule | "new" | null>(null);
  const [deleting, setDeleting] = useState<Rule | null>(null);
  const own = rules?.filter((rule) => rule.scope === "workspace") ?? [];
  const platform = rules?.filter((rule) => rule.scope === "platform") ?? [];
  const make = admin && (
    <Button variant="primary" onClick={() => setEditing("new")}>
      <Plus className="size-4" />
      New rule
    </Button>
  );
  const list = { onEdit: setEditing, onDelete: setDeleting };
  return (
    <>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !rules ? (
        <TableSkeleton />
      ) : rules.length === 0 ? (
        <Empty icon={Route} title="No rules yet" action={make}>
          The score alone decides. A rule sends some of the calls where you say: code to one model, French to another, at night all to the machine in the cellar.
          <HowRulesWork />
        </Empty>
      ) : (
        <>
          <Section
            title="This workspace’s rules"
            description={own.length > 1 && admin ? "The first that holds decides. Drag them, or use the arrows, to change the order." : "The first that holds decides."}
            action={make}
          >
            {own.length ? (
              <RuleList rules={own} movable={admin} editable={admin} {...list} />
            ) : (
              <p className="rounded-xl border border-dashed px-5 py-6 text-sm text-ink-2">The workspace has none of its own.</p>
            )}
            <HowRulesWork />
          </Section>
          {platform.length > 0 && (
            <Section title="The platform’s rules" description="For every workspace. They are asked after its own.">
              <RuleList rules={platform} movable={session.user.is_operator} editable={session.user.is_operator} {...list} />
            </Section>
          )}
        </>
      )}
      <Dialog
        open={editing !== null}
        onOpenChange={(open) => !open && setEditing(null)}
        title={editing === "new" ? "New rule" : `Change ${editing?.name ?? ""}`}
        description="It decides for calls of auto as soon as it is saved. What must never be used is a policy’s to say."
        className="w-[min(94vw,44rem)]"
      >
        {editing && (
          <RuleForm
            key={editing === "new" ? "new" : editing.id}
            stored={editing === "new" ? null : editing}
            onCancel={() => setEditing(null)}
            onSaved={async () => {
              await client.invalidateQueries({ queryKey: rulesKey });
              setEditing(null);
              toast("The rule is saved.", { kind: "success" });
            }}
          />
        )}
      </Dialog>
      <Confirm
        open={deleting !== null}
        onOpenChange={(open) => !open && setDeleting(null)}
        title={`Delete ${deleting?.name}?`}
        description="It decides nothing from now on. What it decided stays in the history. To pause it, switch it off instead."
        action="Delete"
        danger
        run={async () => {
          await api.delete(`/routing/rules/${deleting?.id}`);
          await client.invalidateQueries({ queryKey: rulesKey });
          toast("The rule is deleted.", { kind: "success" });
        }}
      />
    </>
  );
}

interface ListProps {
  rules: Rule[];
  movable: boolean;
  editable: boolean;
  onEdit: (rule: Rule) => void;
  onDelete: (rule: Rule) => void;
}

function RuleList({ rules, movable, editable, onEdit, onDelete }: ListProps) {
  const client = useQueryClient();
  const { names } = usePeople();
  const { data: models } = useModels();
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<{ id: string; rules: Rule[] } | null>(null);
  const [said, setSaid] = useState("");
  const shown = dragged?.rules ?? rules;

  const newest = useRef(0);
  const queue = useRef(Promise.resolve());
  const keep = async (order: Rule[], rule: Rule) => {
    const turn = ++newest.current;
    setSaid(`${rule.name} is now ${order.indexOf(rule) + 1} of ${order.length}.`);
    await client.cancelQueries({ queryKey: rulesKey });
    client.setQueryData<Rule[]>(rulesKey, (all = []) => {
      const others = all.filter((one) => one.scope !== rule.scope);
      return rule.scope === "workspace" ? [...order, ...others] : [...others, ...order];
    });
    setDragged(null);
    // One after the other, and only the newest: each names the whole order.
    queue.current = queue.current.then(async () => {
      if (turn !== newest.current) return;
      try {
        await api.put("/routing/rules", { rules: order.map((one) => one.id), scope: rule.scope });
      } catch (fault) {
        setSaid("The order was not saved.");
        toast(messageOf(fault), { kind: "error" });
      }
      if (turn === newest.current) await client.invalidateQueries({ queryKey: rulesKey });
    });
  };

  const step = (at: number, to: number) => {
    const rule = rules[at];
    if (!rule || to < 0 || to >= rules.length) return;
    held.current = `move-${rule.id}-${to < at ? "up" : "down"}`;
    void keep(moved(rules, at, to), rule);
  };
  // A row that moves in the document loses the focus that it had.
  const held = useRef("");
  const ids = shown.map((rule) => rule.id).join();
  useLayoutEffect(() => {
    if (held.current) document.getElementById(held.current)?.focus();
    held.current = "";
  }, [ids]);

  const onMove = useLatest((event: PointerEvent) => {
    if (!dragged) return;
    const from = dragged.rules.findIndex((rule) => rule.id === dragged.id);
    const rows = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect());
    // A neighbour is passed at its middle, so that rows of unlike height do not flutter.
    let to = from;
    while (to > 0 && event.clientY < rows[to - 1]!.top + rows[to - 1]!.height / 2) to -= 1;
    while (to < rows.length - 1 && event.clientY > rows[to + 1]!.top + rows[to + 1]!.height / 2) to += 1;
    // At once, so that the next event, which may be the last, knows of it.
    if (to !== from) flushSync(() => setDragged({ id: dragged.id, rules: moved(dragged.rules, from, to) }));
  });
  const onUp = useLatest(() => {
    if (!dragged) return;
    const rule = dragged.rules.find((one) => one.id === dragged.id);
    if (rule && dragged.rules.some((one, at) => one.id !== rules[at]?.id)) void keep(dragged.rules, rule);
    else setDragged(null);
  });
  // At the window: a row that moves in the document loses a pointer that it had captured.
  const dragging = dragged !== null;
  useEffect(() => {
    if (!dragging) return;
    const stop = new AbortController();
    const { signal } = stop;
    const cancel = () => setDragged(null);
    addEventListener("pointermove", onMove, { signal });
    addEventListener("pointerup", onUp, { signal });
    addEventListener("pointercancel", cancel, { signal });
    addEventListener("keydown", (event) => event.key === "Escape" && cancel(), { signal });
    return () => stop.abort();
  }, [dragging, onMove, onUp]);

  return (
    <>
      <ol ref={list} className="grid gap-2">
        {shown.map((rule, at) => (
          <li key={rule.id}>
            <Card className={cn("flex items-start gap-2 p-4 sm:gap-3", dragged?.id === rule.id && "relative border-accent shadow-pop")}>
              <span className="flex flex-col items-center gap-0.5">
                <span className="grid h-6 w-8 place-items-center text-[13px] text-ink-3 tabular-nums">{at + 1}</span>
                {movable && rules.length > 1 && (
                  <span
                    aria-hidden
                    data-drag={rule.name}
                    title="Drag to change the order"
                    className={cn("grid size-8 touch-none place-items-center rounded-lg text-ink-3 select-none hover:bg-hover hover:text-ink", dragged ? "cursor-grabbing" : "cursor-grab")}
                    onPointerDown={(event) => event.button === 0 && setDragged({ id: rule.id, rules })}
                  >
                    <GripVertical className="size-4" />
                  </span>
                )}
              </span>
              <div className={cn("grid min-w-0 flex-1 gap-2", !rule.is_active && "text-ink-3")}>
                <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                  <h3 className="flex min-h-8 min-w-0 items-center gap-2 text-sm font-semibold [overflow-wrap:anywhere]">
                    {rule.name}
                    {!rule.is_active && <Badge tone="warn">off</Badge>}
                  </h3>
                  {editable && (
                    <span className="ml-auto flex flex-wrap items-center gap-1">
                      {rules.length > 1 && (
                        <>
                          <Button id={`move-${rule.id}-up`} variant="ghost" size="icon" aria-label={`Ask ${rule.name} earlier`} aria-disabled={at === 0 || undefined} className="aria-disabled:opacity-35" onClick={() => step(at, at - 1)}>
                            <ArrowUp className="size-4" />
                          </Button>
                          <Button id={`move-${rule.id}-down`} variant="ghost" size="icon" aria-label={`Ask ${rule.name} later`} aria-disabled={at === rules.length - 1 || undefined} className="aria-disabled:opacity-35" onClick={() => step(at, at + 1)}>
                            <ArrowDown className="size-4" />
                          </Button>
                        </>
                      )}
                      <OnOff rule={rule} />
                      <Button size="sm" variant="ghost" aria-label={`Change ${rule.name}`} onClick={() => onEdit(rule)}>
                        Change
                      </Button>
                      <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Delete ${rule.name}`} onClick={() => onDelete(rule)}>
                        Delete
                      </Button>
                    </span>
                  )}
                </div>
                <Conditions lines={conditionLines(rule.conditions, names)} />
                <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm">
                  <ArrowRight aria-hidden className="size-4 text-ink-3" />
                  <span className="sr-only">Goes to </span>
                  <span className="font-medium">{modelName(models, rule.target_model)}</span>
                  {rule.fallback_models.length > 0 && <span className="text-ink-2">else {rule.fallback_models.map((id) => modelName(models, id)).join(", then ")}</span>}
                </p>
              </div>
            </Card>
          </li>
        ))}
      </ol>
      <p aria-live="polite" className="sr-only">
        {said}
      </p>
    </>
  );
}

const Conditions = ({ lines }: { lines: { what: string; text: string }[] }) =>
  lines.length ? (
    <dl className="flex flex-wrap gap-1.5">
      {lines.map(({ what, text }) => (
        <div key={what} className="flex max-w-full items-baseline gap-1.5 rounded-md bg-subtle px-2 py-0.5 text-[13px]">
          <dt className="text-ink-3">{what}</dt>
          <dd className={cn("min-w-0 [overflow-wrap:anywhere]", what === "Pattern" && "font-mono text-[12.5px]")}>{text}</dd>
        </div>
      ))}
    </dl>
  ) : (
    <p className="text-[13px] text-ink-3">Always</p>
  );

function OnOff({ rule }: { rule: Rule }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const flip = async () => {
    setBusy(true);
    const { name, conditions, target_model, fallback_models } = rule;
    try {
      await api.put(`/routing/rules/${rule.id}`, { name, conditions, target_model, fallback_models, is_active: !rule.is_active });
      await client.invalidateQueries({ queryKey: rulesKey });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    setBusy(false);
  };
  return (
    <button
      type="button"
      role="switch"
      aria-checked={rule.is_active}
      aria-label={`${rule.name} is in force`}
      title={rule.is_active ? "Switch off" : "Switch on"}
      disabled={busy}
      onClick={flip}
      className={cn("mx-1.5 inline-flex h-5 w-9 items-center rounded-full border p-0.5 transition-colors", rule.is_active ? "justify-end border-accent bg-accent" : "justify-start border-line-strong bg-subtle")}
    >
      <span className={cn("size-3.5 rounded-full", rule.is_active ? "bg-on-accent" : "bg-line-strong")} />
    </button>
  );
}
