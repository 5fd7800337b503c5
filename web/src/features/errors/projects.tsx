import { Plug, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { CodeTabs } from "@/components/ui/code-tabs";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { ErrorProject } from "@/lib/api/types";
import { useQueryClient } from "@tanstack/react-query";
import { errorsKey, type Scope, useChange, useProjects } from "./queries";
import { snippetsOf } from "./snippets";
import { plural } from "./words";

/** Programs that send errors: each with the address that its SDK is given. */
export function Projects({ scope }: { scope: Scope }) {
  const { data, error, refetch } = useProjects(scope);
  const [edited, setEdited] = useState<ErrorProject | "new" | null>(null);
  return (
    <Section
      title="Projects"
      description="A program that sends errors, by any of Sentry’s SDKs."
      action={
        <Button variant="primary" onClick={() => setEdited("new")}>
          <Plus className="size-4" />
          New project
        </Button>
      }
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton />
      ) : data.length === 0 ? (
        <Empty icon={Plug} title="No projects yet">
          Make one, and give its DSN to Sentry’s SDK in your program.
        </Empty>
      ) : (
        data.map((project) => <ProjectCard key={project.id} scope={scope} project={project} onEdit={() => setEdited(project)} />)
      )}
      {edited && <ProjectDialog scope={scope} project={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </Section>
  );
}

const counted: Record<string, string> = { transaction: "traces", session: "sessions", crash: "crashes", check_in: "check-ins", log: "logs", discarded: "discarded by SDKs" };

function ProjectCard({ scope, project, onEdit }: { scope: Scope; project: ErrorProject; onEdit: () => void }) {
  const [asked, setAsked] = useState<"key" | "delete" | null>(null);
  const queries = useQueryClient();
  const done = () => queries.invalidateQueries({ queryKey: errorsKey(scope) });
  return (
    <Card className="grid gap-4 p-4">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="font-medium">{project.name}</h3>
        <Badge>{project.platform}</Badge>
        {!project.is_active && <Badge tone="warn">switched off</Badge>}
        <span className="mr-auto text-[13px] text-ink-3">
          {plural(project.errors_24h, "error")} in a day
          {Object.entries(project.tallies_24h)
            .map(([kind, items]) => `, ${items.toLocaleString("en-US")} ${counted[kind] ?? kind}`)
            .join("")}
        </span>
        <Button size="sm" onClick={onEdit}>
          Change
        </Button>
        <Button size="sm" onClick={() => setAsked("key")}>
          New DSN
        </Button>
        <Button size="sm" onClick={() => setAsked("delete")}>
          Delete
        </Button>
      </div>
      <Snippet label={`DSN of ${project.name}`} text={project.dsn} />
      <details>
        <summary className="cursor-pointer rounded-md text-sm text-ink-2 hover:text-ink">How to send</summary>
        <div className="mt-3">
          <CodeTabs label={`Languages for ${project.name}`} of="example" texts={snippetsOf(project.dsn)} />
        </div>
      </details>
      <Confirm
        open={asked === "key"}
        onOpenChange={() => setAsked(null)}
        title={`A new DSN for ${project.name}?`}
        description="Programs that have the old one are refused from then on."
        action="Make a new DSN"
        run={async () => {
          await api.post(`/errors/projects/${project.id}/key`, undefined, { query: { scope } });
          await done();
        }}
      />
      <Confirm
        open={asked === "delete"}
        onOpenChange={() => setAsked(null)}
        title={`Delete ${project.name}?`}
        description="Its errors are deleted with it."
        action="Delete"
        danger
        run={async () => {
          await api.delete(`/errors/projects/${project.id}`, undefined, { query: { scope } });
          await done();
        }}
      />
    </Card>
  );
}

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);

function ProjectDialog({ scope, project, onClose }: { scope: Scope; project: ErrorProject | null; onClose: () => void }) {
  const [given, setGiven] = useState({
    name: project?.name ?? "",
    platform: project?.platform ?? "python",
    transactions: project?.transactions ?? "count",
    keep_variables: project?.keep_variables ?? false,
    events_per_minute: String(project?.events_per_minute ?? 600),
    is_active: project?.is_active ?? true,
  });
  const [fault, setFault] = useState("");
  const save = useChange(scope, async () => {
    const { is_active, ...rest } = given;
    const body = { ...rest, slug: project?.slug ?? slugOf(given.name), events_per_minute: Number(given.events_per_minute) };
    try {
      if (project) await api.put(`/errors/projects/${project.id}`, { ...body, is_active }, { query: { scope } });
      else await api.post("/errors/projects", body, { query: { scope } });
      onClose();
    } catch (error) {
      setFault(messageOf(error));
    }
  });
  return (
    <Dialog open onOpenChange={onClose} title={project ? `Change ${project.name}` : "New project"}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(undefined);
        }}
      >
        {fault && <Notice tone="danger">{fault}</Notice>}
        <Field label="Name">{(ids) => <Input {...ids} required maxLength={100} value={given.name} onChange={(event) => setGiven({ ...given, name: event.target.value })} />}</Field>
        <Field label="Language">
          {(ids) => (
            <Select {...ids} value={given.platform} onChange={(event) => setGiven({ ...given, platform: event.target.value })}>
              {["python", "node", "javascript", "go", "java", "ruby", "php", "dotnet", "rust", "other"].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Traces">
          {(ids) => (
            <Select {...ids} value={given.transactions} onChange={(event) => setGiven({ ...given, transactions: event.target.value as "count" | "drop" })}>
              <option value="count">Count them</option>
              <option value="drop">Drop them</option>
            </Select>
          )}
        </Field>
        <Field label="Errors a minute, at most">
          {(ids) => <Input {...ids} type="number" min={1} max={100000} required value={given.events_per_minute} onChange={(event) => setGiven({ ...given, events_per_minute: event.target.value })} />}
        </Field>
        <Checkbox label="Keep variables of frames" hint="They can hold secrets. What is known for one is taken out even so." checked={given.keep_variables} onChange={(event) => setGiven({ ...given, keep_variables: event.target.checked })} />
        {project && <Checkbox label="Takes errors" checked={given.is_active} onChange={(event) => setGiven({ ...given, is_active: event.target.checked })} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={save.isPending}>
            {project ? "Save" : "Make the project"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
