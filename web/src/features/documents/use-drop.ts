/** Files that are dropped anywhere on the page. */
import { useEffect, useState } from "react";
import { useLatest } from "@/lib/use-latest";

/** Whether files are held over the page; `onFiles` is called when they are let go. */
export function useDrop(enabled: boolean, onFiles: (files: FileList) => void): boolean {
  const [over, setOver] = useState(false);
  const take = useLatest(onFiles);
  useEffect(() => {
    if (!enabled) return;
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const hold = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      // Going from one element to another is no leaving.
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(false);
      if (event.dataTransfer?.files.length) take(event.dataTransfer.files);
    };
    addEventListener("dragover", hold);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", hold);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [enabled, take]);
  return over;
}
