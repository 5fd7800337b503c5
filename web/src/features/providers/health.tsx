import { useQuery } from "@tanstack/react-query";
import { Card, Section } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { UpstreamInfo } from "@/lib/api/schema";

const tones = { closed: "good", open: "danger", "half-open": "warn" } as const;
const names = { closed: "answering", open: "resting", "half-open": "being tried" } as const;

/** How the upstreams do that were called since this server started; nothing until one was. */
export function Health() {
  const { data } = useQuery({
    queryKey: ["providers", "health"],
    queryFn: async () => (await api.get<{ items: UpstreamInfo[] }>("/providers/health")).items,
    refetchInterval: 10_000,
  });
  if (!data?.length) return null;
  return (
    <Section title="How they do">
      <Card>
        <ul className="divide-y">
          {data.map((line) => (
            <li key={`${line.source} ${line.provider} ${line.name} ${line.model}`} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-5 py-2.5 text-[13px]">
              <span className="min-w-0 truncate">
                <span className="font-medium">{line.model}</span>
                <span className="text-ink-3">
                  {" "}
                  {line.provider}
                  {line.name !== "default" && ` · ${line.name}`}
                </span>
              </span>
              <span className="flex flex-wrap items-center gap-2 text-ink-3">
                {line.calls} calls
                {line.failures > 0 && `, ${line.failures} failed`}
                {line.requests_left !== null && ` · ${line.requests_left} requests left`}
                {line.resting > 0 && ` · again in ${Math.ceil(line.resting)} s`}
                <Badge tone={line.resting > 0 ? "warn" : tones[line.state]}>{names[line.state]}</Badge>
              </span>
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}
