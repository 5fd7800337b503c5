import type { ReactNode } from "react";
import { Logo } from "@/components/ui/logo";

const examples = [
  ["Explain something", "Explain how a hash map works, with a small example in Python."],
  ["Write", "Write a short, friendly e-mail that moves a meeting to Thursday."],
  ["Compare", "Compare SQLite and PostgreSQL in a table: setup, concurrency, types, backups."],
  ["Find the mistake", "Find the mistake: def mean(xs): return sum(xs) / len(xs) if xs else 0.0"],
] as const;

interface Props {
  name: string;
  disabled: boolean;
  onPick: (text: string) => void;
  children: ReactNode;
}

/** An empty chat: a greeting, the composer, and a few ways to begin. */
export function Welcome({ name, disabled, onPick, children }: Props) {
  const first = name.trim().split(/\s+/)[0];
  return (
    <div className="mx-auto flex w-full max-w-2xl flex-1 flex-col justify-center px-4 pt-6 pb-[12vh]">
      <Logo className="mx-auto mb-4 size-9" />
      <h1 className="mb-7 text-center text-[26px] leading-tight font-semibold tracking-tight">
        {first ? `What is on your mind, ${first}?` : "What is on your mind?"}
      </h1>
      {children}
      {!disabled && (
        <ul className="mt-4 grid gap-2 sm:grid-cols-2" aria-label="Examples">
          {examples.map(([title, text]) => (
            <li key={title}>
              <button type="button" onClick={() => onPick(text)} className="h-full w-full rounded-xl border px-4 py-3 text-left transition-colors hover:bg-hover">
                <span className="block text-sm font-medium">{title}</span>
                <span className="mt-0.5 line-clamp-2 block text-[13px] text-ink-2">{text}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
