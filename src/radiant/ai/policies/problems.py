"""How a policy says no."""

from radiant.kit.errors import Conflict, Forbidden, NotFound, Problem


class PolicyViolation(Forbidden):
    """A policy does not allow the call; the detail says which one and what would do. `param`: the field."""

    slug = "policy-violation"

    def __init__(self, detail: str, *, policy: str, param: str | None = None) -> None:
        super().__init__(detail, policy=policy)
        self.param = param


class MissingTag(Problem):
    """A policy wants the call to carry a tag."""

    status, slug = 400, "missing-tag"

    def __init__(self, detail: str, *, policy: str, tag: str) -> None:
        super().__init__(detail, policy=policy, tag=tag)
        self.param = f"metadata.{tag}"


class NoSuchPolicy(NotFound):
    """No policy of that id is the caller's to see."""

    slug = "no-such-policy"


class PolicyExists(Conflict):
    """There is one of that name, or for that key, or for the workspace."""

    slug = "policy-exists"


class NoSuchGuardrail(NotFound):
    """No guardrail of that id is under that policy."""

    slug = "no-such-guardrail"


class TooManyGuardrails(Conflict):
    """The policy has as many as it may."""

    slug = "too-many-guardrails"


class NoSuchLog(NotFound):
    """No log of that id is the caller's to see."""

    slug = "no-such-log"
