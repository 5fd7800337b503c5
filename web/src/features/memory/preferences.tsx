import { useQueryClient } from "@tanstack/react-query";
import { Check, ChevronRight, Lock, LockOpen, Pencil, SlidersHorizontal, Trash2, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Preference } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { mayWrite, useSession } from "@/lib/session";
import { settle } from "./acts";
import { EvidenceList } from "./evidence";
import { forgetSoon } from "@/lib/forgetting";
import { changeLists, preferencesKey, usePreferences } from "./queries";
import { howSure, named, percent, shown, useOf, valueOf } from "./words";

/** How the person likes their answers: each with how sure that is, on what it rests, and whether it is used. */
export function Preferences() {
  const writes = mayWrite(useSession());
  const [params] = useSearchParams();
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const [correcting, setCorrecting] = useState<Preference | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = usePreferences(settled);
  const preferences = data?.pages.flatMap((page) => page.items);

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  return (
    <Section title="Preferences" description="How you like your answers. Each is weighed by what you said and did; what you set yourself counts most.">
      <Input aria-label="Search preferences" type="search" className="max-w-sm" placeholder="Search preferences" value={search} onChange={(event) => setSearch(event.target.value)} />
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !preferences ? (
        <TableSkeleton />
      ) : preferences.length === 0 ? (
        <Empty icon={SlidersHorizontal} title={settled ? "None fits" : "No preferences yet"}>
          {settled ? "No preference holds these words." : "They fill as you chat: say “I prefer short answers”, “call me Ada” or “never use tables”, and it stands here with the words it came from. Thumbs on answers count too."}
        </Empty>
      ) : (
        <ul aria-label="Preferences" className="grid gap-2">
          {preferences.map((preference) => (
            <li key={preference.id}>
              <PreferenceCard preference={preference} writes={writes} open={params.get("key") === preference.preference_key} onCorrect={() => setCorrecting(preference)} />
            </li>
          ))}
        </ul>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      <Dialog
        open={correcting !== null}
        onOpenChange={(stays) => !stays && setCorrecting(null)}
        title={correcting ? named(correcting.preference_key) : ""}
        description="What you set holds until you change it: nothing that is learned overrides it."
      >
        {correcting && <Correct key={correcting.id} preference={correcting} onClose={() => setCorrecting(null)} />}
      </Dialog>
    </Section>
  );
}

interface Props {
  preference: Preference;
  writes: boolean;
  /** Whether what it rests on is shown from the start. */
  open: boolean;
  onCorrect: () => void;
}

function PreferenceCard({ preference, writes, open, onCorrect }: Props) {
  const client = useQueryClient();
  const [evidence, setEvidence] = useState(open);
  const card = useRef<HTMLDivElement>(null);
  const name = named(preference.preference_key);
  const become = (change: Partial<Preference> | null) =>
    changeLists<Preference>(client, preferencesKey, (items) => items.flatMap((one) => (one.id !== preference.id ? [one] : change ? [{ ...one, ...change }] : [])));
  const key = encodeURIComponent(preference.preference_key);
  const act = async (change: Partial<Preference>, ask: () => Promise<unknown>, done: string) => settle(client, await become(change), ask(), done);
  const forget = async () => {
    const undo = await become(null);
    const path = `/personalization/preferences/${key}`;
    forgetSoon({ paths: [path], said: `${name} is forgotten.`, run: () => settle(client, undo, api.delete(path)), undo });
  };

  useEffect(() => {
    if (open) card.current?.scrollIntoView({ block: "center" });
  }, [open]);

  return (
    <div ref={card}>
      <Card className={cn("grid gap-3 px-4 py-3.5", open && "border-accent")}>
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
          <div className="min-w-0">
            <h3 className="text-[13px] text-ink-2">{name}</h3>
            <p className="text-[15px] font-medium [overflow-wrap:anywhere]">{shown(preference.preference_value)}</p>
          </div>
          <span className="flex flex-wrap gap-1.5">
            {preference.locked && (
              <Badge tone="accent">
                <Lock aria-hidden className="size-3" />
                Set by you
              </Badge>
            )}
            <Badge tone={preference.applied ? "good" : "neutral"}>{preference.applied ? "Used" : "Not used"}</Badge>
          </span>
        </div>
        <Sureness preference={preference} />
        <p className="text-[13px] text-ink-2">{useOf(preference)}</p>
        <div className="-ml-2 flex flex-wrap items-center gap-1">
          <Button size="sm" variant="ghost" className="px-2" aria-expanded={evidence} aria-label={`What ${name} rests on`} onClick={() => setEvidence(!evidence)}>
            <ChevronRight className={cn("size-4 transition-transform", evidence && "rotate-90")} />
            What it rests on
          </Button>
          {writes && (
            <span className="ml-auto flex flex-wrap gap-1">
              {preference.locked ? (
                <Button size="sm" variant="ghost" aria-label={`Unlock ${name}`} title="Let it be learned again" onClick={() => void act({ locked: false }, () => api.post(`/personalization/preferences/${key}/unlock`), "It is learned again.")}>
                  <LockOpen className="size-3.5" />
                  Unlock
                </Button>
              ) : (
                <>
                  <Button size="sm" variant="ghost" aria-label={`Confirm ${name}`} onClick={() => void act({ applied: true }, () => api.post(`/personalization/preferences/${key}/confirm`), "Confirmed.")}>
                    <Check className="size-3.5" />
                    Confirm
                  </Button>
                  <Button size="sm" variant="ghost" aria-label={`Reject ${name}`} onClick={() => void act({ applied: false }, () => api.post(`/personalization/preferences/${key}/reject`), "Rejected.")}>
                    <X className="size-3.5" />
                    Reject
                  </Button>
                </>
              )}
              <Button size="sm" variant="ghost" aria-label={`Correct ${name}`} onClick={onCorrect}>
                <Pencil className="size-3.5" />
                Correct
              </Button>
              <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Forget ${name}`} onClick={() => void forget()}>
                <Trash2 className="size-3.5" />
                Forget
              </Button>
            </span>
          )}
        </div>
        {evidence && <EvidenceList preferenceKey={preference.preference_key} />}
      </Card>
    </div>
  );
}

/** How sure it is as a bar, the interval as a band around it, and in words. */
function Sureness({ preference: { confidence, interval, evidence } }: { preference: Preference }) {
  const [low = confidence, high = confidence] = interval;
  return (
    <div className="grid gap-1">
      <div aria-hidden className="relative h-2 overflow-hidden rounded-full bg-subtle">
        <span className="absolute inset-y-0 bg-accent/30" style={{ left: percent(low).replace(" ", ""), width: percent(high - low).replace(" ", "") }} />
        <span className="absolute inset-y-0 w-1 -translate-x-1/2 rounded-full bg-accent" style={{ left: `${confidence * 100}%` }} />
      </div>
      <p className="text-[13px] text-ink-2">
        {howSure(confidence)}: {percent(confidence)}, between {percent(low)} and {percent(high)}, from {evidence} {evidence === 1 ? "sign" : "signs"}
      </p>
    </div>
  );
}

function Correct({ preference, onClose }: { preference: Preference; onClose: () => void }) {
  const client = useQueryClient();
  const [text, setText] = useState(shown(preference.preference_value));
  const save = async () => {
    const value = valueOf(text, preference.preference_value);
    onClose();
    const undo = await changeLists<Preference>(client, preferencesKey, (items) => items.map((one) => (one.id === preference.id ? { ...one, preference_value: value, locked: true, applied: true } : one)));
    await settle(client, undo, api.put(`/personalization/preferences/${encodeURIComponent(preference.preference_key)}`, { value }), "It is set.");
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label="What is right">{(ids) => <Input {...ids} autoFocus required maxLength={1000} value={text} onFocus={(event) => event.target.select()} onChange={(event) => setText(event.target.value)} />}</Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={!text.trim()}>
          Set
        </Button>
      </DialogActions>
    </form>
  );
}
