"""Finds stored values where they should not be, in errors and in the request log, and takes them out.

What is stored is remembered by keyed fingerprints alone (fingerprints.py). Triggers note each text that is written; a worker
looks it through within seconds, off every request's way. A tenant's text is held against that tenant's values, since
anybody could otherwise try out guesses at another's; the platform's own against everybody's.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast
from uuid import UUID

import structlog

from radiant.foundation.credentials import access
from radiant.foundation.credentials import leaks_store as leaks
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.envelope import KeyServiceAway, ValueUnreadable
from radiant.foundation.credentials.life_schemas import Leak
from radiant.foundation.credentials.rotations import Tell
from radiant.foundation.credentials.service import Credentials
from radiant.foundation.credentials.value import Value
from radiant.foundation.identity import trail
from radiant.infra.db import Database, SystemDb, Tx
from radiant.infra.kms import CannotOpen, Kms, KmsError, open_sealed, seal
from radiant.infra.rekeying import SealedPlace
from radiant.kit.ids import TenantId

if TYPE_CHECKING:
    # It brings numpy along, which a process reads when the first value is stored or looked for.
    from radiant.foundation.credentials.fingerprints import Fingerprinter, Place, Print

log = structlog.get_logger()

REMOVED = "[credential]"
_CONTEXT = {"purpose": "credential-fingerprints"}
_AT_ONCE = 50
# Of one value: a JSON of a megabyte may be a hundred thousand texts.
_MOST_SECRETS = 100
# Fields that are no secret of themselves.
_PLAIN = (
    "username", "host", "port", "database", "engine", "client_id", "token_url", "scope", "access_key_id", "region",
    "public_key", "certificate", "chain",
)  # fmt: skip
# Between the strings of one text: no stored form holds it, and jsonb cannot.
_BETWEEN = "\0"


SEALED = SealedPlace("the key of fingerprints", leaks.KEY_DUE, leaks.KEY_PUT, lambda _: _CONTEXT)


class TextSource(Protocol):
    """Where texts are kept that a stored value may have got into. System transactions."""

    async def read(self, tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Any]:
        """The texts of those rows, as JSON; rows that are gone are missing."""
        ...

    async def rewrite(self, tx: Tx, row_id: UUID, texts: Any) -> None:
        """Write texts of the same shape in their place."""
        ...


@dataclass(frozen=True, slots=True)
class _Text:
    tenant_id: UUID | None
    source: str
    row_id: UUID
    strings: list[str]
    content: Any


class Fingerprints:
    """Remembers what is stored. One per process."""

    def __init__(self, database: Database, kms: Kms) -> None:
        self._db: SystemDb = database.system("credential fingerprints")
        self._kms = kms
        self._made: Fingerprinter | None = None

    async def fingerprinter(self) -> "Fingerprinter":
        """By the installation's key, which is made the first time. Raises KmsError, CannotOpen."""
        if self._made is None:
            async with self._db.tx() as tx:
                sealed = await leaks.fingerprint_key(tx)
            if sealed is None:
                fresh = await seal(self._kms, os.urandom(32), _CONTEXT)
                async with self._db.tx() as tx:
                    await leaks.put_fingerprint_key(tx, fresh)
                    sealed = await leaks.fingerprint_key(tx)
            assert sealed is not None
            self._made = await asyncio.to_thread(_made_of, await open_sealed(self._kms, sealed, _CONTEXT))
        return self._made

    async def ready(self) -> None:
        """Have the key at hand, so that `remember` waits for nothing. Raises KeyServiceAway, ValueUnreadable."""
        try:
            await self.fingerprinter()
        except KmsError as error:
            raise KeyServiceAway(f"nothing was stored: {error}; try again") from error
        except CannotOpen as error:
            raise ValueUnreadable(
                f"the key of fingerprints does not open ({error}); bring back the master key"
            ) from error

    async def remember(self, tx: Tx, credential_id: UUID, version: int, kind: str, value: Value) -> None:
        """Keep the fingerprints of a version that this transaction stores; `ready` went before."""
        assert self._made is not None
        prints = await asyncio.to_thread(_prints_of, self._made, kind, value)
        if prints:
            await leaks.put_prints(tx, credential_id, version, prints)


