/** The models on offer, for the picker and the settings. */
import { useQuery } from "@tanstack/react-query";
import { api } from "./api/client";
import type { Model } from "./api/types";

export const modelsKey = ["models"] as const;

export function useModels() {
  return useQuery({
    queryKey: modelsKey,
    queryFn: async () => (await api.get<{ items: Model[] }>("/models")).items,
    staleTime: 60_000,
  });
}

/** Models that can hold a conversation. */
export const isChatModel = (model: Model): boolean => model.id === "auto" || model.task === "chat";

/** A key would make it usable; other reasons are not for this page to mend. */
export const wantsKey = (model: Model): boolean => !model.available && /\bkey\b/.test(model.reason ?? "");

export const providerNames: Record<string, string> = {
  openai: "OpenAI",
  anthropic: "Anthropic",
  google: "Google",
  xai: "xAI",
  bedrock: "Amazon Bedrock",
  groq: "Groq",
  mistral: "Mistral",
  deepseek: "DeepSeek",
  ollama: "Ollama",
  vllm: "vLLM",
  llamacpp: "llama.cpp",
  openrouter: "OpenRouter",
  together: "Together",
  local: "On this machine",
};

export const providerName = (provider: string): string =>
  providerNames[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1);

/** A model's name as people say it; its id where it is no longer on offer. */
export const modelName = (models: readonly Model[] | undefined, id: string | null): string =>
  (id && models?.find((model) => model.id === id)?.display_name) || id || "";

const KEY = "radiant.model";

export function lastModel(): string {
  try {
    return localStorage.getItem(KEY) || "auto";
  } catch {
    return "auto";
  }
}

export function rememberModel(id: string): void {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // Storage may be blocked: new chats then begin with "auto".
  }
}
