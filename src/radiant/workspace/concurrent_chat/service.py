"""Sessions, their panes, and how they go together. Each operation is one transaction, and takes the session first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, TenantDb, Tx
from radiant.kit.errors import Conflict, Invalid, NotFound
from radiant.kit.ids import ChatId, PaneId, PanesId, uuid7
from radiant.workspace.chats import store as chats_store
from radiant.workspace.chats.schemas import NewChat
from radiant.workspace.concurrent_chat import store, turns_store
from radiant.workspace.concurrent_chat.layout import whole
from radiant.workspace.concurrent_chat.schemas import (
    MOST_PANES,
    LastTurn,
    Layout,
    LayoutChange,
    NewPane,
    NewSession,
    Pane,
    PaneChange,
    PanesSession,
    PaneToAdd,
    SessionChange,
    SessionSummary,
    Sync,
    SyncChange,
)


class NoSuchSession(NotFound):
    """No session of panes of that id is the caller's."""

    slug = "no-such-session"


class NoSuchPane(NotFound):
    """The session has no pane of that id."""

    slug = "no-such-pane"


class WrongNumberOfPanes(Invalid):
    """None, or more than the session may have."""

    slug = "wrong-number-of-panes"


class TooManyPanes(Conflict):
    """The session has as many panes as it may have."""

    slug = "too-many-panes"


class LastPane(Conflict):
    """A session has one pane at least."""

    slug = "last-pane"


async def create_session(db: TenantDb, new: NewSession) -> PanesSession:
    """Make a session with its panes, each with a chat. Raises WrongNumberOfPanes, NotFound (of a chat)."""
    asked = new.panes if isinstance(new.panes, int) else len(new.panes)
    if not 1 <= asked <= new.max_panes:
        raise WrongNumberOfPanes(
            f"panes: {asked} asked for; ask for 1 to {new.max_panes}, which is max_panes (itself at most {MOST_PANES})"
        )
    specs = [NewPane()] * new.panes if isinstance(new.panes, int) else new.panes
    session_id = PanesId(uuid7())
    async with db.tx() as tx:
        layout: dict[str, Any] = {"type": new.layout.type, "sizes": {}}
        await store.insert_session(tx, session_id, new.name, layout, new.max_panes, new.sync_mode, new.documents)
        await store.insert_panes(tx, session_id, 0, [await _pane(tx, spec) for spec in specs])
        return await read(tx, session_id)


async def _pane(tx: Tx, spec: NewPane) -> dict[str, Any]:
    """The pane's row; a chat is made where none is named."""
    model, prompt = spec.model or "auto", spec.system_prompt or ""
    if spec.chat_id is None:
        chat_id = ChatId(uuid7())
        await chats_store.insert(tx, chat_id, NewChat(model=model, system_prompt=prompt), of_pane=True)
    else:
        chat_id = spec.chat_id
        chat = await chats_store.get(tx, chat_id)
        if chat is None:
            raise NotFound("chat_id: there is no such chat")
        model = spec.model or chat.model
        prompt = chat.system_prompt if spec.system_prompt is None else spec.system_prompt
    return {
        "id": PaneId(uuid7()), "chat_id": chat_id, "model": model, "system_prompt": prompt,
        "parameters": spec.parameters.model_dump(exclude_none=True),
    }  # fmt: skip