def _made_of(secret: bytes) -> "Fingerprinter":
    from radiant.foundation.credentials.fingerprints import Fingerprinter

    return Fingerprinter(secret)


def _prints_of(made: "Fingerprinter", kind: str, value: Value) -> "list[Print]":
    prints = {each.digest: each for secret in secrets_of(kind, value)[:_MOST_SECRETS] for each in made.prints(secret)}
    return list(prints.values())


def secrets_of(kind: str, value: Value) -> list[bytes]:
    """What of a value is secret: not the user, the host or the certificate."""
    if value.data is not None:
        return [value.data]
    if value.text is not None:
        return [value.text.encode()]
    fields = value.fields or {}
    plain = _PLAIN if kind != "json" else ()
    return [text.encode() for text in _strings([each for name, each in fields.items() if name not in plain])]


class LeakCheck:
    """Made by the worker's root; `sources` by the name of their table."""

    def __init__(
        self, database: Database, fingerprints: Fingerprints, access_log: AccessLog, sources: Mapping[str, TextSource],
        tell: Tell,
    ) -> None:  # fmt: skip
        self._db = database.system("credential leaks")
        self._fingerprints = fingerprints
        self._log = access_log
        self._sources = sources
        self._tell = tell

    async def look(self) -> None:
        """Look through everything that waits."""
        while await self._look_once() == _AT_ONCE:
            pass

    async def _look_once(self) -> int:
        made = await self._fingerprints.fingerprinter()
        async with self._db.tx() as tx:
            # A worker that dies here gives them back: what is taken is gone with the commit.
            taken = await leaks.take_texts(tx, _AT_ONCE)
            if not taken:
                return 0
            found: list[dict[str, Any]] = []
            texts = await self._read(tx, taken)
            for tenants, part in _by_tenant(texts):
                known = await leaks.marks(tx, tenants)
                places = await asyncio.to_thread(_places, made, part, known)
                seen = {place.mark for each in places for place in each}
                if not seen:
                    continue
                prints: dict[int, list[Any]] = defaultdict(list)
                for row in await leaks.prints(tx, list(seen), tenants):
                    prints[row["mark"]].append(row)
                for text, each in zip(part, places, strict=True):
                    found += await self._confirm(tx, made, text, each, prints)
            new = await leaks.note(tx, found) if found else []
            for row in new:
                await trail.record_system(
                    tx, row["tenant_id"], "credential.leaked", target=("credential", row["credential_id"]),
                    version=row["version"], source=row["source"], form=row["form"],
                )  # fmt: skip
        for row in new:
            await self._told(row)
        return len(taken)

    async def _read(self, tx: Tx, taken: Sequence[Any]) -> list[_Text]:
        texts: list[_Text] = []
        for name, source in self._sources.items():
            rows = {row["row_id"]: row["tenant_id"] for row in taken if row["source"] == name}
            contents = await source.read(tx, list(rows)) if rows else {}
            texts += [_Text(rows[row_id], name, row_id, _strings(read), read) for row_id, read in contents.items()]
        return texts

    async def _confirm(
        self, tx: Tx, made: "Fingerprinter", text: _Text, places: "Sequence[Place]", prints: dict[int, list[Any]]
    ) -> list[dict[str, Any]]:
        from radiant.foundation.credentials.fingerprints import replaced

        joined = _joined(text)
        spans: list[tuple[int, int]] = []
        hits: dict[tuple[UUID, int], dict[str, Any]] = {}
        for place in places:
            digests: dict[int, bytes] = {}
            for row in prints[place.mark]:
                length = row["length"]
                if length not in digests:
                    digests[length] = made.digest(joined[place.at : place.at + length])
                if digests[length] == row["digest"]:
                    spans.append((place.at, place.at + length))
                    hits.setdefault(
                        (row["credential_id"], row["version"]),
                        {**row, "source": text.source, "row_id": text.row_id},
                    )
        if hits:
            cleaned = replaced(joined, spans, REMOVED.encode()).decode("utf-8", "replace").split(_BETWEEN)
            await self._sources[text.source].rewrite(tx, text.row_id, _rebuilt(text.content, iter(cleaned)))
        return list(hits.values())

    async def _told(self, row: Any) -> None:
        tenant_id = TenantId(row["tenant_id"])
        where = "an error" if row["source"] == "error_logs" else "the request log"
        entry = Entry(
            "leak_found", credential_id=row["credential_id"], version=row["version"],
            detail={"source": row["source"], "form": row["form"]},
        )  # fmt: skip
        await self._log.record(Actor.job(tenant_id, "leak check"), entry)
        await self._tell(
            tenant_id, row["credential_id"], "credential-leaked",
            f"a stored value of the credential {row['credential_id']} (version {row['version']}) stood in {where}; it was"
            " taken out there, and must be rotated, since it may stand elsewhere",
        )  # fmt: skip


