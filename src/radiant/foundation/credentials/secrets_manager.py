"""AWS Secrets Manager, as far as import and mirror need it: the official SDK in a bounded pool of threads.

botocore tries again what was throttled or failed on Amazon's side, with back-off.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from radiant.infra import aws
from radiant.kit.errors import Problem

T = TypeVar("T")

PAGE = 100
CURRENT = "AWSCURRENT"
_THREADS, _ATTEMPTS = 4, 8


class SecretsManagerRefused(Problem):
    """Secrets Manager did not do it; `code` is its own."""

    status, slug = 502, "secrets-manager-refused"

    @property
    def code(self) -> str:
        """Amazon's name of the failure, '' where it was not reached."""
        return str(self.extra.get("code", ""))


@dataclass(frozen=True, slots=True)
class Place:
    """Whose account and where. `keys`: aws_access_key_id, aws_secret_access_key and perhaps aws_session_token; None for
    the identity of this installation."""

    region: str
    keys: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A secret as a list shows it."""

    arn: str
    name: str
    description: str
    tags: dict[str, str]
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SecretValue:
    """One version. `stages`: AWSCURRENT and its like."""

    arn: str
    version: str
    stages: tuple[str, ...]
    value: bytes
    binary: bool


class SecretsManager:
    """One per process, made by a root."""

    def __init__(self, endpoint_url: str | None = None) -> None:
        self._endpoint_url = endpoint_url
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="secrets-manager")
        self._clients: dict[str, Any] = {}

    async def page(self, place: Place, prefix: str, after: str | None) -> tuple[list[Listed], str | None]:
        """A page of secrets whose names begin so, and where the next one starts. Raises SecretsManagerRefused."""
        more: dict[str, Any] = {"NextToken": after} if after else {}
        if prefix:
            more["Filters"] = [{"Key": "name", "Values": [prefix]}]
        answer = await self._call(place, lambda client: client.list_secrets(MaxResults=PAGE, **more))
        found = [_listed(each) for each in answer["SecretList"] if not each.get("DeletedDate")]
        return found, answer.get("NextToken")

    async def describe(self, place: Place, secret: str) -> Listed:
        """A secret without its value. Raises SecretsManagerRefused."""
        return _listed(await self._call(place, lambda client: client.describe_secret(SecretId=secret)))

    async def get(self, place: Place, secret: str, stage: str = CURRENT) -> SecretValue | None:
        """The version of that stage, None where there is none. Raises SecretsManagerRefused."""
        try:
            answer = await self._call(
                place, lambda client: client.get_secret_value(SecretId=secret, VersionStage=stage)
            )
        except SecretsManagerRefused as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        binary = answer.get("SecretBinary")
        value = binary if binary is not None else answer["SecretString"].encode()
        return SecretValue(
            answer["ARN"], answer["VersionId"], tuple(answer.get("VersionStages", ())), value, binary is not None
        )

    async def put(self, place: Place, secret: str, token: str, value: bytes) -> str:
        """Make `value` the current version of that secret, which is made where it is missing; the former one becomes
        AWSPREVIOUS. `token` (32 to 64 characters) names the version: repeated, or with an earlier one, it is made current
        again. The secret's ARN. Raises SecretsManagerRefused."""
        said: dict[str, Any]
        try:
            said = {"SecretString": value.decode()}
        except UnicodeDecodeError:
            said = {"SecretBinary": value}
        try:
            answer = await self._call(
                place, lambda client: client.put_secret_value(SecretId=secret, ClientRequestToken=token, **said)
            )
        except SecretsManagerRefused as error:
            if error.code != "ResourceNotFoundException" or secret.startswith("arn:"):
                raise
            answer = await self._call(
                place, lambda client: client.create_secret(Name=secret, ClientRequestToken=token, **said)
            )
        current = await self.current(place, secret)
        if current is not None and current != token:
            # The version was there before, so the put moved nothing.
            await self._call(
                place,
                lambda client: client.update_secret_version_stage(
                    SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=current
                ),
            )
        return answer["ARN"]

    async def current(self, place: Place, secret: str) -> str | None:
        """The id of its current version; None where there is no such secret, or it has none. Raises
        SecretsManagerRefused."""
        try:
            answer = await self._call(place, lambda client: client.describe_secret(SecretId=secret))
        except SecretsManagerRefused as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        stages: dict[str, list[str]] = {} if answer.get("DeletedDate") else answer.get("VersionIdsToStages", {})
        return next((version for version, names in stages.items() if CURRENT in names), None)

    async def _call(self, place: Place, call: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._blocking, place, call)

    def _blocking(self, place: Place, call: Callable[[Any], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call(self._client(place))
        except ClientError as error:
            answer: Any = error.response
            code = str(answer.get("Error", {}).get("Code", ""))
            raise SecretsManagerRefused(f"Secrets Manager: {code}", code=code) from None
        except BotoCoreError as error:
            raise SecretsManagerRefused(f"Secrets Manager: {type(error).__name__}") from None

    def _client(self, place: Place) -> Any:
        kept = self._clients.get(place.region) if place.keys is None else None
        if kept is not None:
            return kept
        made = aws.client(
            "secretsmanager", place.region, self._endpoint_url, keys=place.keys,
            retries={"max_attempts": _ATTEMPTS, "mode": "standard"},
        )  # fmt: skip
        # One that holds somebody's keys lives as long as its call.
        if place.keys is None:
            self._clients[place.region] = made
        return made

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _listed(each: dict[str, Any]) -> Listed:
    tags = {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", [])}
    return Listed(each["ARN"], each["Name"], each.get("Description", ""), tags, each.get("LastChangedDate"))
