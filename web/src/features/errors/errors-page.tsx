import { Tabs } from "radix-ui";
import { useSearchParams } from "wouter";
import { Select } from "@/components/ui/field";
import { SettingsPage } from "@/components/ui/page";
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
        <Tabs.Root value={view} onValueChange={(next) => setSearch(next === "inbox" ? kept : { ...kept, view: next })} className="grid min-w-0 gap-6">
          <Tabs.List aria-label="Errors" className="-mb-1 flex max-w-full overflow-x-auto border-b [scrollbar-width:none] sm:gap-1">
            {views.map(([name, title]) => (
              <Tabs.Trigger
                key={name}
                value={name}
                className="-mb-px h-10 shrink-0 border-b-2 border-transparent px-2 text-[13px] font-medium text-ink-2 -outline-offset-2 hover:text-ink sm:px-3 sm:text-sm data-[state=active]:border-accent data-[state=active]:text-ink"
              >
                {title}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <Tabs.Content value="inbox" tabIndex={-1} className="grid min-w-0 outline-none">
            <Inbox scope={scope} hrefOf={hrefOf} onProjects={() => setSearch({ ...kept, view: "projects" })} />
          </Tabs.Content>
          <Tabs.Content value="projects" tabIndex={-1} className="grid min-w-0 outline-none">
            <Projects scope={scope} />
          </Tabs.Content>
          <Tabs.Content value="settings" tabIndex={-1} className="grid min-w-0 outline-none">
            <ErrorSettingsView scope={scope} />
          </Tabs.Content>
        </Tabs.Root>
      )}
    </SettingsPage>
  );
}
