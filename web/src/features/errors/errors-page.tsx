import { useSearchParams } from "wouter";
import { Select } from "@/components/ui/field";
import { SettingsPage } from "@/components/ui/page";
import { View, Views } from "@/components/ui/views";
import { useSession } from "@/lib/session";
import { ErrorSettingsView } from "./error-settings";
import { GroupView } from "./group-view";
import { Inbox } from "./inbox";
import { Projects } from "./projects";
import type { Scope } from "./queries";

const views: [string, string][] = [
  ["inbox", "Inbox"],
  ["projects", "Projects"],
  ["settings", "Settings"],
];

export default function ErrorsPage() {
  const session = useSession();
  const [search, setSearch] = useSearchParams();
  const scope: Scope = session.user.is_operator && search.get("scope") === "platform" ? "platform" : "workspace";
  const group = search.get("group");
  const view = views.find(([name]) => name === search.get("view"))?.[0] ?? "inbox";
  const kept: Record<string, string> = scope === "platform" ? { scope } : {};
  const href = (more: Record<string, string>) => {
    const query = new URLSearchParams({ ...kept, ...more });
    return query.size ? `/settings/errors?${query}` : "/settings/errors";
  };
  const hrefOf = (id: string) => href({ group: id });
  return (
    <SettingsPage
      title="Errors"
      description={scope === "platform" ? "What RADIANT itself fails at, for the operator alone." : "What your programs fail at, grouped: sent by Sentry’s SDKs or through the API."}
      action={
        session.user.is_operator && (
          <Select aria-label="Whose errors" className="w-44" value={scope} onChange={(event) => setSearch(event.target.value === "platform" ? { scope: "platform" } : {})}>
            <option value="workspace">{session.tenant.name}</option>
            <option value="platform">The platform</option>
          </Select>
        )
      }
    >
      {group ? (
        <GroupView key={`${scope}${group}`} scope={scope} id={group} back={href({})} hrefOf={hrefOf} />
      ) : (
        <Views label="Errors" views={views} value={view} onChange={(next) => setSearch(next === "inbox" ? kept : { ...kept, view: next })}>
          <View name="inbox">
            <Inbox scope={scope} hrefOf={hrefOf} onProjects={() => setSearch({ ...kept, view: "projects" })} />
          </View>
          <View name="projects">
            <Projects scope={scope} />
          </View>
          <View name="settings">
            <ErrorSettingsView scope={scope} />
          </View>
        </Views>
      )}
    </SettingsPage>
  );
}
