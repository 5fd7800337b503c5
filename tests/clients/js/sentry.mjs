// Sentry's SDKs for Node and for browsers, unchanged: each sends an error, the browser's by fetch.
import * as Sentry from "@sentry/node";
import { BrowserClient, defaultStackParser, makeFetchTransport, Scope } from "@sentry/browser";

const dsn = process.env.RADIANT_DSN;
const flushed = [];

Sentry.init({ dsn, release: "js@1.0", environment: "test", tracesSampleRate: 1.0, enableLogs: true });
Sentry.setUser({ id: "7", email: "bob@example.org" });
Sentry.addBreadcrumb({ category: "cart", message: "opened" });
function pay(order) {
  throw new TypeError(`order ${order} has no card sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD`);
}
for (const order of [1, 2]) {
  try {
    pay(order);
  } catch (error) {
    Sentry.captureException(error);
  }
}
Sentry.startSpan({ name: "nightly" }, () => {});
Sentry.captureCheckIn({ monitorSlug: "nightly", status: "ok" });
flushed.push(await Sentry.flush(10000));

const client = new BrowserClient({
  dsn, transport: makeFetchTransport, stackParser: defaultStackParser, integrations: [], release: "page@1.0",
});
const scope = new Scope();
scope.setClient(client);
client.init();
const failure = new RangeError("too far");
failure.stack = `RangeError: too far
    at walk (https://shop.example.org/assets/shop-AbCd1234.js:10:20)
    at https://shop.example.org/assets/main-XyZw9876.js:1:2`;
scope.captureException(failure);
flushed.push(await client.flush(10000));
console.log(JSON.stringify({ flushed }));
process.exit(0);
