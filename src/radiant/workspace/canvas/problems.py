"""What can go wrong with a canvas."""

from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound, Problem


class NoSuchCanvas(NotFound):
    """No canvas of that id is open to the caller."""

    slug = "no-such-canvas"


class NoSuchArtifact(NotFound):
    """The canvas has no such artifact."""

    slug = "no-such-artifact"


class NoSuchArtifactVersion(NotFound):
    """The artifact has no such version, or it is not kept any more."""

    slug = "no-such-artifact-version"


class NoSuchProposal(NotFound):
    """No such proposal of that artifact."""

    slug = "no-such-proposal"


class NoSuchPublication(NotFound):
    """No such publication of that canvas."""

    slug = "no-such-publication"


class NothingToPut(NotFound):
    """The source is not the caller's, or has nothing to put on a canvas."""

    slug = "nothing-to-put"


class MayNotChange(Forbidden):
    """The caller's role in the canvas's room does not allow it."""

    slug = "may-not-change-canvas"


class NewerVersion(Conflict):
    """Somebody changed it since it was read; `version` is the current one."""

    slug = "newer-version"


class NothingToUndo(Conflict):
    """The caller removed nothing that could be put back."""

    slug = "nothing-to-undo"


class ProposalSettled(Conflict):
    """The proposal was accepted, rejected or undone before."""

    slug = "proposal-settled"


class TextChanged(Conflict):
    """What the proposal is about was changed meanwhile."""

    slug = "text-changed"


class CanvasFull(Conflict):
    """As many artifacts are on it as one takes."""

    slug = "canvas-full"


class BadArtifact(Invalid):
    """The content is not what its type says."""

    slug = "bad-artifact"


class BadImport(Invalid):
    """The file cannot be read as a canvas."""

    slug = "bad-import"


class NoAnswer(Problem):
    """The model said nothing in the time it had."""

    status, slug = 504, "no-answer-in-time"
