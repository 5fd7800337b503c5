/** Light, dark or the system's choice; kept on this device (public/theme.js reads it before the first paint). */
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";

const KEY = "radiant.theme";
const listeners = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");

function read(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}

let current = read();

function apply(): void {
  const isDark = current === "dark" || (current === "system" && dark.matches);
  document.documentElement.classList.toggle("dark", isDark);
  document.documentElement.style.colorScheme = isDark ? "dark" : "light";
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", isDark ? "#171614" : "#ffffff");
  for (const listener of listeners) listener();
}

dark.addEventListener("change", apply);

export function setTheme(theme: Theme): void {
  current = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be blocked: the choice then lasts until the page is closed.
  }
  apply();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
