import { Menu as MenuIcon, PanelLeft, WifiOff } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Redirect, Route, Switch, useLocation, useRoute } from "wouter";
import { preloadMarkdown } from "@/components/markdown";
import { Boundary } from "@/components/ui/boundary";
import { Button } from "@/components/ui/button";
import { Shade } from "@/components/ui/dialog";
import { Spinner } from "@/components/ui/spinner";
import { useShortcut } from "@/lib/shortcuts";
import { ChatSidebar, SettingsSidebar } from "./sidebar";
import { useOffline, useWide } from "@/lib/surroundings";

const loadChat = () => import("@/features/chats/chat-page");
// Asked for while it is still found out who is there: most visits begin with a chat. A failure shows itself where it is needed.
if (!/^\/(settings|panes|memory|documents|think|canvas|rooms|voice)\b/.test(location.pathname)) loadChat().catch(() => undefined);

const ChatPage = lazy(loadChat);
const Palette = lazy(() => import("./palette"));
const ShortcutSheet = lazy(() => import("./shortcut-sheet"));
const Panes = lazy(() => import("./panes-route"));
const SettingsRoutes = lazy(() => import("./settings-routes"));
const Merges = lazy(() => import("@/features/merging/merges-page"));
const Think = lazy(() => import("@/features/reasoning/think-page"));
const Memory = lazy(() => import("@/features/memory/memory-page"));
const Canvases = lazy(() => import("@/features/canvas/canvas-list"));
const Rooms = lazy(() => import("@/features/collaboration/rooms-page"));
const RoomPage = lazy(() => import("@/features/collaboration/room-page"));
const Canvas = lazy(() => import("@/features/canvas/canvas-page"));
const Voice = lazy(() => import("@/features/voice/voice-page"));
const Talk = lazy(() => import("@/features/voice/live/talk-page"));
const Documents = lazy(() => import("@/features/documents/documents-page"));

const KEY = "radiant.sidebar";

function readOpen(): boolean {
  try {
    return localStorage.getItem(KEY) !== "closed";
  } catch {
    return true;
  }
}

