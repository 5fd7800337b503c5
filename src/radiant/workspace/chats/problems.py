"""What can go wrong with a chat."""

from radiant.kit.errors import Conflict, NotFound


class NoSuchChat(NotFound):
    """No chat of that id is the caller's."""

    slug = "no-such-chat"


class NothingToShare(Conflict):
    """Nothing was said in the chat."""

    slug = "nothing-to-share"


class NotShared(NotFound):
    """The chat is not shared; or the link was taken back, has run out, or never was one."""

    slug = "not-shared"
