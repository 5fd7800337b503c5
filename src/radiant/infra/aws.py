"""Clients of AWS. Made in a thread, since making one reads files and imports boto3."""

from collections.abc import Mapping
from typing import Any


def client(
    service: str, region: str | None, endpoint_url: str | None, *, keys: Mapping[str, str | None] | None = None,
    **config: Any,
) -> Any:  # fmt: skip
    """A client of boto3 that gives up on an address after five seconds and tries a call three times. `keys`:
    aws_access_key_id and so on, in place of those that boto3 finds. `config`: more of botocore's settings. Blocks."""
    # Imported when first needed: it costs every start most of a second otherwise.
    import boto3 as untyped
    from botocore.config import Config

    boto3: Any = untyped
    settings = {"connect_timeout": 5, "read_timeout": 10, "retries": {"max_attempts": 3, "mode": "standard"}} | config
    # A session of its own: the shared one may not be used by two threads at once.
    return boto3.Session().client(
        service, region_name=region, endpoint_url=endpoint_url, config=Config(**settings), **(keys or {})
    )
