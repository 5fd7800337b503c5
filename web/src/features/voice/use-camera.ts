import { useCallback, useEffect, useRef, useState } from "react";

const refusals: Record<string, string> = {
  NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the address, then try again, or upload a video.",
  NotFoundError: "No camera was found. Connect one, or upload a video.",
  NotReadableError: "The camera is in use by another program. Close it there, then try again.",
};

export interface Camera {
  /** What it sees, while it is open. */
  stream: MediaStream | null;
  recording: boolean;
  fault: string;
  open: () => Promise<void>;
  start: () => void;
  stop: () => void;
  close: () => void;
}

/** A camera with its microphone; `onDone` gets the whole when a recording is stopped. */
export function useCamera(onDone: (recording: Blob) => void): Camera {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [recording, setRecording] = useState(false);
  const [fault, setFault] = useState("");
  const opened = useRef<MediaStream | null>(null);
  const recorder = useRef<MediaRecorder | null>(null);
  const done = useRef(onDone);
  done.current = onDone;

  const close = useCallback(() => {
    const running = recorder.current;
    recorder.current = null;
    if (running && running.state !== "inactive") running.stop();
    for (const track of opened.current?.getTracks() ?? []) track.stop();
    opened.current = null;
    setStream(null);
    setRecording(false);
  }, []);
  useEffect(() => close, [close]);

  const open = useCallback(async () => {
    setFault("");
    if (!navigator.mediaDevices?.getUserMedia) {
      setFault("This browser gives the camera to pages over https alone. Open RADIANT by https, or upload a video.");
      return;
    }
    try {
      opened.current = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: { echoCancellation: true, noiseSuppression: true } });
      setStream(opened.current);
    } catch (error) {
      setFault((error instanceof DOMException && refusals[error.name]) || "The camera could not be opened. Try another one, or upload a video.");
    }
  }, []);

  const start = useCallback(() => {
    if (!opened.current) return;
    const made = new MediaRecorder(opened.current);
    const pieces: Blob[] = [];
    made.ondataavailable = ({ data }) => pieces.push(data);
    made.onstop = () => {
      if (recorder.current !== made) return;
      close();
      done.current(new Blob(pieces, { type: made.mimeType }));
    };
    recorder.current = made;
    made.start(1000);
    setRecording(true);
  }, [close]);

  const stop = useCallback(() => recorder.current?.stop(), []);
  return { stream, recording, fault, open, start, stop, close };
}
