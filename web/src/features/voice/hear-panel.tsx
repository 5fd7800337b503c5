import { useQueryClient } from "@tanstack/react-query";
import { Mic, Square, Upload, X } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { Spinner } from "@/components/ui/spinner";
import { messageOf } from "@/lib/api/client";
import { hear, refresh, useVoiceModels } from "./queries";
import { useRecorder } from "./use-recorder";
import { clock } from "./words";

const endings: [string, string][] = [
  ["webm", "webm"],
  ["ogg", "ogg"],
  ["mp4", "m4a"],
];

/** Record or upload, and have it written down. What failed can be sent again: nothing that was spoken is lost. */
export function HearPanel({ id }: { id: string }) {
  const client = useQueryClient();
  const { data: models } = useVoiceModels();
  const [model, setModel] = useState("auto");
  const [language, setLanguage] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const [unheard, setUnheard] = useState<{ sound: Blob; name: string } | null>(null);
  const file = useRef<HTMLInputElement>(null);

  async function send(sound: Blob, name: string) {
    setBusy(true);
    setFault("");
    setUnheard(null);
    try {
      await hear(id, sound, name, model, language.trim());
      await refresh(client);
    } catch (error) {
      setFault(messageOf(error));
      setUnheard({ sound, name });
    }
    setBusy(false);
  }

  const recorder = useRecorder((sound) => {
    const ending = endings.find(([part]) => sound.type.includes(part))?.[1] ?? "webm";
    void send(sound, `recording.${ending}`);
  });
  const none = models?.hear.length === 0;
  return (
    <div className="grid gap-4 rounded-xl border bg-raised px-5 py-4">
      {none && <Notice>Nothing that hears is at hand: connect Deepgram, ElevenLabs or OpenAI under Settings, Providers, or install a local model.</Notice>}
      <div className="flex flex-wrap items-center gap-3">
        {recorder.recording ? (
          <>
            <Button variant="danger" onClick={recorder.stop}>
              <Square className="size-4" />
              Stop and write down
            </Button>
            <Button variant="ghost" onClick={recorder.discard}>
              <X className="size-4" />
              Discard
            </Button>
            <span role="timer" aria-label="Recorded" className="text-sm tabular-nums">
              {clock(recorder.seconds)}
            </span>
            <Waves levels={recorder.levels} />
          </>
        ) : (
          <>
            <Button variant="primary" disabled={busy || none} onClick={() => void recorder.start()}>
              <Mic className="size-4" />
              Record
            </Button>
            <Button disabled={busy || none} onClick={() => file.current?.click()}>
              <Upload className="size-4" />
              Upload a recording
            </Button>
            <input
              ref={file}
              type="file"
              aria-label="A recording"
              accept="audio/*,video/*"
              className="sr-only"
              tabIndex={-1}
              onChange={({ target }) => {
                const chosen = target.files?.[0];
                target.value = "";
                if (chosen) void send(chosen, chosen.name);
              }}
            />
            {busy && (
              <span role="status" className="flex items-center gap-2 text-sm text-ink-2">
                <Spinner />
                Listening to it
              </span>
            )}
          </>
        )}
      </div>
      {(recorder.fault || fault) && (
        <Notice
          tone="danger"
          action={
            unheard && (
              <Button size="sm" onClick={() => void send(unheard.sound, unheard.name)}>
                Send again
              </Button>
            )
          }
        >
          {recorder.fault || fault}
        </Notice>
      )}
      <div className="grid items-start gap-3 sm:grid-cols-3">
        <Field label="Model">
          {(ids) => (
            <Select {...ids} value={model} onChange={({ target }) => setModel(target.value)}>
              <option value="auto">best at hand</option>
              {models?.hear.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.display_name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Language" hint="empty: found out by listening">
          {(ids) => <Input {...ids} placeholder="en, de, ja …" maxLength={20} value={language} onChange={({ target }) => setLanguage(target.value)} />}
        </Field>
        {recorder.devices.length > 1 && (
          <Field label="Microphone">
            {(ids) => (
              <Select {...ids} value={recorder.device} onChange={({ target }) => recorder.choose(target.value)}>
                <option value="">as the browser chooses</option>
                {recorder.devices.map((each) => (
                  <option key={each.deviceId} value={each.deviceId}>
                    {each.label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
      </div>
    </div>
  );
}

/** How loud the last seconds were. */
const Waves = ({ levels }: { levels: number[] }) => (
  <svg aria-hidden viewBox="0 0 120 24" className="h-6 w-30 text-accent" preserveAspectRatio="none">
    {levels.map((level, index) => {
      const height = Math.max(1, level * 24);
      return <rect key={index} x={index * 2} y={12 - height / 2} width="1.2" height={height} fill="currentColor" />;
    })}
  </svg>
);
