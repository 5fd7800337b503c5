/** How somebody likes to talk, kept in the browser. */
import type { Choices } from "./protocol";

const KEY = "radiant.talk";

export interface Kept extends Choices {
  device: string;
}

export const usual: Kept = { hear_model: "auto", speak_model: "auto", model: null, voice_id: null, language: null, hands_free: true, end_silence_ms: 500, device: "" };

export function readChoices(): Kept {
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Kept>) };
  } catch {
    return usual;
  }
}

export function keepChoices(choices: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // Storage may be blocked: the choices then last as long as the page.
  }
}

/** As the server is told: the device is the browser's alone, and an empty language is to be found out. */
export function toldOf({ device: _device, ...choices }: Kept): Choices {
  return { ...choices, language: choices.language?.trim() || null };
}