export function Shell() {
  const wide = useWide();
  const offline = useOffline();
  const [location, navigate] = useLocation();
  const [isSettings] = useRoute("/settings/*?");
  const [docked, setDocked] = useState(readOpen);
  const [drawer, setDrawer] = useState(false);
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);

  useEffect(preloadMarkdown, []);

  useEffect(() => {
    // Whoever has gone somewhere does not want the drawer before it.
    setDrawer(false);
    // What had the focus went with the page before: the keyboard goes on from the new one.
    const frame = requestAnimationFrame(() => {
      if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [location]);

  const dock = (open: boolean) => {
    setDocked(open);
    try {
      localStorage.setItem(KEY, open ? "open" : "closed");
    } catch {
      // Storage may be blocked: the choice then lasts until the page is closed.
    }
  };

  useShortcut("mod+k", "Search chats and commands", () => setPalette(true));
  useShortcut("mod+shift+o", "New chat", () => navigate("/"));
  useShortcut("mod+b", "Show or hide the sidebar", () => (wide ? dock(!docked) : setDrawer(!drawer)));
  useShortcut("mod+/", "Keyboard shortcuts", () => setSheet(true));
  useShortcut("?", "Keyboard shortcuts", () => setSheet(true));

  const sidebar = (close: () => void) =>
    isSettings ? (
      <SettingsSidebar onClose={close} />
    ) : (
      <ChatSidebar onClose={close} onSearch={() => setPalette(true)} onShortcuts={() => setSheet(true)} />
    );

  const lead = wide ? (
    !docked && (
      <Button variant="ghost" size="icon" aria-label="Show sidebar" title="Show sidebar" onClick={() => dock(true)}>
        <PanelLeft className="size-4.5" />
      </Button>
    )
  ) : (
    <Button variant="ghost" size="icon" aria-label="Open menu" className="size-9" onClick={() => setDrawer(true)}>
      <MenuIcon className="size-5" />
    </Button>
  );

  return (
    <div className="flex h-dvh">
      <a href="#main" className="sr-only z-[80] rounded-lg bg-primary px-4 py-2 text-on-primary focus:not-sr-only focus:fixed focus:top-3 focus:left-3">
        Skip to the content
      </a>
      {wide && docked && <aside className="flex w-68 shrink-0 flex-col border-r bg-panel">{sidebar(() => dock(false))}</aside>}
      {!wide && (
        <Radix.Root open={drawer} onOpenChange={setDrawer}>
          <Radix.Portal>
            <Shade />
            <Radix.Content aria-describedby={undefined} className="fixed inset-y-0 left-0 z-50 flex w-[min(86vw,19rem)] animate-drawer flex-col border-r bg-panel outline-none">
              <Radix.Title className="sr-only">Menu</Radix.Title>
              {sidebar(() => setDrawer(false))}
            </Radix.Content>
          </Radix.Portal>
        </Radix.Root>
      )}
      <main id="main" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
        {offline && (
          <p role="status" className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-1.5 text-[13px] text-warn">
            <WifiOff aria-hidden className="size-4" />
            You are offline. What you write is kept; answers go on when you are back.
          </p>
        )}
        <Boundary resetKey={location}>
          <Switch>
            <Route path="/settings/*?">
              <Room lead={lead}>
                <SettingsRoutes />
              </Room>
            </Route>
            <Route path="/merges/:id?">
              <Room lead={lead}>
                <Merges />
              </Room>
            </Route>
            <Route path="/think/:id?">
              <Room lead={lead}>
                <Think />
              </Room>
            </Route>
            <Route path="/memory">
              <Room lead={lead}>
                <Memory />
              </Room>
            </Route>
            <Route path="/voice/:id/talk">
              {({ id }) => (
                <Suspense fallback={<Loading />}>
                  <Talk key={id} id={id} lead={lead} />
                </Suspense>
              )}
            </Route>
            <Route path="/voice/:id?">
              <Room lead={lead}>
                <Voice />
              </Room>
            </Route>
            <Route path="/documents/:base?/:document?">
              <Room lead={lead}>
                <Documents />
              </Room>
            </Route>
            <Route path="/canvas">
              <Room lead={lead}>
                <Canvases />
              </Room>
            </Route>
            <Route path="/canvas/:id">
              {({ id }) => (
                <Suspense fallback={<Loading />}>
                  <Canvas key={id} id={id} lead={lead} />
                </Suspense>
              )}
            </Route>
            <Route path={/^\/rooms(?:\/join\/(?<token>[^/]+))?$/}>
              <Room lead={lead}>
                <Rooms />
              </Room>
            </Route>
            <Route path="/rooms/:id">
              {({ id }) => (
                <Suspense fallback={<Loading />}>
                  <RoomPage key={id} id={id} lead={lead} />
                </Suspense>
              )}
            </Route>
            <Route path="/panes/:id?">
              {({ id }) => (
                <Suspense fallback={<Loading />}>
                  <Panes id={id ?? null} lead={lead} />
                </Suspense>
              )}
            </Route>
            <Route path="/chat/:id">
              {({ id }) => (
                <Suspense fallback={<Loading />}>
                  <ChatPage key={id} id={id} lead={lead} />
                </Suspense>
              )}
            </Route>
            <Route path="/">
              <Suspense fallback={<Loading />}>
                <ChatPage key="new" id={null} lead={lead} />
              </Suspense>
            </Route>
            <Route>
              <Redirect to="/" replace />
            </Route>
          </Switch>
        </Boundary>
      </main>
      <Suspense>
        {palette && <Palette onOpenChange={setPalette} onShortcuts={() => setSheet(true)} />}
        {sheet && <ShortcutSheet onOpenChange={setSheet} />}
      </Suspense>
    </div>
  );
}

const Room = ({ lead, children }: { lead: ReactNode; children: ReactNode }) => (
  <>
    <div className="flex h-14 shrink-0 items-center px-2 empty:hidden sm:px-3">{lead}</div>
    <div className="scroll min-h-0 flex-1" tabIndex={-1}>
      <Suspense fallback={<Loading />}>{children}</Suspense>
    </div>
  </>
);

const Loading = () => (
  <div className="grid place-content-center p-16" role="status" aria-label="Loading">
    <Spinner className="size-5 text-ink-3" />
  </div>
);
