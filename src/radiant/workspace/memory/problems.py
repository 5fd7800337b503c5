"""What can be wrong with a request about memories."""

from radiant.kit.errors import Conflict, Invalid, NotFound


class NoSuchMemory(NotFound):
    """Not the caller's, or not there."""

    slug = "no-such-memory"


class NoSuchStore(NotFound):
    """Not the caller's, or not there."""

    slug = "no-such-store"


class OtherStore(Invalid):
    """Memories of two stores are not joined (F22.4)."""

    slug = "other-store"


class NotSuperseded(Conflict):
    """There is nothing to undo."""

    slug = "not-superseded"


class NothingToConfirm(Conflict):
    """The memory does not wait for a review."""

    slug = "nothing-to-confirm"


class BadImport(Invalid):
    """A line of the file cannot be read."""

    slug = "bad-import"
