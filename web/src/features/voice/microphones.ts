/** Why a microphone did not open, and what to do about it. */
const refusals: Record<string, string> = {
  NotAllowedError: "The browser was not allowed to use the microphone. Allow it beside the address and try again",
  NotFoundError: "No microphone was found. Connect one",
  OverconstrainedError: "The chosen microphone is not there any more. Choose another one",
  NotReadableError: "The microphone is in use by another program. Close it there and try again",
};

/** `instead`: what can be done without one, as "upload a recording". */
export function refusalOf(error: unknown, instead: string): string {
  const name = error instanceof DOMException ? error.name : "";
  return `${refusals[name] ?? "The microphone could not be opened. Try another one"}, or ${instead}.`;
}

/** Those that there are. Their names are told once one was allowed. */
export async function listMicrophones(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((one) => one.kind === "audioinput" && one.deviceId);
}
