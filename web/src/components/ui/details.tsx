/** What is known of one thing, by name; what is not known is left out. */
export function Details({ rows, mono = false }: { rows: [string, string | null | undefined][]; mono?: boolean }) {
  return (
    <dl className="grid grid-cols-[fit-content(40%)_1fr] gap-x-6 gap-y-2 text-sm">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name} className="col-span-2 grid grid-cols-subgrid">
            <dt className="whitespace-pre-wrap text-ink-3 [overflow-wrap:anywhere]">{name}</dt>
            <dd className={`min-w-0 [overflow-wrap:anywhere] ${mono ? "font-mono text-[13px]" : ""}`}>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
