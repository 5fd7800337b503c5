import { useQueryClient } from "@tanstack/react-query";
import { Volume2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Select, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import { refresh, say, useVoiceModels } from "./queries";
import { VoiceChoice } from "./voice-choice";

const speeds = [0.75, 1, 1.25, 1.5];

/** Have a text read out. */
export function SayPanel({ id }: { id: string }) {
  const client = useQueryClient();
  const { data: models } = useVoiceModels();
  const [text, setText] = useState("");
  const [model, setModel] = useState("auto");
  const [voice, setVoice] = useState("");
  const [speed, setSpeed] = useState(1);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const none = models?.speak.length === 0;
  return (
    <form
      className="grid gap-4 rounded-xl border bg-raised px-5 py-4"
      onSubmit={async (event) => {
        event.preventDefault();
        setBusy(true);
        setFault("");
        try {
          await say(id, { text, model, speed, ...(voice ? { voice_id: voice } : {}) });
          await refresh(client);
          setText("");
        } catch (error) {
          setFault(messageOf(error));
        }
        setBusy(false);
      }}
    >
      {none && <Notice>Nothing that speaks is at hand: connect ElevenLabs, Deepgram or OpenAI under Settings, Providers, or install a local model.</Notice>}
      <Field label="Text">{(ids) => <Textarea {...ids} maxLength={40_000} value={text} onChange={({ target }) => setText(target.value)} placeholder="What is to be read out" />}</Field>
      <div className="grid items-start gap-3 sm:grid-cols-3">
        <Field label="Model">
          {(ids) => (
            <Select
              {...ids}
              value={model}
              onChange={({ target }) => {
                setModel(target.value);
                setVoice("");
              }}
            >
              <option value="auto">best at hand</option>
              {models?.speak.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.display_name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <VoiceChoice session={id} model={model} value={voice} onChange={setVoice} />
        <Field label="Speed">
          {(ids) => (
            <Select {...ids} value={speed} onChange={({ target }) => setSpeed(Number(target.value))}>
              {speeds.map((each) => (
                <option key={each} value={each}>
                  {each}×
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      {fault && <Notice tone="danger">{fault}</Notice>}
      <Button type="submit" variant="primary" className="justify-self-start" busy={busy} disabled={!text.trim() || none}>
        <Volume2 className="size-4" />
        Read out
      </Button>
    </form>
  );
}
