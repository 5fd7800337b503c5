import { useQueryClient } from "@tanstack/react-query";
import { Download, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import type { ImportedMemories, LearningSettings } from "@/lib/api/types";
import { mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { settle } from "./acts";
import { memoryKey, settingsKey, useLearning } from "./queries";
import { plural } from "./words";

export function MemorySettings() {
  const writes = mayWrite(useSession());
  return (
    <>
      <Pauses writes={writes} />
      <TakeAway writes={writes} />
      {writes && <ForgetAll />}
    </>
  );
}

function Pauses({ writes }: { writes: boolean }) {
  const client = useQueryClient();
  const { data, error, refetch } = useLearning();
  const set = async (change: Partial<LearningSettings>) => {
    if (!data) return;
    const next = { ...data, ...change };
    await client.cancelQueries({ queryKey: settingsKey });
    client.setQueryData(settingsKey, next);
    await settle(client, () => client.setQueryData(settingsKey, data), api.put("/personalization/settings", next));
  };
  return (
    <Section title="Learning and recall" description="For all of your chats. A single chat is switched off in its own menu.">
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !data ? (
        <TableSkeleton rows={2} />
      ) : (
        <Card className="grid gap-4 p-5">
          <Checkbox
            label="Learn from my chats"
            hint={data.learning_enabled ? "What you say about yourself is kept, with the words it came from." : "Paused: nothing new is learned. What is known stays."}
            checked={data.learning_enabled}
            disabled={!writes}
            onChange={(event) => void set({ learning_enabled: event.target.checked })}
          />
          <Checkbox
            label="Use what is known in answers"
            hint={data.recall_enabled ? "What fits a question goes along with it to the model that answers." : "Paused: no model is told anything of what is known."}
            checked={data.recall_enabled}
            disabled={!writes}
            onChange={(event) => void set({ recall_enabled: event.target.checked })}
          />
        </Card>
      )}
    </Section>
  );
}

function TakeAway({ writes }: { writes: boolean }) {
  const client = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const bring = async (chosen: File) => {
    setBusy(true);
    try {
      const answer = await api.raw("POST", "/memory/import", { body: chosen });
      const { added, repeated } = (await answer.json()) as ImportedMemories;
      toast(`${plural(added, "memory", "memories")} imported${repeated ? `, ${repeated} known already` : ""}.`, { kind: "success" });
      await client.invalidateQueries({ queryKey: memoryKey });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    setBusy(false);
  };
  return (
    <Section title="Take it with you" description="All that is known, in files that a program can read. Memories can be brought back, here or in another RADIANT.">
      <div className="flex flex-wrap gap-2">
        <Button asChild>
          <a href="/api/memory/export" download="memories.jsonl">
            <Download className="size-4" />
            Download memories
          </a>
        </Button>
        <Button asChild>
          <a href="/api/personalization/export" download="preferences.json">
            <Download className="size-4" />
            Download preferences
          </a>
        </Button>
        {writes && (
          <Button busy={busy} onClick={() => file.current?.click()}>
            {!busy && <Upload className="size-4" />}
            Import memories
          </Button>
        )}
        <input
          ref={file}
          type="file"
          hidden
          aria-label="File of memories"
          accept=".jsonl,.ndjson,.json,application/x-ndjson"
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            event.target.value = "";
            if (chosen) void bring(chosen);
          }}
        />
      </div>
    </Section>
  );
}

/** What is typed to forget everything. */
const WORDS = "forget everything";

function ForgetAll() {
  const [open, setOpen] = useState(false);
  return (
    <Section title="Forget everything">
      <Card className="flex flex-wrap items-center justify-between gap-3 border-danger/40 p-5">
        <p className="max-w-md text-sm text-ink-2">All memories, preferences, what they rest on, and patterns. It cannot be taken back; download them first if you may want them again.</p>
        <Button variant="danger" onClick={() => setOpen(true)}>
          Forget everything
        </Button>
      </Card>
      <Dialog open={open} onOpenChange={setOpen} title="Forget everything?" description={`All that RADIANT knows of you is deleted, now and for good. Your chats stay. Type “${WORDS}” to go on.`}>
        {open && <ForgetForm onClose={() => setOpen(false)} />}
      </Dialog>
    </Section>
  );
}

function ForgetForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const meant = text.trim().toLowerCase() === WORDS;
  const forget = async () => {
    setBusy(true);
    setFault("");
    try {
      await api.post("/personalization/forget", { everything: true });
      await client.resetQueries({ queryKey: memoryKey });
      toast("Everything is forgotten.", { kind: "success" });
      onClose();
    } catch (problem) {
      setFault(messageOf(problem));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (meant) void forget();
      }}
    >
      <Field label="Your confirmation" error={fault}>
        {(ids) => <Input {...ids} autoFocus autoComplete="off" placeholder={WORDS} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="danger" busy={busy} disabled={!meant}>
          Forget everything
        </Button>
      </DialogActions>
    </form>
  );
}
