// Vercel's AI SDK, over each of the providers that people point at a gateway.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const baseURL = `${process.env.RADIANT_URL}/v1`, apiKey = process.env.RADIANT_KEY;
const name = process.env.RADIANT_MODEL;
const kinds = {
  chat: () => createOpenAI({ baseURL, apiKey }).chat(name),
  responses: () => createOpenAI({ baseURL, apiKey })(name),
  compatible: () => createOpenAICompatible({ name: "radiant", baseURL, apiKey, includeUsage: true })(name),
  anthropic: () => createAnthropic({ baseURL, apiKey })(name),
};
const model = kinds[process.env.RADIANT_KIND]();
const until = (stepCountIs ?? isStepCount)(4);

const whole = await generateText({ model, prompt: "Hello?", maxRetries: 0 });
const result = streamText({ model, prompt: "Hello?", maxRetries: 0 });
let streamed = "";
for await (const piece of result.textStream) streamed += piece;
const usage = await result.usage;
const seen = [];
const agent = await generateText({
  model,
  maxRetries: 0,
  prompt: "Weather in Paris?",
  stopWhen: until,
  tools: {
    weather: tool({
      description: "The weather",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => { seen.push(city); return `Sunny in ${city}.`; },
    }),
  },
});
console.log(JSON.stringify({
  whole: whole.text, streamed, output: usage.outputTokens, seen, final: agent.text, steps: agent.steps.length,
}));
