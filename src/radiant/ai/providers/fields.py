"""What a connection needs besides its key and address: read from a form or the environment, checked, sealed together."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from radiant.ai.providers.provider import Secret
from radiant.ai.providers.vendors import Vendor
from radiant.kit.errors import Invalid

_PLACE = re.compile(r"{([a-z_]+)}")
_LONGEST = 20_000


def checked(vendor: Vendor, entered: Mapping[str, str], address: str) -> tuple[dict[str, str], dict[str, Secret]]:
    """The plain and the secret fields of a connection to `address`, defaults filled in. Raises Invalid that names the
    field: unknown, missing, or not of its form."""
    known = {field.name: field for field in vendor.fields}
    for name in entered:
        if name not in known:
            raise Invalid(
                f"settings.{name}: {vendor.display_name} has no such field; it has {', '.join(known) or 'none'}"
            )
    in_address = set(_PLACE.findall(address))
    settings: dict[str, str] = {}
    secrets: dict[str, Secret] = {}
    for field in vendor.fields:
        value = entered.get(field.name, "").strip() or field.default
        if not value:
            if field.required or field.name in in_address:
                raise Invalid(f"settings.{field.name}: {vendor.display_name} needs it ({field.label})")
            continue
        if len(value) > _LONGEST:
            raise Invalid(f"settings.{field.name}: longer than {_LONGEST} characters")
        if field.pattern and not re.fullmatch(field.pattern, value):
            raise Invalid(f"settings.{field.name}: not of the form that {vendor.display_name} takes ({field.label})")
        if field.secret:
            secrets[field.name] = Secret(value)
        else:
            settings[field.name] = value
    return settings, secrets


def of_environment(vendor: Vendor, environment: Mapping[str, str]) -> dict[str, str] | None:
    """The plain fields as the platform's environment says them; None where one that is needed is missing or wrong."""
    entered = {field.name: environment.get(field.env, "") for field in vendor.fields if field.env}
    try:
        return checked(vendor, entered, vendor.base_url)[0]
    except Invalid:
        return None


def example_of(address: str, settings: Mapping[str, str]) -> str:
    """The address with the first of each field's values in it: what is checked before it is called."""
    return _PLACE.sub(lambda match: settings.get(match[1], "").partition(",")[0].strip(), address)


def pack(vendor: Vendor, api_key: str | None, secrets: Mapping[str, Secret]) -> bytes | None:
    """What is sealed: the key alone, or with the vendor's other secrets as one JSON object. None: nothing is."""
    if not any(field.secret for field in vendor.fields):
        return api_key.encode() if api_key else None
    together = {name: secret.reveal() for name, secret in secrets.items()}
    if api_key:
        together["api_key"] = api_key
    return msgspec.json.encode(together) if together else None


def secret_fields(vendor: Vendor, fields: Mapping[str, Any]) -> dict[str, str]:
    """Those of a credential's fields that are secret ones of the vendor's, by the same name."""
    return {field.name: str(fields[field.name]) for field in vendor.fields if field.secret and field.name in fields}


def unpack(vendor: Vendor, plain: bytes) -> tuple[Secret | None, dict[str, Secret]]:
    """The key and the other secrets of what `pack` made, also when the vendor had no other secrets yet."""
    if not any(field.secret for field in vendor.fields) or not plain.startswith(b"{"):
        return Secret(plain.decode()), {}
    together: dict[str, Any] = msgspec.json.decode(plain, type=dict[str, str])
    secrets = {name: Secret(value) for name, value in together.items()}
    return secrets.pop("api_key", None), secrets
