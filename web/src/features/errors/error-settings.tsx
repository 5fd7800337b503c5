import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox, Field, Input, Textarea } from "@/components/ui/field";
import { LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { ErrorSettings, ErrorSettingsGiven } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { type Scope, useChange, useErrorSettings } from "./queries";

export function ErrorSettingsView({ scope }: { scope: Scope }) {
  const { data, error, refetch } = useErrorSettings(scope);
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton rows={6} />;
  return <Form key={scope} scope={scope} before={data} />;
}

const lines = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter(Boolean);
const whens: [NonNullable<ErrorSettingsGiven["alert_on"]>[number], string][] = [
  ["critical", "Critical errors"],
  ["new", "New groups"],
  ["regression", "Regressions"],
];

function Form({ scope, before }: { scope: Scope; before: ErrorSettings }) {
  const [patterns, setPatterns] = useState((before.scrub_patterns ?? []).join("\n"));
  const [on, setOn] = useState(before.alert_on ?? []);
  const [minutes, setMinutes] = useState(String(before.alert_minutes ?? 60));
  const [emails, setEmails] = useState((before.alert_emails ?? []).join("\n"));
  const [webhook, setWebhook] = useState(before.alert_webhook ?? "");
  const [topic, setTopic] = useState(before.alert_topic_arn ?? "");
  const [actions, setActions] = useState(before.actions_enabled ?? false);
  const [fault, setFault] = useState("");
  const [secret, setSecret] = useState("");
  const save = useChange(scope, async () => {
    setFault("");
    const given: ErrorSettingsGiven = {
      scrub_patterns: lines(patterns),
      alert_on: on,
      alert_minutes: Number(minutes),
      alert_emails: lines(emails),
      alert_webhook: webhook.trim() || null,
      alert_topic_arn: topic.trim() || null,
      actions_enabled: actions,
    };
    try {
      const saved = await api.put<ErrorSettings>("/errors/settings", given, { query: { scope } });
      if (saved.signing_secret) setSecret(saved.signing_secret);
      toast("Saved.", { kind: "success" });
    } catch (error) {
      setFault(messageOf(error));
    }
  });
  return (
    <form
      className="grid gap-8"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(undefined);
      }}
    >
      {fault && <Notice tone="danger">{fault}</Notice>}
      <Section title="What is taken out" description="Keys, tokens, passwords, e-mail addresses, card numbers, cookies and variables never are kept. Add patterns for what only you know.">
        <Field label="Patterns" hint="One a line, of RE2. They hold for errors from now on.">
          {(ids) => <Textarea {...ids} className="font-mono" spellCheck={false} placeholder="KD-\d{6}" value={patterns} onChange={(event) => setPatterns(event.target.value)} />}
        </Field>
      </Section>
      <Section title="Alerts">
        <fieldset className="grid gap-2">
          <legend className="mb-2 text-[13px] font-medium">Tell of</legend>
          {whens.map(([when, words]) => (
            <Checkbox key={when} label={words} checked={on.includes(when)} onChange={(event) => setOn(event.target.checked ? [...on, when] : on.filter((other) => other !== when))} />
          ))}
        </fieldset>
        <Field label="Of one group at most once in so many minutes">
          {(ids) => <Input {...ids} type="number" min={1} max={10080} required className="w-32" value={minutes} onChange={(event) => setMinutes(event.target.value)} />}
        </Field>
        <Field label="By e-mail to" hint={before.mail_is_set_up ? "One address a line." : "One address a line. No mail server is set up yet: RADIANT_SMTP_URL."}>
          {(ids) => <Textarea {...ids} value={emails} onChange={(event) => setEmails(event.target.value)} />}
        </Field>
        <Field label="By a webhook" hint="Called by POST with JSON, signed in X-Radiant-Signature.">
          {(ids) => <Input {...ids} type="url" placeholder="https://" value={webhook} onChange={(event) => setWebhook(event.target.value)} />}
        </Field>
        {secret && (
          <Notice>
            The secret that signs calls, shown this once:
            <Snippet label="Signing secret" text={secret} />
          </Notice>
        )}
        {scope === "platform" && (
          <Field label="By an SNS topic">{(ids) => <Input {...ids} placeholder="arn:aws:sns:…" value={topic} onChange={(event) => setTopic(event.target.value)} />}</Field>
        )}
      </Section>
      <Section title="Actions">
        <Checkbox label="Let groups act by themselves" hint="Each group has its own action, off until it is enabled there." checked={actions} onChange={(event) => setActions(event.target.checked)} />
      </Section>
      <Button type="submit" variant="primary" className="justify-self-start" busy={save.isPending}>
        Save
      </Button>
    </form>
  );
}
