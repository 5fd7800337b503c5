/** What the page has to know about where it runs. */
import { useSyncExternalStore } from "react";

const wide = matchMedia("(min-width: 768px)");

const onWide = (listener: () => void) => {
  wide.addEventListener("change", listener);
  return () => wide.removeEventListener("change", listener);
};

/** Wide enough for a sidebar beside the content. */
export const useWide = (): boolean => useSyncExternalStore(onWide, () => wide.matches);

const onNetwork = (listener: () => void) => {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
};

export const useOffline = (): boolean => useSyncExternalStore(onNetwork, () => !navigator.onLine);
