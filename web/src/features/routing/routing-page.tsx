import { type ComponentType } from "react";
import { useSearchParams } from "wouter";
import { SettingsPage } from "@/components/ui/page";
import { View, Views } from "@/components/ui/views";
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
      <Views label="Routing" views={shown.map(({ name, title }) => [name, title] as const)} value={at.name} onChange={(view) => setSearch(view === "rules" ? {} : { view })}>
        {shown.map(({ name, of: Content }) => (
          <View key={name} name={name} className="gap-8">
            <Content />
          </View>
        ))}
      </Views>
    </SettingsPage>
  );
}
