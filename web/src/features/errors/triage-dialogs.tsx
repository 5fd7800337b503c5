import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Select, Textarea } from "@/components/ui/field";
import type { ErrorTriage } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { type Scope, triage, useAssignees, useChange } from "./queries";
import { plural } from "./words";

interface Props {
  scope: Scope;
  groups: string[];
  kind: "ignore" | "assign" | "resolve";
  onClose: () => void;
}

const day = 86_400_000;
const untils: Record<string, () => Pick<ErrorTriage, "until" | "count">> = {
  "For good": () => ({}),
  "For an hour": () => ({ until: new Date(Date.now() + day / 24).toISOString() }),
  "For a day": () => ({ until: new Date(Date.now() + day).toISOString() }),
  "For a week": () => ({ until: new Date(Date.now() + 7 * day).toISOString() }),
  "Until it happens 10 more times": () => ({ count: 10 }),
  "Until it happens 100 more times": () => ({ count: 100 }),
  "Until it happens 1,000 more times": () => ({ count: 1000 }),
};

/** Asks what belongs to the change of some groups, and makes it. */
export function TriageDialog({ scope, groups, kind, onClose }: Props) {
  const session = useSession();
  const assignees = useAssignees(scope);
  const [until, setUntil] = useState("For good");
  const [whom, setWhom] = useState(session.user.id);
  const [notes, setNotes] = useState("");
  const [next, setNext] = useState("resolve");
  const change = useChange(scope, async (asked: Omit<ErrorTriage, "groups">) => {
    await triage(scope, { ...asked, groups });
    onClose();
  });
  const of = plural(groups.length, "group");
  const asked = (): Omit<ErrorTriage, "groups"> => {
    if (kind === "ignore") return { action: "ignore", ...untils[until]!() };
    if (kind === "assign") return { action: "assign", assignee: whom || null };
    return { action: next as ErrorTriage["action"], notes };
  };
  return (
    <Dialog open onOpenChange={onClose} title={{ ignore: `Ignore ${of}`, assign: `Assign ${of}`, resolve: `Resolve ${of}` }[kind]}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(asked());
        }}
      >
        {kind === "ignore" && (
          <Field label="For how long">
            {(ids) => (
              <Select {...ids} value={until} onChange={(event) => setUntil(event.target.value)}>
                {Object.keys(untils).map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </Select>
            )}
          </Field>
        )}
        {kind === "assign" && (
          <Field label="To whom">
            {(ids) => (
              <Select {...ids} value={whom} onChange={(event) => setWhom(event.target.value)}>
                <option value="">Nobody</option>
                {assignees.data?.map((person) => (
                  <option key={person.id} value={person.id}>
                    {person.name || person.email}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        {kind === "resolve" && (
          <>
            <Field label="It is over" hint="An error after that reopens the group as a regression.">
              {(ids) => (
                <Select {...ids} value={next} onChange={(event) => setNext(event.target.value)}>
                  <option value="resolve">Now</option>
                  <option value="resolve_in_next_release">From the next release on</option>
                </Select>
              )}
            </Field>
            <Field label="Notes">
              {(ids) => <Textarea {...ids} maxLength={2000} value={notes} onChange={(event) => setNotes(event.target.value)} placeholder="What it was, and what was done" />}
            </Field>
          </>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={change.isPending}>
            {{ ignore: "Ignore", assign: "Assign", resolve: "Resolve" }[kind]}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
