import { Tabs } from "radix-ui";
import { Snippet } from "@/components/ui/parts";

/** Ready-made calls with this server's address in them. */
export function Snippets({ secret }: { secret: string }) {
  const base = location.origin;
  const examples = {
    curl: `curl ${base}/v1/chat/completions -H 'Authorization: Bearer ${secret}' -H 'Content-Type: application/json' -d '{"model": "auto", "messages": [{"role": "user", "content": "Say hello in one word."}]}'`,
    OpenAI: `from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${secret}")
answer = client.chat.completions.create(
    model="auto",
    messages=[{"role": "user", "content": "Say hello in one word."}],
)
print(answer.choices[0].message.content)`,
    Anthropic: `from anthropic import Anthropic

client = Anthropic(base_url="${base}", api_key="${secret}")
answer = client.messages.create(
    model="auto",
    max_tokens=256,
    messages=[{"role": "user", "content": "Say hello in one word."}],
)
print(answer.content[0].text)`,
  };
  return (
    <Tabs.Root defaultValue="curl" className="grid min-w-0 gap-2">
      <Tabs.List aria-label="Examples" className="flex gap-1">
        {Object.keys(examples).map((name) => (
          <Tabs.Trigger
            key={name}
            value={name}
            className="h-8 rounded-lg px-3 text-[13px] font-medium text-ink-2 hover:bg-hover data-[state=active]:bg-subtle data-[state=active]:text-ink"
          >
            {name}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {Object.entries(examples).map(([name, text]) => (
        <Tabs.Content key={name} value={name} tabIndex={-1} className="min-w-0">
          <Snippet text={text} label={`${name} example`} lines={name !== "curl"} />
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
