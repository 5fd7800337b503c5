// The official Anthropic SDK for JavaScript, as its own documentation uses it.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.RADIANT_URL, apiKey: process.env.RADIANT_KEY, maxRetries: 0 });
const model = process.env.RADIANT_MODEL;
const messages = [{ role: "user", content: "Hello?" }];

const whole = await client.messages.create({ model, messages, max_tokens: 50 });
const stream = client.messages.stream({ model, messages, max_tokens: 50 });
let streamed = "";
stream.on("text", (text) => { streamed += text; });
const message = await stream.finalMessage();

const tools = [{ name: "weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }];
const asked = await client.messages.stream({ model, messages, tools, max_tokens: 50 }).finalMessage();
const call = asked.content.find((block) => block.type === "tool_use");
const answered = await client.messages.create({
  model, tools, max_tokens: 50,
  messages: [
    ...messages,
    { role: "assistant", content: asked.content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "Sunny." }] },
  ],
});
let refused = null;
try {
  await client.messages.create({ model: "no-such-model", messages, max_tokens: 5 });
} catch (error) {
  refused = { status: error.status, type: error.error?.error?.type };
}
console.log(JSON.stringify({
  whole: whole.content[0].text, streamed, stop: message.stop_reason, output: message.usage.output_tokens,
  called: { name: call.name, input: call.input }, answered: answered.content[0].text, refused,
}));
