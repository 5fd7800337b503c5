// The official OpenAI SDK for JavaScript, as its own documentation uses it. Prints what it got as one JSON line.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.RADIANT_URL}/v1`, apiKey: process.env.RADIANT_KEY, maxRetries: 0 });
const model = process.env.RADIANT_MODEL;
const messages = [{ role: "user", content: "Hello?" }];

const whole = await client.chat.completions.create({ model, messages, max_tokens: 50 });
const stream = await client.chat.completions.create({
  model, messages, stream: true, stream_options: { include_usage: true },
});
let streamed = "", usage = null;
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
const runner = client.chat.completions.runTools({
  model,
  messages: [{ role: "user", content: "Weather in Paris?" }],
  tools: [{
    type: "function",
    function: {
      name: "weather",
      parse: JSON.parse,
      parameters: { type: "object", properties: { city: { type: "string" } } },
      function: ({ city }) => `It is sunny in ${city}.`,
    },
  }],
});
const final = await runner.finalContent();
let refused = null;
try {
  await client.chat.completions.create({ model: "no-such-model", messages });
} catch (error) {
  refused = { status: error.status, type: error.type, code: error.code };
}
const models = [];
for await (const item of client.models.list()) models.push(item.id);
console.log(JSON.stringify({
  whole: whole.choices[0].message.content, streamed, total: usage.total_tokens, final, refused,
  listed: models.includes("auto") && models.length > 3,
}));
