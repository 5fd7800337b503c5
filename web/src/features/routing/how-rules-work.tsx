/** What docs/how-to/write-a-routing-rule.md says, in short: an installation need not reach the internet. */
export const HowRulesWork = () => (
  <details className="mt-2 text-left text-[13px] text-ink-2">
    <summary className="w-fit text-accent underline underline-offset-3">How rules work</summary>
    <ul className="mt-2 grid list-disc gap-1.5 pl-5">
      <li>They decide for calls of auto, auto:economy, auto:balanced and auto:premium. Calls that name a model are left alone.</li>
      <li>All conditions of a rule must hold; a rule without any always holds.</li>
      <li>This workspace’s are asked first, then the platform’s, each from the top. The first that holds, and has a model that can take the call, decides.</li>
      <li>Fall-backs stand in for the target, before a call and when one fails. Where none of them can, the next rule is asked, and at last the score decides.</li>
      <li>So a rule prefers and forbids nothing. What must never be used is a policy’s to say.</li>
    </ul>
    <p className="mt-2">
      More: <code className="font-mono">docs/how-to/write-a-routing-rule.md</code> and <code className="font-mono">docs/explanation/routing.md</code>.
    </p>
  </details>
);
