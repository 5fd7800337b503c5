import { AudioLines, Brain, Columns2, DoorOpen, Files, GitMerge, Keyboard, LayoutDashboard, Lightbulb, type LucideIcon, MessageSquare, Moon, Search, SquarePen, Sun } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { Shade } from "@/components/ui/dialog";
import { titleOf } from "@/components/conversation/chat";
import { useChats } from "@/features/chats/queries";
import { cn } from "@/lib/cn";
import { formatAgo } from "@/lib/format";
import { useSession } from "@/lib/session";
import { setTheme } from "@/lib/theme";
import { settingsEntries } from "./settings-pages";

interface Props {
  onOpenChange: (open: boolean) => void;
  onShortcuts: () => void;
}

/** Ctrl+K: goes to any chat or room, by a few letters. */
export default function Palette({ onOpenChange, onShortcuts }: Props) {
  return (
    <Radix.Root open onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Shade />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[min(94vw,36rem)] -translate-x-1/2 animate-fade flex-col overflow-hidden rounded-2xl border bg-raised shadow-pop outline-none"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <Choices onDone={() => onOpenChange(false)} onShortcuts={onShortcuts} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface Choice {
  key: string;
  group: string;
  name: string;
  note?: string;
  icon: LucideIcon;
  run: () => void;
}

interface ChoicesProps {
  onDone: () => void;
  onShortcuts: () => void;
}

function Choices({ onDone, onShortcuts }: ChoicesProps) {
  const session = useSession();
  const [, navigate] = useLocation();
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const { data, isPlaceholderData } = useChats(settled);

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 150);
    return () => clearTimeout(timer);
  }, [search]);

  const commands: Choice[] = [
    { key: "new", group: "Commands", name: "New chat", icon: SquarePen, run: () => navigate("/") },
    { key: "panes", group: "Commands", name: "Panes: several models side by side", icon: Columns2, run: () => navigate("/panes") },
    { key: "canvas", group: "Commands", name: "Canvas: boards worked on together", icon: LayoutDashboard, run: () => navigate("/canvas") },
    { key: "rooms", group: "Commands", name: "Rooms: documents written together", icon: DoorOpen, run: () => navigate("/rooms") },
    { key: "voice", group: "Commands", name: "Voice: recordings written down, texts read out", icon: AudioLines, run: () => navigate("/voice") },
    { key: "think", group: "Commands", name: "Think Tank: problems solved in steps", icon: Lightbulb, run: () => navigate("/think") },
    { key: "merges", group: "Commands", name: "Merges", icon: GitMerge, run: () => navigate("/merges") },
    { key: "memory", group: "Commands", name: "Memory: what RADIANT knows", icon: Brain, run: () => navigate("/memory") },
    { key: "documents", group: "Commands", name: "Documents: knowledge bases", icon: Files, run: () => navigate("/documents") },
    ...settingsEntries
      .filter((entry) => entry.may(session))
      .map((entry) => ({ key: entry.path, group: "Commands", name: `Settings: ${entry.name}`, icon: entry.icon, run: () => navigate(`/settings/${entry.path}`) })),
    { key: "light", group: "Commands", name: "Light theme", icon: Sun, run: () => setTheme("light") },
    { key: "dark", group: "Commands", name: "Dark theme", icon: Moon, run: () => setTheme("dark") },
    { key: "keys?", group: "Commands", name: "Keyboard shortcuts", icon: Keyboard, run: () => setTimeout(onShortcuts) },
  ];
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = commands.filter((command) => words.every((word) => command.name.toLowerCase().includes(word)));
  // What an earlier search found is no answer to this one: Enter would open a wrong chat.
  const found = isPlaceholderData || settled !== search.trim() ? [] : (data?.pages[0]?.items ?? []);
  const chats: Choice[] = found.slice(0, words.length ? 12 : 6).map((chat) => ({
    key: chat.id,
    group: words.length ? "Chats" : "Recent chats",
    name: titleOf(chat),
    note: words.length && chat.snippet ? chat.snippet : formatAgo(chat.updated_at),
    icon: MessageSquare,
    run: () => navigate(`/chat/${chat.id}`),
  }));
  const choices = words.length ? [...matching, ...chats] : [...chats, ...matching];
  const chosen = Math.min(at, choices.length - 1);

  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });

  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    onDone();
    choice.run();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + choices.length) % Math.max(1, choices.length));
    else if (event.key === "Enter") take(choices[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div className="flex items-center gap-3 border-b px-4">
        <Search aria-hidden className="size-4.5 text-ink-3" />
        <input
          role="combobox"
          aria-label="Search chats and commands"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={choices[chosen] ? `${id}-${chosen}` : undefined}
          aria-autocomplete="list"
          placeholder="Search chats and commands"
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          className="h-13 min-w-0 flex-1 bg-transparent text-[15px] outline-none"
        />
      </div>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label="Results" className="scroll min-h-0 flex-1 p-2">
        {choices.map((choice, index) => (
          <div key={`${choice.group}/${choice.key}`} role="presentation">
            {choice.group !== choices[index - 1]?.group && (
              <p role="presentation" className="px-3 pt-2 pb-1 text-xs font-medium text-ink-3">
                {choice.group}
              </p>
            )}
            {/* The field keeps the focus: its keys move the choice (aria-activedescendant). */}
            <div
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === chosen}
              onPointerMove={() => setAt(index)}
              onClick={() => take(choice)}
              className={cn("flex min-h-10 cursor-pointer items-center gap-3 rounded-lg px-3 text-sm", index === chosen && "bg-hover")}
            >
              <choice.icon aria-hidden className="size-4 shrink-0 text-ink-3" />
              <span className="max-w-[70%] shrink-0 truncate">{choice.name}</span>
              {choice.note && <span className="ml-auto truncate text-[13px] text-ink-3">{choice.note}</span>}
            </div>
          </div>
        ))}
      </div>
      {choices.length === 0 && <p className="px-4 pt-2 pb-8 text-center text-sm text-ink-2">Nothing found for “{search}”.</p>}
    </>
  );
}
