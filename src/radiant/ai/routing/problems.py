"""How routing says no."""

from radiant.kit.errors import Conflict, Invalid, NotFound, Problem


class NoModelFits(Problem):
    """No model passes the filters; `candidates` says of each why, `cheapest` which would do for more."""

    status, slug = 422, "no-model-fits"


class NoSuchRule(NotFound):
    """No rule of that id is the caller's to see."""

    slug = "no-such-rule"


class RuleExists(Conflict):
    """There is a rule of that name."""

    slug = "rule-exists"


class BadRule(Invalid):
    """The rule names something that is not there; `detail` says what, and where."""

    slug = "bad-rule"


class RulesChanged(Conflict):
    """The order does not name every rule once: somebody made or deleted one meanwhile."""

    slug = "rules-changed"


class TooManyRules(Conflict):
    """There are as many as there may be."""

    slug = "too-many-rules"


class NoSuchDecision(NotFound):
    """No decision of that id was made for the caller."""

    slug = "no-such-decision"


class NoSuchRefit(NotFound):
    """There is no refit of that version."""

    slug = "no-such-refit"


class NoSupport(Problem):
    """The history cannot tell what the changed rules would have come to; `missing` says which models they choose that
    were not tried."""

    status, slug = 422, "no-support"
