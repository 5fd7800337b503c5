"""What AWS refuses or fails at, each with what to do about it.

Codes: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, …/IAM/latest/APIReference/CommonErrors.html
"""

from typing import Any

from radiant.kit.errors import Conflict, Invalid, Problem, Unavailable

_LONGEST = 500


class AwsDenied(Conflict):
    """The identity that asked lacks a permission."""

    slug = "aws-access-denied"


class AwsKeysRefused(Conflict):
    """The access key is not known, not active, expired, or its secret is wrong; a new one is not known everywhere yet."""

    slug = "aws-keys-refused"


class AwsRegionDisabled(Conflict):
    """STS is switched off in that region for the account."""

    slug = "aws-region-disabled"


class AwsLimit(Conflict):
    """A quota of the account or user is reached: two access keys a user."""

    slug = "aws-limit"


class AwsNothing(Conflict):
    """AWS knows no such user, role or key."""

    slug = "aws-no-such-entity"


class AwsRefused(Conflict):
    """AWS refused for another reason, which it names."""

    slug = "aws-refused"


class AwsDurationTooLong(Invalid):
    """The session would last longer than the role allows."""

    slug = "aws-duration"


class AwsBadRequest(Invalid):
    """A policy, tag or name is not as AWS wants it."""

    slug = "aws-bad-request"


class AwsThrottled(Unavailable):
    """Too many calls; it passes."""

    slug = "aws-throttled"


class AwsAway(Unavailable):
    """AWS did not answer, or failed; what was asked may or may not have happened."""

    slug = "aws-away"


_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_KEYS = {
    "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure", "ExpiredToken",
    "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId", "RequestExpired",
}  # fmt: skip
_THROTTLED = {
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
    "RequestThrottled", "RequestThrottledException", "SlowDown",
}  # fmt: skip
_BAD = {"MalformedPolicyDocument", "PackedPolicyTooLarge", "ValidationError", "InvalidParameterValue", "InvalidInput"}
_PASSING = (AwsThrottled, AwsAway)


def passes(problem: Problem) -> bool:
    """Whether it may be otherwise in a while, without anybody doing anything: AWS's, or that of a part of ours."""
    return isinstance(problem, (*_PASSING, Unavailable))


def failure_of(error: Exception, doing: str) -> Problem:
    """The problem that an exception of botocore's stands for; `doing`: what was asked, in words."""
    response: Any = getattr(error, "response", None)
    if response is None:
        return _without_answer(error, doing)
    code = str(response.get("Error", {}).get("Code", "Unknown"))
    said = str(response.get("Error", {}).get("Message", ""))[:_LONGEST]
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLED or status == 429:
        return AwsThrottled(f"{doing}: AWS throttles; try again in a few seconds", headers={"Retry-After": "5"})
    if status >= 500:
        return AwsAway(f"{doing}: AWS failed ({code}, {status}); try again", headers={"Retry-After": "5"})
    if code in _DENIED:
        return AwsDenied(f"{doing}: AWS denied it: {said} Allow it in a policy of the identity that asks.", code=code)
    if code in _KEYS:
        # Its message holds what was signed, which helps nobody.
        return AwsKeysRefused(
            f"{doing}: AWS does not take the access key ({code}); store a key that is active, with its secret",
            code=code,
        )
    return _by_code(code, said, doing)


def _by_code(code: str, said: str, doing: str) -> Problem:
    if code in ("RegionDisabledException", "RegionDisabled"):
        return AwsRegionDisabled(
            f"{doing}: STS is not active in that region; activate it in the account's settings of IAM, or name another"
            " region",
            code=code,
        )
    if code in ("LimitExceeded", "LimitExceededException"):
        return AwsLimit(f"{doing}: {said or 'a quota of the account is reached'}", code=code)
    if code in ("NoSuchEntity", "NoSuchEntityException"):
        return AwsNothing(f"{doing}: {said or 'AWS knows no such thing'}", code=code)
    if code == "ValidationError" and "DurationSeconds" in said:
        return AwsDurationTooLong(f"duration_seconds: {said}", code=code)
    if code in _BAD:
        return AwsBadRequest(f"{doing}: {said}", code=code)
    return AwsRefused(f"{doing}: AWS refused it ({code}): {said}", code=code)


def _without_answer(error: Exception, doing: str) -> Problem:
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"):
        return AwsKeysRefused(
            f"{doing}: this process has no AWS credentials; give it a role of its machine, or AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY in its environment",
            code=name,
        )
    return AwsAway(f"{doing}: AWS could not be reached ({name}); try again", headers={"Retry-After": "5"})
