"""How a request to somebody else can fail. Messages name no address and no header's value."""


class HttpError(Exception):
    """Any failure of this client. `begun`: the head of a response had arrived."""

    begun = False


class NotSendable(HttpError):
    """The URL, the method or a header is not one that may be sent: the caller's mistake."""


class AddressBlocked(HttpError):
    """The name leads to an address that may not be called."""


class ConnectFailed(HttpError):
    """No connection: refused, unreachable, no such host. The message is the reason, in the system's words."""


class TlsFailed(ConnectFailed):
    """The other side's certificate is not valid for its name, or it speaks no TLS that we accept."""


class ConnectTimeout(HttpError):
    """Name, TCP and TLS took longer than allowed."""


class Silent(HttpError):
    """Nothing came for as long as was allowed. After `chunk` the response may still be read on."""

    def __init__(self, message: str, *, begun: bool) -> None:
        super().__init__(message)
        self.begun = begun


class CutConnection(HttpError):
    """The other side ended the connection before the response was whole."""

    def __init__(self, message: str, *, begun: bool) -> None:
        super().__init__(message)
        self.begun = begun


class StaleConnection(CutConnection):
    """A kept connection turned out to be dead, and its request was not taken. Never leaves the client."""


class BadHttp(HttpError):
    """What came is not HTTP/1.1, or not within our bounds."""


class BodyTooLarge(HttpError):
    """The body exceeds the limit that the reader gave."""

    begun = True
