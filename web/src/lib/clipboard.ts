import { toast } from "./toast";

/** Copies `text`; says so when the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused, or no permission: the older way may still be allowed.
  }
  // Plain HTTP on a LAN has no navigator.clipboard.
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  (document.querySelector("[role=dialog]") ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) toast("The browser did not allow copying.", { kind: "error" });
  return copied;
}