class Leaks:
    """What people see of it. One per process."""

    def __init__(self, database: Database, credentials: Credentials, access_log: AccessLog) -> None:
        self._database = database
        self._credentials = credentials
        self._log = access_log

    async def page(self, actor: Actor, vault_id: UUID, after: Any, limit: int) -> list[Leak]:
        """A vault's leaks, the latest first. Raises NoSuchVault."""
        async with actor.db(self._database).tx() as tx:
            await access.reach(tx, actor, vault_id)
            return [Leak.model_validate(dict(row)) for row in await leaks.page(tx, vault_id, None, after, limit)]

    async def acknowledge(self, actor: Actor, credential_id: UUID) -> None:
        """Say that the leaks of a credential were seen to. Raises NoSuchCredential, NotInThisVault."""
        entry = Entry("acknowledge_leaks", credential_id=credential_id)
        async with self._log.attempt(actor, entry):
            credential = await self._credentials.describe(actor, credential_id)
            entry.vault_id = credential.vault_id
            async with actor.db(self._database).tx() as tx:
                await access.reach(tx, actor, credential.vault_id, "write")
                await leaks.acknowledge(tx, credential_id, actor.user_id)
                await self._log.note(tx, actor, entry)


def _places(made: "Fingerprinter", texts: Sequence[_Text], marks: Sequence[int]) -> "list[list[Place]]":
    from radiant.foundation.credentials.fingerprints import Marks

    known = Marks(marks)
    return [made.places(_joined(text), known) for text in texts]


def _by_tenant(texts: Sequence[_Text]) -> list[tuple[list[UUID] | None, list[_Text]]]:
    parts: dict[UUID | None, list[_Text]] = defaultdict(list)
    for text in texts:
        parts[text.tenant_id].append(text)
    return [([tenant_id] if tenant_id is not None else None, part) for tenant_id, part in parts.items()]


def _joined(text: _Text) -> bytes:
    return _BETWEEN.join(text.strings).encode("utf-8", "replace")


def _strings(content: Any) -> list[str]:
    """Every string in it, in one order."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        return [each for inner in cast("dict[str, Any]", content).values() for each in _strings(inner)]
    if isinstance(content, list):
        return [each for inner in cast("list[Any]", content) for each in _strings(inner)]
    return []


def _rebuilt(content: Any, strings: Any) -> Any:
    """The same with other strings, in that order."""
    if isinstance(content, str):
        return next(strings)
    if isinstance(content, dict):
        return {name: _rebuilt(inner, strings) for name, inner in cast("dict[str, Any]", content).items()}
    if isinstance(content, list):
        return [_rebuilt(inner, strings) for inner in cast("list[Any]", content)]
    return content
