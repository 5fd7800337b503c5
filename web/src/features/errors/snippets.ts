/** What is written into a program so that it sends its errors. */
export const snippetsOf = (dsn: string): Record<string, string> => ({
  Python: `# pip install sentry-sdk
import sentry_sdk

sentry_sdk.init(dsn="${dsn}", release="shop@1.0")`,
  "Node.js": `// npm install @sentry/node
import * as Sentry from "@sentry/node";

Sentry.init({ dsn: "${dsn}", release: "shop@1.0" });`,
  Browser: `// npm install @sentry/browser
import * as Sentry from "@sentry/browser";

Sentry.init({ dsn: "${dsn}", release: "shop@1.0" });`,
  Go: `// go get github.com/getsentry/sentry-go
sentry.Init(sentry.ClientOptions{Dsn: "${dsn}", Release: "shop@1.0"})
defer sentry.Flush(2 * time.Second)`,
  Java: `// io.sentry:sentry
Sentry.init(options -> { options.setDsn("${dsn}"); options.setRelease("shop@1.0"); });`,
  Ruby: `# gem install sentry-ruby
Sentry.init { |config| config.dsn = "${dsn}" }`,
  PHP: `// composer require sentry/sentry
\\Sentry\\init(["dsn" => "${dsn}"]);`,
  ".NET": `// dotnet add package Sentry
SentrySdk.Init(options => { options.Dsn = "${dsn}"; });`,
});
