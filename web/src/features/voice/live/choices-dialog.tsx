import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import type { VoiceModels } from "@/lib/api/types";
import { isChatModel, useModels } from "@/lib/models";
import { listMicrophones } from "../microphones";
import { useVoiceModels } from "../queries";
import { VoiceChoice } from "../voice-choice";
import type { Kept } from "./choices";

const pauses: [number, string][] = [
  [300, "Short (0.3 s)"],
  [500, "Usual (0.5 s)"],
  [800, "Longer (0.8 s)"],
  [1200, "Long (1.2 s)"],
  [2000, "Very long (2 s)"],
];

interface Props {
  session: string;
  choices: Kept;
  onChoose: (choices: Kept) => void;
  onClose: () => void;
}

/** Who hears, who answers, who speaks, and how. */
export default function ChoicesDialog({ session, choices, onChoose, onClose }: Props) {
  const [draft, setDraft] = useState(choices);
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const { data: models } = useVoiceModels();
  const { data: all } = useModels();
  const change = (part: Partial<Kept>) => setDraft((before) => ({ ...before, ...part }));
  useEffect(() => {
    // Nobody's microphones are known before one was allowed; then there is nothing to choose from.
    listMicrophones().then(setDevices, () => undefined);
  }, []);
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="How to talk" description="Kept in this browser. Other models or another voice connect anew.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          onChoose(draft);
          onClose();
        }}
      >
        <Checkbox
          label="Hands-free"
          hint="A pause ends your turn. Without it, you hold a button, or Space, while you speak."
          checked={draft.hands_free}
          onChange={({ target }) => change({ hands_free: target.checked })}
        />
        {draft.hands_free && (
          <Field label="Pause that ends your turn">
            {(ids) => (
              <Select {...ids} value={draft.end_silence_ms} onChange={({ target }) => change({ end_silence_ms: Number(target.value) })}>
                {pauses.map(([ms, name]) => (
                  <option key={ms} value={ms}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        {devices.some((each) => each.label) && (
          <Field label="Microphone">
            {(ids) => (
              <Select {...ids} value={draft.device} onChange={({ target }) => change({ device: target.value })}>
                <option value="">as the browser chooses</option>
                {devices.map((each) => (
                  <option key={each.deviceId} value={each.deviceId}>
                    {each.label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <SpeechModel label="Hearing model" models={models?.hear} value={draft.hear_model} onChange={(hear_model) => change({ hear_model })} />
        <Field label="Language" hint="empty: found out by listening">
          {(ids) => (
            <Input
              {...ids}
              placeholder="en, de, ja …"
              maxLength={20}
              pattern="[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}"
              title="A language as en, de or pt-BR"
              value={draft.language ?? ""}
              onChange={({ target }) => change({ language: target.value || null })}
            />
          )}
        </Field>
        <Field label="Answering model">
          {(ids) => (
            <Select {...ids} value={draft.model ?? ""} onChange={({ target }) => change({ model: target.value || null })}>
              <option value="">the chat’s own</option>
              {all
                ?.filter((model) => isChatModel(model) && model.available)
                .map((model) => (
                  <option key={model.id} value={model.id}>
                    {model.display_name}
                  </option>
                ))}
            </Select>
          )}
        </Field>
        <SpeechModel label="Speaking model" models={models?.speak} value={draft.speak_model} onChange={(speak_model) => change({ speak_model, voice_id: null })} />
        <VoiceChoice session={session} model={draft.speak_model} value={draft.voice_id ?? ""} onChange={(voice) => change({ voice_id: voice || null })} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary">
            Use these
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

interface SpeechModelProps {
  label: string;
  models: VoiceModels["hear"] | undefined;
  value: string;
  onChange: (model: string) => void;
}

const SpeechModel = ({ label, models, value, onChange }: SpeechModelProps) => (
  <Field label={label}>
    {(ids) => (
      <Select {...ids} value={models?.some((each) => each.id === value) ? value : "auto"} onChange={({ target }) => onChange(target.value)}>
        <option value="auto">best at hand</option>
        {models?.map((each) => (
          <option key={each.id} value={each.id}>
            {each.display_name}
          </option>
        ))}
      </Select>
    )}
  </Field>
);
