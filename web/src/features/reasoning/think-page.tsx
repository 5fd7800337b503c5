import { useRoute } from "wouter";
import { SessionList } from "./session-list";
import { SessionPage } from "./session-page";

/** Think Tank: the sessions there are, and one of them. */
export default function ThinkPage() {
  const [, params] = useRoute("/think/:id");
  return params ? <SessionPage key={params.id} id={params.id} /> : <SessionList />;
}
