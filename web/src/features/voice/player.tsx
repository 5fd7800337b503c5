import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { Select } from "@/components/ui/field";

export interface PlayerHandle {
  seek: (seconds: number) => void;
}

interface Props {
  assetId: string;
  label: string;
  onTime?: (seconds: number) => void;
  ref?: Ref<PlayerHandle>;
}

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** Plays a sound of ours. It is fetched whole, when first asked for, so that any moment of it can be gone to. */
export function Player({ assetId, label, onTime, ref }: Props) {
  const element = useRef<HTMLAudioElement>(null);
  const [url, setUrl] = useState("");
  const [speed, setSpeed] = useState(1);
  const [lost, setLost] = useState(false);

  useEffect(() => {
    let made = "";
    let gone = false;
    fetch(`/api/files/${assetId}`, { credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(String(answer.status)))))
      .then((sound) => {
        if (gone) return;
        made = URL.createObjectURL(sound);
        setUrl(made);
      })
      .catch(() => !gone && setLost(true));
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [assetId]);

  useImperativeHandle(ref, () => ({
    seek: (seconds) => {
      if (!element.current) return;
      element.current.currentTime = seconds;
      void element.current.play();
    },
  }));

  if (lost) return <p className="text-[13px] text-ink-3">Its sound is no longer there.</p>;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <audio
        ref={element}
        controls
        aria-label={label}
        className="h-9 min-w-0 flex-1"
        {...(url ? { src: url } : {})}
        onTimeUpdate={({ currentTarget }) => onTime?.(currentTarget.currentTime)}
      />
      <Select
        aria-label={`Speed of ${label.toLowerCase()}`}
        className="w-20"
        value={speed}
        onChange={({ target }) => {
          const next = Number(target.value);
          setSpeed(next);
          if (element.current) element.current.playbackRate = next;
        }}
      >
        {speeds.map((each) => (
          <option key={each} value={each}>
            {each}×
          </option>
        ))}
      </Select>
    </div>
  );
}
