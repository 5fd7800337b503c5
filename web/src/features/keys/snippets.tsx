import { CodeTabs } from "@/components/ui/code-tabs";

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
  return <CodeTabs label="Examples" of="example" texts={examples} oneLine={["curl"]} />;
}
