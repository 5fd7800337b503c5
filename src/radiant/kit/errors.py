"""Expected failures. Each is a `Problem` subclass beside the service that raises it, and is rendered once,
as RFC 9457 problem+json by `radiant.http.problem` or in a protocol's own form by its door."""

from collections.abc import Mapping
from typing import Any, ClassVar


class Problem(Exception):
    """A failure that the caller can act on.

    `detail` says what was wrong and what to do; `extra` are members of the problem document;
    `headers` are added to the response (Retry-After, WWW-Authenticate).
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = ""
    accounted = False
    """The call of a model that ended in it is in the ledger, so whoever counts what was refused leaves it out."""

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra
        self.headers = dict(headers or {})

    def name(self) -> str:
        """The title: given, or the slug in words."""
        return self.title or self.slug.replace("-", " ").capitalize()

    def summary(self) -> dict[str, Any]:
        """What is kept of it with whatever failed: a run, a message, one of several answers."""
        return {"slug": self.slug, "title": self.name(), "detail": self.detail}


class NotFound(Problem):
    """Nothing of that id here. The same for what is absent and for what is somebody else's."""

    status, slug = 404, "not-found"


class Forbidden(Problem):
    """The caller is known and may not."""

    status, slug = 403, "forbidden"


class Unauthenticated(Problem):
    """No caller could be verified."""

    status, slug = 401, "unauthenticated"


class Invalid(Problem):
    """The input cannot be used; `detail` names the field."""

    status, slug = 422, "invalid"


class Conflict(Problem):
    """The state of the thing does not allow it."""

    status, slug = 409, "conflict"


class TooManyRequests(Problem):
    """Slow down; `headers` carry Retry-After."""

    status, slug = 429, "too-many-requests"


class Unavailable(Problem):
    """A part that is needed is not there just now."""

    status, slug = 503, "unavailable"
