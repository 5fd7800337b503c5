import { Route, Switch } from "wouter";
import { SessionList } from "./session-list";
import { SessionPage } from "./session-page";

/** Recordings that are heard, texts that are said. */
export default function VoicePage() {
  return (
    <Switch>
      <Route path="/voice/:id">{({ id }) => <SessionPage key={id} id={id ?? ""} />}</Route>
      <Route>
        <SessionList />
      </Route>
    </Switch>
  );
}
