"""Calls of STS and IAM through the official SDK, in a bounded pool of threads. Each raises a problem of `failures`."""

import asyncio
import contextlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from radiant.foundation.aws_credentials.failures import AwsNothing, failure_of
from radiant.infra import aws

T = TypeVar("T")

# Where a partition's IAM is signed for, and its STS asked unless a region is named.
HOME_REGIONS: Mapping[str, str] = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
_CLIENTS_KEPT = 32
_LONGEST_LIST = 100


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs a call. The secret parts are in no repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Who AWS says that a key is."""

    account_id: str
    arn: str
    user_id: str

    @property
    def partition(self) -> str:
        """aws, aws-cn, aws-us-gov …"""
        return self.arn.split(":")[1]

    @property
    def is_role_session(self) -> bool:
        """Whether assuming a further role is chaining, for which a session lasts an hour at most."""
        return ":assumed-role/" in self.arn


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's access key, without its secret."""

    id: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LastUsed:
    """When a key was last used, and where; `at` None: never."""

    at: datetime | None
    service: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """What `assume_role` sends."""

    role_arn: str
    session_name: str
    duration_seconds: int
    external_id: str | None = field(default=None, repr=False)
    session_policy: Mapping[str, Any] | None = None
    policy_arns: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    transitive_tag_keys: Sequence[str] = ()

    def parameters(self) -> dict[str, Any]:
        """As the SDK takes them; what is not asked for is left out."""
        asked: dict[str, Any] = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name,
            "DurationSeconds": self.duration_seconds,
        }
        if self.external_id is not None:
            asked["ExternalId"] = self.external_id
        if self.session_policy is not None:
            asked["Policy"] = json.dumps(self.session_policy, separators=(",", ":"))
        if self.policy_arns:
            asked["PolicyArns"] = [{"arn": arn} for arn in self.policy_arns]
        if self.tags:
            asked["Tags"] = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        if self.transitive_tag_keys:
            asked["TransitiveTagKeys"] = list(self.transitive_tag_keys)
        return asked


@dataclass(frozen=True, slots=True)
class Assumed:
    """What STS gave."""

    keys: Keys
    arn: str
    expires_at: datetime


class Aws:
    """One per process, made by a root. `keys` None everywhere: the process's own, as the SDK finds them."""

    def __init__(self, endpoint_url: str | None = None, threads: int = 4) -> None:
        self._endpoint_url = endpoint_url
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="aws")
        self._clients: OrderedDict[tuple[str, str, Keys | None, int], Any] = OrderedDict()
        self._lock = threading.Lock()

    async def caller_identity(self, keys: Keys | None, region: str) -> CallerIdentity:
        """Whose key it is: needs no permission."""
        said = await self._call("sts", region, keys, "asking whose key it is", lambda sts: sts.get_caller_identity())
        return CallerIdentity(said["Account"], said["Arn"], said["UserId"])

    async def assume_role(self, keys: Keys | None, region: str, asked: RoleAsked) -> Assumed:
        """A session of the role."""
        said = await self._call(
            "sts", region, keys, f"assuming {asked.role_arn}", lambda sts: sts.assume_role(**asked.parameters())
        )
        given = said["Credentials"]
        return Assumed(
            Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]),
            said["AssumedRoleUser"]["Arn"],
            given["Expiration"].astimezone(UTC),
        )

    async def access_keys(self, keys: Keys, partition: str, user_name: str) -> list[AccessKey]:
        """All that the user has, over all pages; 100 at most."""

        def listed(iam: Any) -> list[AccessKey]:
            pages = iam.get_paginator("list_access_keys").paginate(
                UserName=user_name, PaginationConfig={"MaxItems": _LONGEST_LIST}
            )
            return [
                AccessKey(each["AccessKeyId"], each["Status"] == "Active", each["CreateDate"].astimezone(UTC))
                for page in pages
                for each in page["AccessKeyMetadata"]
            ]

        return await self._iam(keys, partition, f"listing the keys of {user_name}", listed)

    async def create_access_key(self, keys: Keys, partition: str, user_name: str) -> Keys:
        """A new key. Asked once: were the answer lost, asking again would make another."""
        made = await self._call(
            "iam", HOME_REGIONS[partition], keys, f"creating a key for {user_name}",
            lambda iam: iam.create_access_key(UserName=user_name)["AccessKey"], attempts=1,
        )  # fmt: skip
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    async def set_key_active(self, keys: Keys, partition: str, user_name: str, key_id: str, active: bool) -> None:
        """Switch a key on or off."""
        status = "Active" if active else "Inactive"
        await self._iam(
            keys, partition, f"making the key {key_id} {status.lower()}",
            lambda iam: iam.update_access_key(UserName=user_name, AccessKeyId=key_id, Status=status),
        )  # fmt: skip

    async def delete_access_key(self, keys: Keys, partition: str, user_name: str, key_id: str) -> None:
        """Delete a key; one that is gone already is no failure."""
        with contextlib.suppress(AwsNothing):
            await self._iam(
                keys, partition, f"deleting the key {key_id}",
                lambda iam: iam.delete_access_key(UserName=user_name, AccessKeyId=key_id),
            )  # fmt: skip

    async def last_used(self, keys: Keys, partition: str, key_id: str) -> LastUsed:
        """When the key was last used. AWS says it some minutes late."""
        said = await self._iam(
            keys, partition, f"asking when the key {key_id} was last used",
            lambda iam: iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"],
        )  # fmt: skip
        at = said.get("LastUsedDate")
        return LastUsed(at.astimezone(UTC) if at else None, said.get("ServiceName"), said.get("Region"))

    async def _iam(self, keys: Keys, partition: str, doing: str, call: Callable[[Any], T]) -> T:
        return await self._call("iam", HOME_REGIONS[partition], keys, doing, call)

    async def _call(
        self, service: str, region: str, keys: Keys | None, doing: str, call: Callable[[Any], T], attempts: int = 4
    ) -> T:
        def blocking() -> T:
            from botocore.exceptions import BotoCoreError, ClientError

            try:
                return call(self._client(service, region, keys, attempts))
            except (BotoCoreError, ClientError) as error:
                # Not raised from the other: what it holds of the request may be secret.
                problem = failure_of(error, doing)
            raise problem

        return await asyncio.get_running_loop().run_in_executor(self._pool, blocking)

    def _client(self, service: str, region: str, keys: Keys | None, attempts: int) -> Any:
        which = (service, region, keys, attempts)
        with self._lock:
            if which in self._clients:
                self._clients.move_to_end(which)
                return self._clients[which]
        given = (
            {
                "aws_access_key_id": keys.access_key_id,
                "aws_secret_access_key": keys.secret_access_key,
                "aws_session_token": keys.session_token,
            }
            if keys
            else None
        )
        retries = {"total_max_attempts": attempts, "mode": "standard"}
        made = aws.client(service, region, self._endpoint_url, keys=given, retries=retries)
        with self._lock:
            self._clients[which] = made
            while len(self._clients) > _CLIENTS_KEPT:
                self._clients.popitem(last=False)
        return made

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
