import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { RoutingSettings } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { ProviderSelect } from "./provider-select";
import { settingsKey, useRoutingSettings } from "./queries";
import { Replay } from "./replay";
import { shares, terms } from "./terms";
import { percent } from "./words";

/** How models are chosen in the workspace, and what another way would have come to. */
export function RoutingSettingsView() {
  const { data, error, refetch } = useRoutingSettings();
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton rows={6} />;
  return <SettingsForm key={JSON.stringify(data)} stored={data} />;
}

function SettingsForm({ stored }: { stored: RoutingSettings }) {
  const admin = isAdmin(useSession());
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => ({ ...stored, weights: shares(stored.weights) }));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const set = (change: Partial<RoutingSettings>) => setDraft((before) => ({ ...before, ...change }));
  const changed = JSON.stringify(draft) !== JSON.stringify({ ...stored, weights: shares(stored.weights) });
  const share = shares(draft.weights);
  const put = async (body: object, done: string) => {
    setBusy(true);
    setError("");
    try {
      client.setQueryData(settingsKey, await api.put<RoutingSettings>("/routing/settings", body));
      toast(done, { kind: "success" });
    } catch (fault) {
      setError(messageOf(fault));
    }
    setBusy(false);
  };
  return (
    <>
      <form
        className="grid gap-8"
        onSubmit={(event) => {
          event.preventDefault();
          void put({ ...draft, weights: share }, "The settings are saved.");
        }}
      >
        {!admin && <Notice>An admin of the workspace can change these.</Notice>}
        {error && <Notice tone="danger">{error}</Notice>}
        <fieldset disabled={!admin} className="grid min-w-0 gap-8">
          <legend className="sr-only">How models are chosen</legend>
          <Section title="Weights" description="What the score is made of where no rule decides. Economy and premium shift them towards cost and quality.">
            <Card className="grid gap-5 p-5">
              <div aria-hidden className="flex h-3 gap-px overflow-hidden rounded-full">
                {terms.map(({ term, fill }) => (
                  <span key={term} className={fill} style={{ width: `${share[term] * 100}%` }} />
                ))}
              </div>
              <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
                {terms.map(({ term, name, fill, slider }) => (
                  <Field
                    key={term}
                    label={
                      <span className="flex items-center gap-2">
                        <span aria-hidden className={cn("size-2.5 rounded-xs", fill)} />
                        {name}
                        <output className="ml-auto font-normal text-ink-2 tabular-nums">{percent(share[term])}</output>
                      </span>
                    }
                  >
                    {(ids) => (
                      <input
                        {...ids}
                        type="range"
                        min="0"
                        max="1"
                        step="0.01"
                        className={cn("h-6 w-full disabled:opacity-60", slider)}
                        value={draft.weights[term]}
                        aria-valuetext={`${percent(share[term])} of the score`}
                        onChange={(event) => set({ weights: { ...draft.weights, [term]: Number(event.target.value) } })}
                      />
                    )}
                  </Field>
                ))}
              </div>
            </Card>
          </Section>
          <Section title="Preference">
            <div className="grid items-start gap-5 sm:grid-cols-2">
              <Field label="Preferred provider" hint="Its best model is taken where its score lies only a little behind.">
                {(ids) => <ProviderSelect ids={ids} none="None" value={draft.preferred_provider ?? ""} onChange={(provider) => set({ preferred_provider: provider || null })} />}
              </Field>
              <Field label="How far behind it may lie" hint="In points of the score, which goes from 0 to 1.">
                {(ids) => <Input {...ids} required type="number" min="0" max="1" step="0.01" inputMode="decimal" value={draft.preferred_margin} onChange={(event) => set({ preferred_margin: Number(event.target.value) })} />}
              </Field>
            </div>
          </Section>
          <Section title="Learning and conversations">
            <div className="grid items-start gap-5 sm:grid-cols-2">
              <Field label="Exploration (%)" hint="So many calls go to another good model, so that it is known how it does. 0: none; then a replay can tell little.">
                {(ids) => (
                  <Input {...ids} required type="number" min="0" max="10" step="0.1" inputMode="decimal" value={Number((draft.exploration * 100).toFixed(4))} onChange={(event) => set({ exploration: Number((Number(event.target.value) / 100).toFixed(6)) })} />
                )}
              </Field>
              <Checkbox className="sm:pt-6" label="A conversation keeps its model" hint="Unless it cannot go on: the next turn needs what the model has not." checked={draft.sticky} onChange={(event) => set({ sticky: event.target.checked })} />
            </div>
          </Section>
        </fieldset>
        {admin && (
          <div className="flex flex-wrap gap-2">
            <Button type="submit" variant="primary" busy={busy} disabled={!changed}>
              Save
            </Button>
            {changed && <Button onClick={() => setDraft({ ...stored, weights: shares(stored.weights) })}>Put back</Button>}
            <Button
              variant="ghost"
              disabled={busy}
              onClick={() => void put({ weights: null, preferred_provider: null, preferred_margin: null, exploration: null, sticky: null }, "The installation’s settings hold again.")}
            >
              As the installation has it
            </Button>
          </div>
        )}
      </form>
      {admin && <Replay draft={{ ...draft, weights: share }} changed={changed} />}
    </>
  );
}
