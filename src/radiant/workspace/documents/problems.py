"""What can be wrong with a request about documents."""

from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchBase(NotFound):
    """Not the caller's to see, or not there."""

    slug = "no-such-base"


class NoSuchDocument(NotFound):
    """Not the caller's to see, or not there."""

    slug = "no-such-document"


class NoOriginal(NotFound):
    """Its file was deleted."""

    slug = "no-original"


class NotYourBase(Forbidden):
    """A base of the workspace that somebody else made."""

    slug = "not-your-base"


class NameTaken(Conflict):
    """The base has a document of that name."""

    slug = "name-taken"


class NothingToRetry(Conflict):
    """The document did not fail."""

    slug = "nothing-to-retry"


class NothingToCancel(Conflict):
    """The document is not being read."""

    slug = "nothing-to-cancel"


class BadUpload(Invalid):
    """The form cannot be used."""

    slug = "bad-upload"
