"""How an owner wants errors treated: what else is taken out of them, who is told, whether actions run."""

import secrets
from urllib.parse import urlsplit
from uuid import UUID

from radiant.foundation.error_tracking import settings_store as store
from radiant.foundation.error_tracking.reach import Reach
from radiant.foundation.error_tracking.schemas import ErrorSettings, ErrorSettingsGiven
from radiant.foundation.identity import trail
from radiant.infra.kms import Kms, seal
from radiant.infra.rekeying import SealedPlace
from radiant.kit.errors import Invalid

_FIELDS = tuple(ErrorSettingsGiven.model_fields)


def secret_context(owner_id: UUID) -> dict[str, str]:
    """What a signing secret is bound to."""
    return {"error_settings": str(owner_id)}


SEALED = SealedPlace("secrets of alerts", store.SEALED_DUE, store.SEALED_PUT, lambda row: secret_context(row["id"]))


async def settings(reach: Reach) -> ErrorSettings:
    """As they are; the defaults where nobody changed them."""
    async with reach.db.tx() as tx:
        row = await store.read(tx, reach.owner_id)
    return ErrorSettings(**{name: row[name] for name in _FIELDS}) if row else ErrorSettings()


def _check_webhook(url: str | None, *, of_platform: bool) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Invalid("alert_webhook: not an address") from error
    if parts.scheme != "https" and not (of_platform and parts.scheme == "http"):
        raise Invalid("alert_webhook: give an address that begins with https://")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise Invalid("alert_webhook: give an address with a host and without user and password")


async def change_settings(reach: Reach, kms: Kms, new: ErrorSettingsGiven) -> ErrorSettings:
    """Replace them. Raises Invalid, which names the field."""
    of_platform = reach.tenant_id is None
    _check_webhook(new.alert_webhook, of_platform=of_platform)
    if new.alert_topic_arn is not None and not of_platform:
        raise Invalid(
            "alert_topic_arn: topics are told by the platform's own identity, so the platform alone names one"
        )
    before = await settings(reach)
    secret = sealed = None
    if new.alert_webhook is not None and before.alert_webhook is None:
        secret = f"whsec_{secrets.token_urlsafe(32)}"
        sealed = await seal(kms, secret.encode(), secret_context(reach.owner_id))
    async with reach.db.tx() as tx:
        if strangers := await store.strangers(tx, new.alert_emails, of_platform=of_platform):
            who = "an operator" if of_platform else "an active member of the workspace"
            raise Invalid(f"alert_emails: {strangers[0]} is not the address of {who}")
        await store.write(tx, reach.tenant_id, new, sealed)
        await trail.record(
            tx, reach.caller, "error_settings.changed", target=("error_settings", reach.owner_id),
            **new.model_dump(mode="json"),
        )  # fmt: skip
    return ErrorSettings(**new.model_dump(), signing_secret=secret)
