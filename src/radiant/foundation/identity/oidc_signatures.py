"""Signatures of ID tokens, by the library `joserfc`. Imported when the first token comes (see `oidc`)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from joserfc import jwk, jws
from joserfc.errors import JoseError


class Signatures:
    """Checks signatures by these algorithms, and no others."""

    def __init__(self, algorithms: Sequence[str]) -> None:
        self._algorithms = list(algorithms)
        self._registry = jws.JWSRegistry(algorithms=self._algorithms)

    @staticmethod
    def key(listed: Mapping[str, Any]) -> jwk.Key:
        """A key of an issuer's set. Raises ValueError."""
        try:
            return jwk.import_key(cast("Any", listed))
        except (JoseError, TypeError, KeyError) as error:
            raise ValueError(str(error)) from error

    def payload(self, token: str, key: jwk.Key) -> bytes:
        """What the key signed. Raises ValueError where it signed something else."""
        try:
            return jws.deserialize_compact(token, key, algorithms=self._algorithms, registry=self._registry).payload
        except JoseError as error:
            raise ValueError(str(error)) from error
