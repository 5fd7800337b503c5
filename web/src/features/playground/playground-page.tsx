import { Play, Plus, Square, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { CodeTabs } from "@/components/ui/code-tabs";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { Card, Section, SettingsPage } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import { askDoor } from "@/lib/api/door";
import { formatCount, formatDuration } from "@/lib/format";
import { isChatModel, useModels } from "@/lib/models";
import { readEvents } from "@/lib/sse";
import { type Asked, codeOf } from "./code";

interface Turn {
  role: string;
  content: string;
}

interface Answer {
  text: string;
  reasoning: string;
  model: string;
  tokens: { prompt_tokens: number; completion_tokens: number } | null;
  firstMs: number | null;
  ms: number;
  headers: [string, string][];
}

interface Chunk {
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null }; message?: { content?: string | null; reasoning_content?: string | null } }[];
  usage?: Answer["tokens"];
  error?: { message?: string };
}

export default function PlaygroundPage() {
  const { data: models } = useModels();
  const [model, setModel] = useState("auto");
  const [turns, setTurns] = useState<Turn[]>([{ role: "user", content: "Say hello in one sentence." }]);
  const [temperature, setTemperature] = useState("");
  const [limit, setLimit] = useState("");
  const [stream, setStream] = useState(true);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const stopping = useRef<AbortController | null>(null);

  const asked: Asked = {
    model,
    messages: turns.filter((turn) => turn.content.trim()),
    ...(temperature ? { temperature: Number(temperature) } : {}),
    ...(limit ? { max_tokens: Number(limit) } : {}),
    ...(stream ? { stream } : {}),
  };
  const change = (index: number, turn: Partial<Turn>) => setTurns(turns.map((old, at) => (at === index ? { ...old, ...turn } : old)));

  const run = async () => {
    const abort = new AbortController();
    stopping.current = abort;
    setBusy(true);
    setError("");
    setAnswer(null);
    try {
      await ask(asked, abort.signal, setAnswer);
    } catch (fault) {
      if (!abort.signal.aborted) setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };

  return (
    <SettingsPage title="Playground" description="Ask any model as a program would, and take the code along. What you ask here is not kept.">
      <form
        className="grid gap-8 lg:grid-cols-[1fr_15rem]"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div className="grid content-start gap-3">
          {turns.map((turn, index) => (
            <div key={index} className="grid grid-cols-[7.5rem_1fr_auto] items-start gap-2">
              <Select aria-label={`Role of message ${index + 1}`} value={turn.role} onChange={(event) => change(index, { role: event.target.value })}>
                <option value="system">system</option>
                <option value="user">user</option>
                <option value="assistant">assistant</option>
              </Select>
              <Textarea aria-label={`Message ${index + 1}`} rows={3} value={turn.content} onChange={(event) => change(index, { content: event.target.value })} />
              <Button type="button" variant="ghost" size="icon" aria-label={`Remove message ${index + 1}`} disabled={turns.length === 1} onClick={() => setTurns(turns.filter((_, at) => at !== index))}>
                <Trash2 className="size-4" />
              </Button>
            </div>
          ))}
          <div className="flex flex-wrap gap-2">
            <Button type="button" size="sm" onClick={() => setTurns([...turns, { role: turns.at(-1)?.role === "user" ? "assistant" : "user", content: "" }])}>
              <Plus className="size-4" />
              Add a message
            </Button>
            {busy ? (
              <Button type="button" size="sm" variant="primary" onClick={() => stopping.current?.abort()}>
                <Square className="size-3.5" />
                Stop
              </Button>
            ) : (
              <Button type="submit" size="sm" variant="primary" disabled={asked.messages.length === 0}>
                <Play className="size-3.5" />
                Ask
              </Button>
            )}
          </div>
          {error && <Notice tone="danger">{error}</Notice>}
          {(answer || busy) && <Shown answer={answer} busy={busy} />}
        </div>
        <div className="grid content-start gap-4">
          <Field label="Model">
            {(ids) => (
              <Select {...ids} value={model} onChange={(event) => setModel(event.target.value)}>
                <option value="auto">auto</option>
                {models?.filter((item) => item.id !== "auto" && isChatModel(item) && item.available).map((item) => (
                  <option key={item.id} value={item.id}>
                    {item.display_name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Temperature" hint="Empty: the model's own.">
            {(ids) => <Input {...ids} type="number" min="0" max="2" step="0.1" value={temperature} onChange={(event) => setTemperature(event.target.value)} />}
          </Field>
          <Field label="At most, in tokens" hint="Empty: the model's own.">
            {(ids) => <Input {...ids} type="number" min="1" step="1" value={limit} onChange={(event) => setLimit(event.target.value)} />}
          </Field>
          <Checkbox label="Streamed" checked={stream} onChange={(event) => setStream(event.target.checked)} />
        </div>
      </form>
      <Section title="The same from a program" description="With a key of yours in place of rad_YOUR_KEY.">
        <CodeTabs label="Language" of="code" texts={codeOf(asked, location.origin)} />
      </Section>
    </SettingsPage>
  );
}

async function ask(asked: Asked, signal: AbortSignal, show: (answer: Answer) => void): Promise<void> {
  const began = performance.now();
  const body = asked.stream ? { ...asked, stream_options: { include_usage: true } } : asked;
  const response = await askDoor("/chat/completions", body, signal);
  const answer: Answer = {
    text: "",
    reasoning: "",
    model: response.headers.get("x-radiant-model") ?? asked.model,
    tokens: null,
    firstMs: null,
    ms: 0,
    headers: [...response.headers].filter(([name]) => name.startsWith("x-")),
  };
  const take = (chunk: Chunk) => {
    if (chunk.error) throw new Error(chunk.error.message ?? "The answer broke off.");
    const said = chunk.choices?.[0]?.delta ?? chunk.choices?.[0]?.message;
    answer.text += said?.content ?? "";
    answer.reasoning += said?.reasoning_content ?? "";
    answer.tokens = chunk.usage ?? answer.tokens;
    answer.firstMs ??= performance.now() - began;
    answer.ms = performance.now() - began;
    show({ ...answer });
  };
  if (!asked.stream) {
    take((await response.json()) as Chunk);
    return;
  }
  for await (const event of readEvents(response)) if (event.data !== "[DONE]") take(JSON.parse(event.data) as Chunk);
}

function Shown({ answer, busy }: { answer: Answer | null; busy: boolean }) {
  return (
    <Card className="grid gap-3 p-4">
      <div aria-live="polite" aria-busy={busy} className="grid gap-3">
        {answer?.reasoning && <p className="border-l-2 pl-3 text-sm whitespace-pre-wrap text-ink-3">{answer.reasoning}</p>}
        <p className="min-h-6 text-sm leading-relaxed whitespace-pre-wrap">{answer?.text ?? ""}</p>
      </div>
      {answer && (
        <p className="flex flex-wrap gap-1.5">
          <Badge tone="accent">{answer.model}</Badge>
          {answer.tokens && (
            <Badge>
              {formatCount(answer.tokens.prompt_tokens)} → {formatCount(answer.tokens.completion_tokens)} tokens
            </Badge>
          )}
          {answer.firstMs !== null && <Badge>first word {formatDuration(answer.firstMs)}</Badge>}
          <Badge>{formatDuration(answer.ms)}</Badge>
        </p>
      )}
      {answer && !busy && (
        <details className="text-[13px] text-ink-2">
          <summary className="cursor-pointer">Headers</summary>
          <dl className="mt-2 grid gap-1 font-mono text-xs">
            {answer.headers.map(([name, value]) => (
              <div key={name} className="flex gap-2 [overflow-wrap:anywhere]">
                <dt className="text-ink-3">{name}:</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </Card>
  );
}
