/** How budgets and rate limits are worded. */
export const periodNames: Record<string, string> = { day: "a day", month: "a month", total: "in all", minute: "a minute", hour: "an hour", now: "at once" };
export const meterNames: Record<string, string> = { requests: "requests", tokens: "tokens", concurrency: "calls" };
