"""Failures as SCIM tells them (RFC 7644, 3.12)."""

from typing import Any

from radiant.kit.errors import Problem

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimProblem(Problem):
    """A failure with SCIM's own word for it, where there is one."""

    scim_type: str = ""


class ScimUnauthenticated(ScimProblem):
    """No token, or none of ours."""

    status, slug = 401, "unauthenticated"


class ScimNotFound(ScimProblem):
    """Nothing of that id here."""

    status, slug = 404, "not-found"


class BadValue(ScimProblem):
    """A value that cannot be used."""

    status, slug, scim_type = 400, "invalid-value", "invalidValue"


class BadSyntax(ScimProblem):
    """The body is not what the operation takes."""

    status, slug, scim_type = 400, "invalid-syntax", "invalidSyntax"


class BadFilter(ScimProblem):
    """A filter that is not understood here."""

    status, slug, scim_type = 400, "invalid-filter", "invalidFilter"


class BadPath(ScimProblem):
    """A path of a PATCH that leads nowhere."""

    status, slug, scim_type = 400, "invalid-path", "invalidPath"


class NotUnique(ScimProblem):
    """Another resource has that name."""

    status, slug, scim_type = 409, "uniqueness", "uniqueness"


class NotChangeable(ScimProblem):
    """It stays as it is: the last owner, an operator."""

    status, slug, scim_type = 409, "mutability", "mutability"


def body_of(problem: Problem) -> dict[str, Any]:
    """The failure as SCIM writes it. A plan's limit is told as 403, which provisioners understand."""
    status = 403 if problem.status == 402 else problem.status
    body: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": problem.detail}
    if isinstance(problem, ScimProblem) and problem.scim_type:
        body["scimType"] = problem.scim_type
    return body
