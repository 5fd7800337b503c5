import { AudioLines, ArrowLeft, Brain, ChevronsUpDown, Columns2, Command, DoorOpen, Files, GitMerge, Keyboard, LayoutDashboard, Lightbulb, LogOut, Monitor, Moon, PanelLeftClose, Settings, SquarePen, Sun } from "lucide-react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Logo } from "@/components/ui/logo";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { ChatList } from "@/features/chats/chat-list";
import { signOut } from "@/features/session/sign-out";
import { cn } from "@/lib/cn";
import { useSession } from "@/lib/session";
import { setTheme, type Theme, useTheme } from "@/lib/theme";
import { settingsEntries } from "./settings-pages";

interface TopProps {
  onClose: () => void;
  onSearch?: () => void;
}

const Top = ({ onClose, onSearch }: TopProps) => (
  <div className="flex h-14 shrink-0 items-center gap-1 pr-2.5 pl-4">
    <Link href="/" className="flex items-center gap-2 rounded-lg text-[15px] font-semibold tracking-tight">
      <Logo className="size-5.5" />
      RADIANT
    </Link>
    <div className="ml-auto flex">
      {onSearch && (
        <Button variant="ghost" size="icon" aria-label="Search and commands" title="Search and commands" onClick={onSearch}>
          <Command className="size-4" />
        </Button>
      )}
      <Button variant="ghost" size="icon" aria-label="Hide sidebar" title="Hide sidebar" onClick={onClose}>
        <PanelLeftClose className="size-4.5" />
      </Button>
    </div>
  </div>
);

const places = [
  ["/panes", "Panes", Columns2],
  ["/canvas", "Canvas", LayoutDashboard],
  ["/rooms", "Rooms", DoorOpen],
  ["/voice", "Voice", AudioLines],
  ["/think", "Think Tank", Lightbulb],
  ["/merges", "Merges", GitMerge],
  ["/memory", "Memory", Brain],
  ["/documents", "Documents", Files],
] as const;

interface ChatSidebarProps {
  onClose: () => void;
  onSearch: () => void;
  onShortcuts: () => void;
}

export function ChatSidebar({ onClose, onSearch, onShortcuts }: ChatSidebarProps) {
  return (
    <>
      <Top onClose={onClose} onSearch={onSearch} />
      <div className="grid gap-1 px-3 pb-3">
        <Button asChild className="w-full justify-start px-3 shadow-[0_1px_2px_rgb(20_16_10/0.05)]">
          <Link href="/" onClick={onNewChat(onClose)}>
            <SquarePen className="size-4" />
            New chat
          </Link>
        </Button>
        {places.map(([path, name, Icon]) => (
          <Button key={path} asChild variant="ghost" className="w-full justify-start px-3">
            <Link href={path}>
              <Icon className="size-4" />
              {name}
            </Link>
          </Button>
        ))}
      </div>
      <ChatList />
      <UserMenu onShortcuts={onShortcuts} />
    </>
  );
}

/** From an empty new chat the address does not change: there the drawer has to be told, and the composer is meant. */
const onNewChat = (close: () => void) => () => {
  if (!matchMedia("(min-width: 768px)").matches) close();
  requestAnimationFrame(() => document.getElementById("composer")?.focus());
};

export function SettingsSidebar({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const [location] = useLocation();
  const groups = ["You", "Workspace", "Platform"] as const;
  return (
    <>
      <Top onClose={onClose} />
      <div className="px-3 pb-1">
        <Button asChild variant="ghost" className="w-full justify-start px-2">
          <Link href="/">
            <ArrowLeft className="size-4" />
            Back to chats
          </Link>
        </Button>
      </div>
      <nav aria-label="Settings" className="scroll min-h-0 flex-1 px-3 pb-4">
        {groups.map((group) => {
          const entries = settingsEntries.filter((entry) => entry.group === group && entry.may(session));
          if (entries.length === 0) return null;
          return (
            <section key={group} aria-label={group}>
              <h2 className="truncate px-2 pt-4 pb-1 text-xs font-medium text-ink-3">{group === "Workspace" ? session.tenant.name : group}</h2>
              <ul>
                {entries.map(({ path, name, icon: Icon }) => {
                  const current = location === `/settings/${path}`;
                  return (
                    <li key={path}>
                      <Link
                        href={`/settings/${path}`}
                        aria-current={current ? "page" : undefined}
                        className={cn("flex h-9 items-center gap-2.5 rounded-lg px-2 text-sm text-ink-2 hover:bg-hover hover:text-ink", current && "bg-hover font-medium text-ink")}
                      >
                        <Icon aria-hidden className="size-4 text-ink-3" />
                        {name}
                      </Link>
                    </li>
                  );
                })}
              </ul>
            </section>
          );
        })}
      </nav>
    </>
  );
}

const themes: [Theme, string, typeof Sun][] = [
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
  ["system", "System", Monitor],
];

function UserMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const { user, tenant } = useSession();
  const theme = useTheme();
  const [, navigate] = useLocation();
  const name = user.name || user.email;
  return (
    <div className="border-t p-2 pb-[max(0.5rem,env(safe-area-inset-bottom))]">
      <Menu>
        <MenuTrigger asChild>
          <button type="button" aria-label={`Account: ${name}`} className="flex w-full items-center gap-2.5 rounded-lg p-2 text-left hover:bg-hover">
            <span aria-hidden className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-soft text-[13px] font-semibold text-accent">
              {initials(name)}
            </span>
            <span className="min-w-0 flex-1">
              <span className="block truncate text-sm font-medium">{name}</span>
              <span className="block truncate text-xs text-ink-3">{tenant.name}</span>
            </span>
            <ChevronsUpDown aria-hidden className="size-4 text-ink-3" />
          </button>
        </MenuTrigger>
        <MenuContent side="top" align="start" className="w-63">
          <MenuLabel>{user.email}</MenuLabel>
          <MenuItem onSelect={() => navigate("/settings/profile")}>
            <Settings />
            Settings
          </MenuItem>
          <MenuItem onSelect={() => setTimeout(onShortcuts)}>
            <Keyboard />
            Keyboard shortcuts
          </MenuItem>
          <MenuSeparator />
          {themes.map(([value, label, Icon]) => (
            <MenuItem key={value} onSelect={() => setTheme(value)} role="menuitemradio" aria-checked={theme === value}>
              <Icon />
              {label}
              {theme === value && <span aria-hidden className="ml-auto size-1.5 rounded-full bg-accent" />}
            </MenuItem>
          ))}
          <MenuSeparator />
          <MenuItem onSelect={() => void signOut()}>
            <LogOut />
            Sign out
          </MenuItem>
        </MenuContent>
      </Menu>
    </div>
  );
}

function initials(name: string): string {
  const words = name.replace(/@.*/, "").split(/[\s._-]+/).filter(Boolean);
  return `${words[0]?.[0] ?? "?"}${words.length > 1 ? (words.at(-1)?.[0] ?? "") : ""}`.toUpperCase();
}
