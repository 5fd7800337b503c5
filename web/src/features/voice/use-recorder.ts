import { useCallback, useEffect, useRef, useState } from "react";
import { listMicrophones, refusalOf } from "./microphones";

/** Levels of the last seconds, 0..1, one each tenth of a second. */
const KEPT = 60;

export interface Recorder {
  recording: boolean;
  seconds: number;
  levels: number[];
  fault: string;
  devices: MediaDeviceInfo[];
  device: string;
  choose: (device: string) => void;
  start: () => Promise<void>;
  stop: () => void;
  discard: () => void;
}

/** Records from a microphone; `onDone` gets the whole when it is stopped. Echo and noise are taken out by the browser. */
export function useRecorder(onDone: (recording: Blob) => void): Recorder {
  const [recording, setRecording] = useState(false);
  const [seconds, setSeconds] = useState(0);
  const [levels, setLevels] = useState<number[]>([]);
  const [fault, setFault] = useState("");
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [device, choose] = useState("");
  const running = useRef<{ recorder: MediaRecorder; close: () => void } | null>(null);
  const done = useRef(onDone);
  done.current = onDone;

  const discard = useCallback(() => {
    const current = running.current;
    running.current = null;
    if (current && current.recorder.state !== "inactive") current.recorder.stop();
    current?.close();
    setRecording(false);
  }, []);
  useEffect(() => discard, [discard]);

  const start = useCallback(async () => {
    setFault("");
    if (!navigator.mediaDevices?.getUserMedia) {
      setFault("This browser gives the microphone to pages over https alone. Open RADIANT by https, or upload a recording.");
      return;
    }
    try {
      const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(device ? { deviceId: device } : {}) };
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      // Names of devices are told once the microphone was allowed.
      setDevices(await listMicrophones());
      const recorder = new MediaRecorder(stream);
      const pieces: Blob[] = [];
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(analyser);
      const samples = new Uint8Array(analyser.fftSize);
      const began = Date.now();
      const timer = setInterval(() => {
        analyser.getByteTimeDomainData(samples);
        const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0) / 128;
        setLevels((before) => [...before, peak].slice(-KEPT));
        setSeconds((Date.now() - began) / 1000);
      }, 100);
      const close = () => {
        clearInterval(timer);
        for (const track of stream.getTracks()) track.stop();
        void context.close();
      };
      recorder.ondataavailable = ({ data }) => pieces.push(data);
      recorder.onstop = () => {
        if (running.current?.recorder !== recorder) return;
        running.current = null;
        close();
        setRecording(false);
        done.current(new Blob(pieces, { type: recorder.mimeType }));
      };
      running.current = { recorder, close };
      setLevels([]);
      setSeconds(0);
      recorder.start();
      setRecording(true);
    } catch (error) {
      setFault(refusalOf(error, "upload a recording"));
    }
  }, [device]);

  const stop = useCallback(() => running.current?.recorder.stop(), []);
  return { recording, seconds, levels, fault, devices, device, choose, start, stop, discard };
}
