/** The request as a program would send it, in four languages. */
export interface Asked {
  model: string;
  messages: { role: string; content: string }[];
  temperature?: number;
  max_tokens?: number;
  stream?: boolean;
}

const indent = (text: string, by: string): string => text.split("\n").join(`\n${by}`);

/** JSON as Python writes it. */
const python = (value: unknown): string => JSON.stringify(value, null, 4).replace(/\btrue\b/g, "True").replace(/\bfalse\b/g, "False");

export function codeOf(asked: Asked, base: string): Record<string, string> {
  const { stream: _, ...plain } = asked;
  const body = JSON.stringify(asked, null, 2);
  const key = "rad_YOUR_KEY";
  const args = Object.entries(plain)
    .map(([name, value]) => `    ${name}=${indent(python(value), "    ")},`)
    .join("\n");
  const properties = indent(JSON.stringify(plain, null, 2), "").slice(1, -1);
  return {
    curl: `curl ${base}/v1/chat/completions \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '${body.replaceAll("'", `'\\''`)}'`,
    Python: asked.stream
      ? `from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${key}")
stream = client.chat.completions.create(
${args}
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")`
      : `from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${key}")
answer = client.chat.completions.create(
${args}
)
print(answer.choices[0].message.content)`,
    JavaScript: asked.stream
      ? `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });
const stream = await client.chat.completions.create({${properties.trimEnd()},
  "stream": true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");`
      : `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });
const answer = await client.chat.completions.create({${properties.trimEnd()},
});
console.log(answer.choices[0].message.content);`,
    Go: `package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {
	body := ${goString(body)}
	request, _ := http.NewRequest("POST", "${base}/v1/chat/completions", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer ${key}")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	fmt.Println(string(answer))
}`,
  };
}

/** A raw string of Go; a backtick cannot stand in one. */
const goString = (text: string): string => "`" + text.replaceAll("`", "` + \"`\" + `") + "`";
