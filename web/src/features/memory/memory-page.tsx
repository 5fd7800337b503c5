import type { ComponentType } from "react";
import { useSearchParams } from "wouter";
import { Select } from "@/components/ui/field";
import { SettingsPage } from "@/components/ui/page";
import { View, Views } from "@/components/ui/views";
import { useGroupMemories } from "@/lib/group-memories";
import { GraphView } from "./graph";
import { Memories } from "./memories";
import { Patterns } from "./patterns";
import { Preferences } from "./preferences";
import { MemorySettings } from "./settings";
import { Timeline } from "./timeline";

const views: { name: string; title: string; of: ComponentType; shared?: boolean }[] = [
  { name: "memories", title: "Memories", of: Memories, shared: true },
  { name: "preferences", title: "Preferences", of: Preferences },
  { name: "patterns", title: "Patterns", of: Patterns },
  { name: "timeline", title: "Timeline", of: Timeline, shared: true },
  { name: "graph", title: "Graph", of: GraphView, shared: true },
  { name: "settings", title: "Settings", of: MemorySettings },
];

export default function MemoryPage() {
  const [search, setSearch] = useSearchParams();
  const { data: groups } = useGroupMemories();
  const group = search.get("group");
  const shown = group === null ? views : views.filter((view) => view.shared);
  const at = shown.find((view) => view.name === search.get("view")) ?? shown[0]!;
  const mine = groups?.filter((one) => one.right !== null) ?? [];
  return (
    <SettingsPage title="What RADIANT knows" description={
        group === null
          ? "What it remembers about you, how you like your answers, and what it noticed. It is yours: nobody else in this workspace sees it, admins neither."
          : "What the group has in common. Everybody in it sees this, and nobody else; what you told RADIANT yourself stays yours."
      }
      action={
        mine.length > 0 && (
          <Select aria-label="Whose memory" className="w-48" value={group ?? ""} onChange={(event) => setSearch(event.target.value ? { group: event.target.value } : {})}>
            <option value="">My own</option>
            {mine.map((one) => (
              <option key={one.group_id} value={one.group_id}>
                {one.name}
              </option>
            ))}
          </Select>
        )
      }
    >
      <Views
        key={group ?? "own"}
        label="What RADIANT knows" views={shown.map(({ name, title }) => [name, title] as const)} value={at.name} onChange={(view) => setSearch({ ...(group ? { group } : {}), ...(view === "memories" ? {} : { view }) })}>
        {shown.map(({ name, of: Content }) => (
          <View key={name} name={name} className="gap-8">
            <Content />
          </View>
        ))}
      </Views>
    </SettingsPage>
  );
}
