import { refusalOf } from "../microphones";
import worklet from "./microphone.worklet.ts?worker&url";

export interface Microphone {
  /** Off: the browser gives silence, and shows that it does. */
  listen: (on: boolean) => void;
  close: () => void;
}

/**
 * Opens a microphone; `onFrame` gets 40 ms of 16-bit samples at 16 kHz and how loud they are at most, 0..1; `onLost` is told when
 * it goes away. Echo and noise are taken out by the browser. Throws an Error that says what to do.
 */
export async function openMicrophone(device: string, onFrame: (sound: ArrayBuffer, peak: number) => void, onLost: () => void): Promise<Microphone> {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser gives the microphone to pages over https alone. Open RADIANT by https, or type what you want to say.");
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1, ...(device ? { deviceId: { exact: device } } : {}) },
    });
  } catch (error) {
    throw new Error(refusalOf(error, "type what you want to say"), { cause: error });
  }
  const context = new AudioContext();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  try {
    await context.audioWorklet.addModule(worklet);
    await context.resume();
  } catch (error) {
    close();
    throw new Error("This browser could not begin to listen. Load the page again, or type what you want to say.", { cause: error });
  }
  const node = new AudioWorkletNode(context, "microphone", { numberOfInputs: 1, numberOfOutputs: 0 });
  node.port.onmessage = ({ data }: MessageEvent<{ sound: ArrayBuffer; peak: number }>) => onFrame(data.sound, data.peak);
  context.createMediaStreamSource(stream).connect(node);
  for (const track of stream.getAudioTracks()) track.onended = onLost;
  return {
    listen: (on) => {
      for (const track of stream.getAudioTracks()) track.enabled = on;
    },
    close,
  };
}