async def sessions(
    db: TenantDb, words: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[SessionSummary]:
    """The caller's sessions, the latest first."""
    async with db.tx() as tx:
        return await store.page(tx, words, (before[0], PanesId(before[1])) if before else None, limit)


async def get_session(db: TenantDb, session_id: PanesId) -> PanesSession:
    """The session as it is. Raises NoSuchSession."""
    async with db.tx() as tx:
        return await read(tx, session_id)


async def get_panes(db: TenantDb, session_id: PanesId) -> list[Pane]:
    """Its panes in their order. Raises NoSuchSession."""
    return (await get_session(db, session_id)).panes


async def change_session(db: TenantDb, session_id: PanesId, change: SessionChange) -> PanesSession:
    """Name, layout, most panes, whether it is in use, documents. Raises NoSuchSession, TooManyPanes, Invalid (of sizes)."""
    async with db.tx() as tx:
        row = await locked(tx, session_id)
        panes = await store.panes(tx, session_id)
        if change.max_panes is not None and change.max_panes < len(panes):
            raise TooManyPanes(f"max_panes: the session has {len(panes)} panes; remove some first")
        layout = None if change.layout is None else _laid_out(row["layout_config"], change.layout, panes)
        await store.change_session(
            tx, session_id, change.name, layout, change.max_panes, change.is_active, change.documents
        )
        return await read(tx, session_id)


def _laid_out(kept: dict[str, Any], change: LayoutChange, panes: Sequence[Pane]) -> dict[str, Any]:
    """The layout to keep. Raises Invalid, NoSuchPane."""
    ids = [pane.id for pane in panes]
    sizes = kept.get("sizes", {})
    if change.sizes is not None:
        if strange := set(change.sizes) - set(ids):
            raise NoSuchPane(f"layout.sizes: the session has no pane {strange.pop()}; read the session again")
        if missing := set(ids) - set(change.sizes):
            raise Invalid(f"layout.sizes: the pane {missing.pop()} is missing; give the size of every pane")
        if abs(sum(change.sizes.values()) - 100) > 1:
            raise Invalid(
                f"layout.sizes: they sum up to {sum(change.sizes.values()):g}; let them sum up to 100 percent"
            )
        sizes = {str(pane): size for pane, size in whole(change.sizes, ids).items()}
    return {"type": change.type or kept["type"], "sizes": sizes}


async def delete_session(db: TenantDb, session_id: PanesId) -> None:
    """Delete it; its chats stay in the list of chats. Raises NoSuchSession."""
    async with db.tx() as tx:
        if not await store.delete_session(tx, session_id):
            raise _no_session()


async def add_pane(db: TenantDb, session_id: PanesId, new: PaneToAdd) -> PanesSession:
    """Add a pane. Raises NoSuchSession, TooManyPanes, NotFound (of a chat)."""
    async with db.tx() as tx:
        row = await locked(tx, session_id)
        order = [pane.id for pane in await store.panes(tx, session_id)]
        if len(order) >= row["max_panes"]:
            raise TooManyPanes(
                f"the session has {len(order)} panes, and max_panes is {row['max_panes']};"
                f" remove one, or raise max_panes (at most {MOST_PANES})"
            )
        pane = await _pane(tx, new)
        await store.insert_panes(tx, session_id, len(order), [pane])
        if new.pane_index is not None and new.pane_index < len(order):
            await store.place_panes(tx, session_id, _placed([*order, pane["id"]], pane["id"], new.pane_index))
        return await _rebalanced(tx, session_id, row)


def _placed(order: Sequence[PaneId], pane: PaneId, index: int) -> list[PaneId]:
    rest = [each for each in order if each != pane]
    return [*rest[:index], pane, *rest[index:]]


async def _rebalanced(tx: Tx, session_id: PanesId, row: Row) -> PanesSession:
    """Keep sizes of the panes that there are now."""
    ids = [pane.id for pane in await store.panes(tx, session_id)]
    kept = row["layout_config"]
    sizes = whole(_sizes(kept), ids)
    layout = {"type": kept["type"], "sizes": {str(pane): size for pane, size in sizes.items()}}
    await store.change_session(tx, session_id, layout=layout)
    return await read(tx, session_id)


async def remove_pane(db: TenantDb, session_id: PanesId, pane_id: PaneId) -> PanesSession:
    """Remove a pane; its chat stays, and what is being answered there goes on. Raises NoSuchSession, NoSuchPane,
    LastPane."""
    async with db.tx() as tx:
        row = await locked(tx, session_id)
        panes = await store.panes(tx, session_id)
        pane_of(panes, pane_id)
        if len(panes) == 1:
            raise LastPane("a session has one pane at least; add another first, or delete the session")
        await store.delete_pane(tx, pane_id)
        await store.place_panes(tx, session_id, [pane.id for pane in panes if pane.id != pane_id])
        return await _rebalanced(tx, session_id, row)


async def update_pane_model(db: TenantDb, session_id: PanesId, pane_id: PaneId, change: PaneChange) -> PanesSession:
    """Change the pane's model, how it is asked, its chat or its place. Raises NoSuchSession, NoSuchPane, NotFound."""
    async with db.tx() as tx:
        await locked(tx, session_id)
        panes = await store.panes(tx, session_id)
        pane_of(panes, pane_id)
        if change.chat_id is not None and await chats_store.get(tx, change.chat_id) is None:
            raise NotFound("chat_id: there is no such chat")
        parameters = change.parameters and change.parameters.model_dump(exclude_none=True)
        await store.change_pane(tx, pane_id, change.model, change.system_prompt, parameters, change.chat_id)
        if change.pane_index is not None:
            await store.place_panes(tx, session_id, _placed([pane.id for pane in panes], pane_id, change.pane_index))
        await store.change_session(tx, session_id)
        return await read(tx, session_id)


async def set_sync_mode(db: TenantDb, session_id: PanesId, change: SyncChange) -> PanesSession:
    """How panes go together from now on. Raises NoSuchSession."""
    async with db.tx() as tx:
        await locked(tx, session_id)
        await store.change_sync(tx, session_id, change)
        await store.change_session(tx, session_id)
        return await read(tx, session_id)


async def locked(tx: Tx, session_id: PanesId) -> Row:
    """The session's row, which is ours until the transaction ends. Raises NoSuchSession."""
    row = await store.lock(tx, session_id)
    if row is None:
        raise _no_session()
    return row


def pane_of(panes: Sequence[Pane], pane_id: PaneId) -> Pane:
    """The pane of that id. Raises NoSuchPane."""
    for pane in panes:
        if pane.id == pane_id:
            return pane
    raise NoSuchPane(f"the session has no pane {pane_id}; read the session again")


async def read(tx: Tx, session_id: PanesId) -> PanesSession:
    """The session as it is. Raises NoSuchSession."""
    row = await store.session(tx, session_id)
    if row is None:
        raise _no_session()
    panes = await store.panes(tx, session_id)
    last = await turns_store.last_turn(tx, session_id)
    kept = row["layout_config"]
    return PanesSession(
        id=row["id"],
        name=row["session_name"],
        layout=Layout(type=kept["type"], sizes=whole(_sizes(kept), [pane.id for pane in panes])),
        max_panes=row["max_panes"],
        is_active=row["is_active"],
        documents=row["documents"],
        sync=Sync(mode=row["sync_mode"], shared_context=row["shared_context"], cursor=row["sync_cursor"]),
        panes=panes,
        last_turn=LastTurn.model_validate(dict(last)) if last is not None else None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )  # fmt: skip


def _sizes(kept: dict[str, Any]) -> dict[PaneId, float]:
    return {PaneId(UUID(pane)): size for pane, size in kept.get("sizes", {}).items()}


def _no_session() -> NoSuchSession:
    return NoSuchSession("there is no such session of panes")
