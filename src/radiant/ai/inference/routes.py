"""/api/models: every model as the workspace sees it."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from radiant.ai.inference.model import Model
from radiant.ai.inference.service import Inference
from radiant.foundation.identity.dependencies import AnyCaller, Db
from radiant.http.pages import ItemsOf
from radiant.kit.money import Dollars

router = APIRouter(prefix="/api/models", tags=["models"])


def inference_of(request: Request) -> Inference:
    """The inference that the root made."""
    return request.app.state.inference


class ModelInfo(BaseModel):
    """A model. Prices in dollars per million tokens; `reason`: why it cannot be used, if so."""

    id: str
    display_name: str
    provider: str
    task: str
    capabilities: list[str]
    context_length: int | None
    max_output_tokens: int | None
    input_price: Dollars | None
    output_price: Dollars | None
    minute_price: Dollars | None = None
    character_price: Dollars | None = None
    available: bool
    reason: str | None
    local: bool
    license: str
    thermal_state: str | None
    note: str


_AUTO = ModelInfo(
    id="auto", display_name="Auto", provider="radiant", task="chat", capabilities=["text"], context_length=None,
    max_output_tokens=None, input_price=None, output_price=None, available=True, reason=None, local=False, license="",
    thermal_state=None, note="RADIANT picks the best usable model for each question.",
)  # fmt: skip


def _info(model: Model, why_not: str | None) -> ModelInfo:
    reason = model.unavailable or why_not
    return ModelInfo(
        id=model.id, display_name=model.display_name, provider=model.provider, task=model.task,
        capabilities=sorted(model.capabilities), context_length=model.context_length,
        max_output_tokens=model.max_output_tokens, input_price=model.input_price, output_price=model.output_price,
        minute_price=model.minute_price, character_price=model.character_price,
        available=reason is None, reason=reason, local=model.local, license=model.license,
        thermal_state=model.thermal_state, note=model.note,
    )  # fmt: skip


@router.get("")
async def list_models(request: Request, db: Db, caller: AnyCaller) -> ItemsOf[ModelInfo]:
    """Every model, usable or not; `auto` first. Auto can do what any usable model can."""
    inference = inference_of(request)
    rules = await inference.policies.of(caller)
    found = [_info(model, rules.why_not(model)) for model in await inference.models.all(db)]
    usable = [model for model in found if model.available and model.task == "chat"]
    can = sorted({capability for model in usable for capability in model.capabilities}) or ["text"]
    auto = _AUTO.model_copy(update={"capabilities": can, "available": bool(usable)})
    if not usable:
        auto = auto.model_copy(update={"reason": "no chat model is usable yet"})
    return ItemsOf(items=[auto, *found])
