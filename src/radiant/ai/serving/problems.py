"""How a self-hosted model can fail to answer. None of these is ever replaced by a made-up text."""

from typing import Any

from radiant.kit.errors import Problem


class ServingProblem(Problem):
    """A self-hosted model did not answer; `model_id` names it."""

    status, slug = 503, "local-model-failed"

    def __init__(self, detail: str, *, model_id: str, retry_after: int | None = None, **extra: Any) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(detail, headers=headers, model=model_id, **extra)
        self.model_id = model_id
        self.retry_after = retry_after


class ModelNotInstalled(ServingProblem):
    """Its files are not here."""

    status, slug = 409, "model-not-installed"


class ModelOff(ServingProblem):
    """An operator switched it off."""

    status, slug = 503, "model-off"


class ModelBusy(ServingProblem):
    """Its queue is full, or other models that answer just now hold the memory."""

    status, slug = 429, "model-busy"


class ModelTooLarge(ServingProblem):
    """It needs more memory than local models may use together."""

    status, slug = 503, "model-too-large"


class ModelStillLoading(ServingProblem):
    """It goes on loading; this request has waited long enough."""

    status, slug = 503, "model-still-loading"


class ModelLoadFailed(ServingProblem):
    """Its process did not come up."""

    status, slug = 503, "model-load-failed"


class ModelCrashed(ServingProblem):
    """Its process died in mid-answer. The next request starts it again."""

    status, slug = 503, "model-crashed"
