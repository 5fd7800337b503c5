import { Component, type ReactNode } from "react";
import { Button } from "./button";

interface Props {
  children: ReactNode;
  /** When this changes (a new page), the boundary tries again. */
  resetKey?: string;
}

/** Keeps a fault of one part from taking the page down, and lets the person go on. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidCatch(error: Error) {
    // To the console, and to whoever listens for failures.
    reportError(error);
  }

  override componentDidUpdate(before: Props) {
    if (before.resetKey !== this.props.resetKey && this.state.error) this.setState({ error: null });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const outdated = /dynamically imported module|Loading chunk/i.test(error.message);
    return (
      <div role="alert" className="grid h-full min-h-60 place-content-center justify-items-center gap-3 p-8 text-center">
        <h1 className="text-lg font-semibold">{outdated ? "RADIANT has been updated" : "This part of the page failed"}</h1>
        <p className="max-w-md text-sm text-ink-2">
          {outdated ? "Reload the page to go on with the new version." : "Nothing that was saved is lost. Try again, or reload the page."}
        </p>
        {!outdated && <p className="max-w-md font-mono text-xs text-ink-3">{error.message}</p>}
        <div className="mt-2 flex gap-2">
          {!outdated && <Button onClick={() => this.setState({ error: null })}>Try again</Button>}
          <Button variant="primary" onClick={() => location.reload()}>
            Reload
          </Button>
        </div>
      </div>
    );
  }
}
