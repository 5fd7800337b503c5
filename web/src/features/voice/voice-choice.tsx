import { Square, Volume2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Select } from "@/components/ui/field";
import { messageOf } from "@/lib/api/client";
import { soundOf, say, useVoiceModels, useVoices } from "./queries";

/** What a voice says of itself. */
const SAMPLE = "Hello. This is how I sound.";

interface Props {
  /** Of the session, in which a voice is heard. */
  session: string;
  model: string;
  value: string;
  onChange: (voice: string) => void;
}

/** Which voice of a model speaks. Each can be heard before: it says a short sentence, once, and is played from then on. */
export function VoiceChoice({ session, model, value, onChange }: Props) {
  const { data: models } = useVoiceModels();
  const { data: voices } = useVoices();
  const [busy, setBusy] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [fault, setFault] = useState("");
  const player = useRef<HTMLAudioElement | null>(null);
  const samples = useRef(new Map<string, string>());
  const speaking = model === "auto" ? models?.speak[0]?.id : model;
  const offered = voices?.items.filter((each) => each.model === speaking) ?? [];
  const chosen = offered.find((each) => each.id === value);

  const silence = () => {
    player.current?.pause();
    setPlaying(false);
  };
  useEffect(() => {
    const made = samples.current;
    return () => {
      player.current?.pause();
      for (const url of made.values()) URL.revokeObjectURL(url);
      made.clear();
    };
  }, []);

  const hear = async () => {
    setBusy(true);
    setFault("");
    try {
      const key = `${model} ${value}`;
      let url = samples.current.get(key);
      if (!url) {
        const said = await say(session, { text: SAMPLE, model, ...(value ? { voice_id: value } : {}) });
        url = URL.createObjectURL(await soundOf(said.asset_id));
        samples.current.set(key, url);
      }
      player.current?.pause();
      const audio = new Audio(url);
      player.current = audio;
      audio.onended = () => setPlaying(false);
      await audio.play();
      setPlaying(true);
    } catch (error) {
      setFault(messageOf(error));
    }
    setBusy(false);
  };

  return (
    <Field label="Voice" error={fault} hint={chosen?.description}>
      {(ids) => (
        <div className="flex gap-2">
          <Select
            {...ids}
            value={chosen ? value : ""}
            onChange={({ target }) => {
              silence();
              onChange(target.value);
            }}
          >
            <option value="">the usual one</option>
            {offered.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
                {each.language ? ` (${each.language})` : ""}
              </option>
            ))}
          </Select>
          <Button className="px-3" busy={busy} disabled={models?.speak.length === 0} onClick={() => (playing ? silence() : void hear())}>
            {playing ? <Square className="size-4" /> : !busy && <Volume2 className="size-4" />}
            {playing ? "Stop" : "Hear it"}
          </Button>
        </div>
      )}
    </Field>
  );
}
