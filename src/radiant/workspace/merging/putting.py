"""A merge's result as canvases take it: sentence by sentence, each from the models whose answers it rests on."""

import hashlib
from collections.abc import Iterator
from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.kit.money import nano
from radiant.kit.text import shorten
from radiant.workspace.canvas.problems import NothingToPut
from radiant.workspace.canvas.putting import Put, Source, Words
from radiant.workspace.canvas.schemas import Provenance
from radiant.workspace.merging.schemas import Merge
from radiant.workspace.merging.service import Merging


def source_of(merging: Merging) -> Source:
    """What a merge of the caller's has. Raises NoSuchMerge, NothingToPut."""

    async def found(caller: Caller, merge_id: UUID, _: UUID | None) -> Put:
        merge = await merging.get(caller, merge_id)
        if not merge.final_result:
            raise NothingToPut("from: the merge has no result; wait for it, or merge by another strategy")
        return Put(f"merge:{merge_id}", shorten(merge.prompt, 80), list(_words(merge, merge.final_result)))

    return found


def _words(merge: Merge, text: str) -> Iterator[Words]:
    """The result in parts that end where a sentence does."""
    every = [response.model for response in merge.responses if response.error is None]
    chosen = [every[merge.chosen]] if merge.chosen is not None and merge.chosen < len(every) else every
    at = 0
    for sentence in merge.provenance:
        place = text.find(sentence.text, at)
        if place < 0 or not sentence.text:
            continue
        end = place + len(sentence.text)
        models = [every[position] for position in sentence.positions if 0 <= position < len(every)]
        yield Words(text[at:end], _from(merge, models or chosen))
        at = end
    if at < len(text):
        yield Words(text[at:], _from(merge, chosen))


def _from(merge: Merge, models: list[str]) -> Provenance:
    return Provenance(
        kind="merge", run_id=None if merge.run_id is None else str(merge.run_id), session_id=str(merge.id),
        model=", ".join(dict.fromkeys(models))[:200] or None, strategy=merge.merge_strategy,
        prompt=merge.prompt[:2000], prompt_hash=hashlib.sha256(merge.prompt.encode("utf-8", "replace")).hexdigest(),
        cost_nano=None if merge.total_cost is None else int(nano(merge.total_cost).scaleb(9)), at=merge.completed_at,
    )  # fmt: skip
