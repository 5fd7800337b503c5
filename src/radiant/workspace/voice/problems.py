"""What can be wrong with voice."""

from radiant.kit.errors import Conflict, Invalid, NotFound


class NoSuchSession(NotFound):
    """No session of that id is the caller's."""

    slug = "no-such-voice-session"


class NoSuchRecording(NotFound):
    """No transcription or synthesis of that id is the caller's, or it has no sound."""

    slug = "no-such-recording"


class SessionEnded(Conflict):
    """The session is over."""

    slug = "voice-session-ended"


class OtherSession(Conflict):
    """The session is of another type."""

    slug = "voice-session-of-another-type"


class NoSound(Invalid):
    """Nothing was sent that could be heard."""

    slug = "no-sound"


class AlreadyTalking(Conflict):
    """Another socket has the session."""

    slug = "voice-session-busy"


class WentSilent(Invalid):
    """Neither sound nor a message came for too long."""

    slug = "conversation-silent"


class TalkedTooLong(Invalid):
    """A conversation has an end."""

    slug = "conversation-too-long"


class NoSuchVideo(NotFound):
    """No video of that id is the caller's."""

    slug = "no-such-video"


class NothingToRetry(Conflict):
    """The work is under way, or done."""

    slug = "nothing-to-retry"


class NoVisionModel(Conflict):
    """Nothing that sees pictures can be used."""

    slug = "no-vision-model"


class ModelSeesNothing(Invalid):
    """The model that was named takes no pictures."""

    slug = "model-sees-nothing"


class NoSuchMoment(Invalid):
    """The video is shorter, or has no pictures."""

    slug = "no-such-moment"
