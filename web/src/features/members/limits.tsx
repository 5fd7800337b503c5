import { useQuery } from "@tanstack/react-query";
import { Card, Section } from "@/components/ui/page";
import { api } from "@/lib/api/client";
import type { LimitUse, LimitUses } from "@/lib/api/types";
import { formatCount } from "@/lib/format";

const names: Record<LimitUse["limit"], string> = { seats: "Seats", keys: "API keys", storage_bytes: "Storage" };

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 0)} GB`;

/** What the workspace's plan gives, and what is used of it. */
export function Limits() {
  const { data } = useQuery({ queryKey: ["limits"], queryFn: () => api.get<LimitUses>("/tenant/limits") });
  if (!data) return null;
  return (
    <Section title="Plan">
      <Card className="grid gap-4 p-5 sm:grid-cols-3">
        {data.items.map((item) => {
          const write = item.limit === "storage_bytes" ? gigabytes : formatCount;
          return (
            <div key={item.limit}>
              <p className="text-[13px] text-ink-3">{names[item.limit]}</p>
              <p className="text-sm font-medium tabular-nums">
                {write(item.used)} of {item.allowed === null ? "any number" : write(item.allowed)}
              </p>
              {item.allowed !== null && (
                <meter className="mt-1 w-full" aria-label={`${names[item.limit]} used`} min={0} max={Math.max(1, item.allowed)} value={Math.min(item.used, Math.max(1, item.allowed))} />
              )}
            </div>
          );
        })}
      </Card>
    </Section>
  );
}
