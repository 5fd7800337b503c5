import { useState } from "react";

interface State<A, R> {
  busy: boolean;
  asked?: A;
  data?: R;
  error?: unknown;
}

/** Asks when it is told to, and keeps what came of it; the newest question wins. */
export function useAsk<A, R>(send: (asked: A) => Promise<R>) {
  const [state, setState] = useState<State<A, R>>({ busy: false });
  const run = async (asked: A) => {
    const mine: State<A, R> = { busy: true, asked };
    setState(mine);
    let found: State<A, R>;
    try {
      found = { busy: false, asked, data: await send(asked) };
    } catch (error) {
      found = { busy: false, asked, error };
    }
    setState((now) => (now === mine ? found : now));
  };
  return { ...state, run };
}
