"""Whose a signature is, and how one travels where a protocol has no place for it.

Google signs calls of tools and demands the signature back; neither OpenAI's nor Anthropic's form of a call has a field
for it, and clients keep only id, name and arguments. So it rides in the id, which every client returns unchanged.
Ids and signatures that other providers made are recognised and never sent to one that would refuse them.
"""

MARK = "__sig_"
_GOOGLE = "google:"
_TO_URL = str.maketrans("+/", "-_")
_FROM_URL = str.maketrans("-_", "+/")
# Google's word for "this call was not made by me": the call of another model, or a client that lost the signature.
SKIP = "skip_thought_signature_validator"


def sign_call(call_id: str, signature: str) -> str:
    """The id that carries `signature` (base64 as Google sends it) in letters that every protocol takes in an id."""
    if not signature:
        return call_id
    padding = len(signature) - len(signature.rstrip("="))
    return f"{call_id}{MARK}{padding}{signature.rstrip('=').translate(_TO_URL)}"


def split_call(call_id: str) -> tuple[str, str]:
    """The bare id of a call, and the signature that it carried or ""."""
    bare, mark, carried = call_id.partition(MARK)
    if not mark or carried[:1] not in ("0", "1", "2"):
        return call_id, ""
    return bare, carried[1:].translate(_FROM_URL) + "=" * int(carried[0])


def bare_id(call_id: str) -> str:
    """The id of a call without what it carries, for protocols that bound its length."""
    return split_call(call_id)[0]


def google_thought(signature: str) -> str:
    """A signature of a text or thought of Google's, marked as such."""
    return _GOOGLE + signature


def of_google(signature: str) -> str:
    """Google's own signature, or "" where another provider made it."""
    return signature[len(_GOOGLE) :] if signature.startswith(_GOOGLE) else ""


def of_anthropic(signature: str) -> str:
    """A signature of Claude's (its own API, Bedrock and Vertex take each other's), or ""."""
    return "" if signature.startswith(_GOOGLE) else signature
