/** The door for programs (/v1), asked by the page itself: its errors are in OpenAI's form. */
import { ApiProblem, csrfHeader, unreachable } from "./client";

interface DoorError {
  error?: { message?: string; code?: string };
}

/** POST to /v1…; the response, whole or to be read as events. Throws ApiProblem. */
export async function askDoor(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...csrfHeader() },
      body: JSON.stringify(body),
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => ({}))) as DoorError;
  throw new ApiProblem(response.status, told.error?.code ?? "", "Refused", told.error?.message ?? `The server answered ${response.status}`);
}
