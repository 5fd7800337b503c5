"""/api/local-models: what runs on this machine."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import ModelStore
from radiant.ai.serving.served import RUNNABLE
from radiant.foundation.identity.dependencies import AnyCaller, OperatorCaller
from radiant.http.pages import ItemsOf
from radiant.kit.errors import NotFound

router = APIRouter(prefix="/api/local-models", tags=["local models"])


def host_of(request: Request) -> Host:
    """The host that the root made."""
    return request.app.state.host


def store_of(request: Request) -> ModelStore:
    """The folder of models that the root opened."""
    return request.app.state.model_store


class LocalModelInfo(BaseModel):
    """A model that can run here."""

    id: str
    display_name: str
    task: str
    bytes: int
    installed: bool
    license: str
    thermal_state: str
    memory_mb: int | None
    note: str


@router.get("")
def list_local_models(
    caller: AnyCaller, host: Annotated[Host, Depends(host_of)], store: Annotated[ModelStore, Depends(store_of)]
) -> ItemsOf[LocalModelInfo]:
    """Every model of the manifest that this version runs, installed or not."""
    states = host.states()
    return ItemsOf(
        items=[
            LocalModelInfo(
                id=status.model.id,
                display_name=status.model.display_name,
                task=status.model.task,
                bytes=status.model.bytes,
                installed=status.installed,
                license=status.model.license,
                thermal_state=states.get(status.model.id, "COLD"),
                memory_mb=status.model.memory_mb,
                note=status.model.note,
            )
            for status in store.models()
            if status.model.task in RUNNABLE
        ]
    )


class Change(BaseModel):
    """The state after it was asked for."""

    thermal_state: str


def _must_be_known(store: ModelStore, model_id: str) -> None:
    if store.manifest.find(model_id) is None and all(added.id != model_id for added in store.added()):
        raise NotFound(f"there is no local model {model_id!r}")


@router.post("/{model_id}/load", status_code=202)
async def load(request: Request, caller: OperatorCaller, model_id: str) -> Change:
    """Load a model; answers when it is up."""
    await asyncio.to_thread(_must_be_known, store_of(request), model_id)
    await host_of(request).load(model_id)
    return Change(thermal_state=host_of(request).states().get(model_id, "COLD"))


@router.post("/{model_id}/unload", status_code=202)
async def unload(request: Request, caller: OperatorCaller, model_id: str) -> Change:
    """Unload a model and give its memory back."""
    await asyncio.to_thread(_must_be_known, store_of(request), model_id)
    await host_of(request).unload(model_id)
    return Change(thermal_state=host_of(request).states().get(model_id, "COLD"))
