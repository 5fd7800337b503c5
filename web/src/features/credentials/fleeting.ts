import { copyText } from "@/lib/clipboard";
import { toast } from "@/lib/toast";

/** Seconds after which a value is hidden again, and taken out of the clipboard. */
export const SHOWN_SECONDS = 30;
export const COPIED_SECONDS = 30;

let clearing: ReturnType<typeof setTimeout> | undefined;

/** Copies a secret, and takes it out of the clipboard after a while unless something else is there by then. */
export async function copyFleeting(text: string): Promise<boolean> {
  if (!(await copyText(text))) return false;
  toast(`Copied. The clipboard is cleared in ${COPIED_SECONDS} seconds.`, { kind: "success" });
  clearTimeout(clearing);
  clearing = setTimeout(() => void clear(text), COPIED_SECONDS * 1000);
  return true;
}

async function clear(text: string): Promise<void> {
  if (!navigator.clipboard) return;
  if (!document.hasFocus()) {
    // Browsers let a page write to the clipboard only while it has the focus.
    window.addEventListener("focus", () => void clear(text), { once: true });
    return;
  }
  if (await isAnother(text)) return;
  try {
    await navigator.clipboard.writeText("");
    toast("The clipboard is cleared.");
  } catch {
    toast("The browser did not let the clipboard be cleared: copy something else over it.", { kind: "error" });
  }
}

/** Whether the clipboard holds something else by now. Where the page may not look, it is taken for ours. */
async function isAnother(text: string): Promise<boolean> {
  try {
    const permission = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
    return permission.state === "granted" && (await navigator.clipboard.readText()) !== text;
  } catch {
    return false;
  }
}
