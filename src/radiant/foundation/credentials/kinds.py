"""Types of credentials: which fields each has. `text` and `binary` have none, and `json` whichever it likes."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from radiant.kit.errors import Invalid

Text = Annotated[str, StringConstraints(min_length=1)]


class WrongFields(Invalid):
    """The fields are not those of the type; `errors` names each."""

    slug = "wrong-fields"


class _Fields(BaseModel):
    """A type with fields; `main` is the one that a bare text fills, and that is used where one text is wanted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    main: ClassVar[str]


class ApiKey(_Fields):
    """A key of somebody's API."""

    main = "key"
    key: Text


class OAuth2(_Fields):
    """A client of an authorization server, with the tokens that it was given."""

    main = "client_secret"
    client_id: Text
    client_secret: Text
    token_url: str | None = None
    refresh_token: str | None = None
    access_token: str | None = None
    scope: str | None = None


class Basic(_Fields):
    """A name and a password."""

    main = "password"
    username: Text
    password: Text


class Aws(_Fields):
    """An access key of AWS."""

    main = "secret_access_key"
    access_key_id: Text
    secret_access_key: Text
    session_token: str | None = None
    region: str | None = None


class SshKey(_Fields):
    """A key for SSH, in PEM or OpenSSH's form."""

    main = "private_key"
    private_key: Text
    passphrase: str | None = None
    public_key: str | None = None
    username: str | None = None


class TlsCert(_Fields):
    """A certificate with its key, in PEM; `chain`: those above it."""

    main = "private_key"
    certificate: Text
    private_key: Text
    chain: str | None = None


class DatabaseLogin(_Fields):
    """How a database is reached."""

    main = "password"
    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    username: Text
    password: Text
    database: str | None = None
    engine: str | None = None


_KINDS: Mapping[str, type[_Fields]] = {
    "api_key": ApiKey,
    "oauth2": OAuth2,
    "basic": Basic,
    "aws": Aws,
    "ssh_key": SshKey,
    "tls_cert": TlsCert,
    "database": DatabaseLogin,
}
TYPES = (*_KINDS, "json", "text", "binary")


def check_fields(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as that type has them, those left out missing. Raises WrongFields."""
    known = _KINDS.get(kind)
    if known is None:
        return dict(fields)
    try:
        return known.model_validate(dict(fields)).model_dump(exclude_none=True)
    except ValidationError as error:
        wrong = [
            {"field": "fields." + ".".join(str(part) for part in item["loc"]), "message": item["msg"]}
            for item in error.errors(include_input=False, include_url=False)
        ]
    # Not raised from the other: what it holds is secret.
    raise WrongFields(f"{kind}: " + "; ".join(f"{item['field']}: {item['message']}" for item in wrong), errors=wrong)


def main_field(kind: str) -> str | None:
    """The field that is the secret itself; None: the type has none."""
    known = _KINDS.get(kind)
    return known.main if known else None


def fields_of(kind: str) -> list[tuple[str, bool]]:
    """Names of the type's fields, and whether each must be given."""
    known = _KINDS.get(kind)
    return [(name, field.is_required()) for name, field in known.model_fields.items()] if known else []
