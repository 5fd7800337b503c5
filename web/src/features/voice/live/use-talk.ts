import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { openMicrophone } from "./microphone";
import { Playback } from "./playback";
import { type Choices, SPOKEN_RATE } from "./protocol";
import { Talk, type Means } from "./talk";

const means: Means = {
  socket: () => new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/voice/realtime`),
  microphone: openMicrophone,
  playback: () => {
    const context = new AudioContext({ sampleRate: SPOKEN_RATE, latencyHint: "interactive" });
    void context.resume();
    return { playback: new Playback(context), close: () => void context.close() };
  },
};

/** The conversation of a session, for as long as the page shows it; nothing is heard before `start`. */
export function useTalk(session: string, choices: Choices, device: string): Talk {
  const [talk] = useState(() => new Talk(session, choices, means));
  const first = useRef(true);
  useSyncExternalStore(talk.subscribe, talk.snapshot);
  useEffect(() => {
    talk.change(choices);
  }, [talk, choices]);
  useEffect(() => {
    if (first.current) talk.device = device;
    else void talk.choose(device);
    first.current = false;
  }, [talk, device]);
  useEffect(() => () => talk.leave(), [talk]);
  return talk;
}
