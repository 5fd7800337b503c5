import { Download } from "lucide-react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Section, Table } from "@/components/ui/page";
import type { MetricGroup } from "@/lib/api/types";
import { formatCompact, formatCount, formatDuration, formatMoney } from "@/lib/format";
import { download, toCsv } from "./csv";
import { errorShare, percent } from "./tiles";

interface Props {
  title: string;
  head: string;
  rows: MetricGroup[];
  name: (row: MetricGroup) => string;
  /** Where the calls of a row are listed; null where they cannot be told apart. */
  calls: (row: MetricGroup) => string | null;
}

const latency = (ms: number | null | undefined) => (ms == null ? "–" : formatDuration(ms));

/** The dearest twenty, each of which leads to its calls. */
export function Groups({ title, head, rows, name, calls }: Props) {
  const save = () =>
    download(
      `${title.toLowerCase().replaceAll(" ", "-")}.csv`,
      toCsv(
        [head, "Spend ($)", "Requests", "Tokens in", "Tokens out", "Errors", "p50 (ms)", "p95 (ms)", "p99 (ms)"],
        rows.map((row) => [name(row), row.total_cost, row.total_requests, row.input_tokens, row.output_tokens, row.error_count, row.p50_latency_ms ?? null, row.p95_latency_ms ?? null, row.p99_latency_ms ?? null]),
      ),
    );
  return (
    <Section
      title={title}
      action={
        <Button size="sm" variant="outline" onClick={save} aria-label={`${title}: as CSV`}>
          <Download aria-hidden className="size-3.5" />
          CSV
        </Button>
      }
    >
      <Table label={title} head={[head, "Spend", "Requests", "Tokens", "Errors", "p50", "p95", "p99"]} right={[1, 2, 3, 4, 5, 6, 7]}>
        {rows.map((row) => {
          const link = calls(row);
          return (
            <tr key={row.group} className="tabular-nums">
              <td className="font-medium">
                {link ? (
                  <Link href={link} className="underline-offset-2 hover:underline">
                    {name(row)}
                    <span className="sr-only">: its calls</span>
                  </Link>
                ) : (
                  name(row)
                )}
              </td>
              <td className="text-right">{formatMoney(row.total_cost)}</td>
              <td className="text-right">{formatCount(row.total_requests)}</td>
              <td className="text-right">{formatCompact(row.total_tokens)}</td>
              <td className="text-right">{row.error_count ? percent(errorShare(row)) : "–"}</td>
              <td className="text-right whitespace-nowrap">{latency(row.p50_latency_ms)}</td>
              <td className="text-right whitespace-nowrap">{latency(row.p95_latency_ms)}</td>
              <td className="text-right whitespace-nowrap">{latency(row.p99_latency_ms)}</td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
