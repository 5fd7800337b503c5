import { Tabs } from "radix-ui";
import { type ComponentType } from "react";
import { useSearchParams } from "wouter";
import { SettingsPage } from "@/components/ui/page";
import type { Session } from "@/lib/api/types";
import { mayWrite, useSession } from "@/lib/session";
import { History } from "./history";
import { Standings } from "./standings";
import { Rules } from "./rules";
import { RoutingSettingsView } from "./settings";
import { TryPrompt } from "./try-prompt";

const views: { name: string; title: string; of: ComponentType; may?: (session: Session) => boolean }[] = [
  { name: "rules", title: "Rules", of: Rules },
  { name: "try", title: "Try a prompt", of: TryPrompt, may: mayWrite },
  { name: "history", title: "History", of: History },
  { name: "models", title: "Models", of: Standings },
  { name: "settings", title: "Settings", of: RoutingSettingsView },
];

export default function RoutingPage() {
  const session = useSession();
  const [search, setSearch] = useSearchParams();
  const shown = views.filter((view) => !view.may || view.may(session));
  const at = shown.find((view) => view.name === search.get("view")) ?? shown[0]!;
  return (
    <SettingsPage title="Routing" description="Which model answers where a call leaves it open by asking for auto: your rules first, then a score of cost, latency, quality and reliability.">
      <Tabs.Root value={at.name} onValueChange={(view) => setSearch(view === "rules" ? {} : { view })} className="grid min-w-0 gap-6">
        <Tabs.List aria-label="Routing" className="-mb-1 flex max-w-full overflow-x-auto sm:gap-1 border-b [scrollbar-width:none]">
          {shown.map(({ name, title }) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="-mb-px h-10 shrink-0 border-b-2 border-transparent px-2 text-[13px] font-medium text-ink-2 -outline-offset-2 hover:text-ink sm:px-3 sm:text-sm data-[state=active]:border-accent data-[state=active]:text-ink"
            >
              {title}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {shown.map(({ name, of: View }) => (
          <Tabs.Content key={name} value={name} tabIndex={-1} className="grid min-w-0 gap-8 outline-none">
            <View />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </SettingsPage>
  );
}
