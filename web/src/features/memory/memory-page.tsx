import type { ComponentType } from "react";
import { useSearchParams } from "wouter";
import { SettingsPage } from "@/components/ui/page";
import { View, Views } from "@/components/ui/views";
import { GraphView } from "./graph";
import { Memories } from "./memories";
import { Patterns } from "./patterns";
import { Preferences } from "./preferences";
import { MemorySettings } from "./settings";
import { Timeline } from "./timeline";

const views: { name: string; title: string; of: ComponentType }[] = [
  { name: "memories", title: "Memories", of: Memories },
  { name: "preferences", title: "Preferences", of: Preferences },
  { name: "patterns", title: "Patterns", of: Patterns },
  { name: "timeline", title: "Timeline", of: Timeline },
  { name: "graph", title: "Graph", of: GraphView },
  { name: "settings", title: "Settings", of: MemorySettings },
];

export default function MemoryPage() {
  const [search, setSearch] = useSearchParams();
  const at = views.find((view) => view.name === search.get("view")) ?? views[0]!;
  return (
    <SettingsPage title="What RADIANT knows" description="What it remembers about you, how you like your answers, and what it noticed. It is yours: nobody else in this workspace sees it, admins neither.">
      <Views label="What RADIANT knows" views={views.map(({ name, title }) => [name, title] as const)} value={at.name} onChange={(view) => setSearch(view === "memories" ? {} : { view })}>
        {views.map(({ name, of: Content }) => (
          <View key={name} name={name} className="gap-8">
            <Content />
          </View>
        ))}
      </Views>
    </SettingsPage>
  );
}
