"""What the answers agree on. Typed answers are weighed by the posterior over who gives them; free words are taken apart
into claims, and what enough independent answers support and not as many deny stands.

Below the threshold there is no consensus, and the rival clusters are shown instead.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from radiant.workspace.merging import claims, likeness, quoting
from radiant.workspace.merging.claims import Claim
from radiant.workspace.merging.posterior import SHIPPED
from radiant.workspace.merging.replies import Split, structured
from radiant.workspace.merging.schemas import MergeClaim, MergeCluster, Sentence
from radiant.workspace.merging.shapley import shapley, shares
from radiant.workspace.merging.work import Candidate, Outcome, Work

THRESHOLD = 0.5
# A claim stands if so much of the voices' weight supports it and no more denies it.
_STANDS = 0.5
_SPLIT = f"""You take answers apart into atomic claims: short sentences that each state one fact, understandable alone, in \
the words of the answer. Leave out courtesies and opinions about the question. Add nothing that the answer does not say.
{quoting.RULE}"""


async def decide(work: Work) -> Outcome:
    """The consensus of the usable answers."""
    return await (of_texts(work) if work.kind == "text" else of_values(work))


async def of_values(work: Work) -> Outcome:
    """Of typed answers."""
    among = [one for one in work.usable if one.value is not None]
    found = work.clusters(among)
    for cluster in found:
        work.emit("cluster", cluster.model_dump(mode="json"))
    if not found:
        return Outcome("no_consensus", "no answer of that kind")
    best = found[0]
    second = found[1].probability if len(found) > 1 else 0.0
    if best.probability < THRESHOLD or best.probability - second < 1e-9:
        return Outcome(
            "no_consensus", f"posterior below {THRESHOLD}", confidence=best.probability, clusters=found, votes=True
        )
    best.chosen = True
    by_position = {one.position: one for one in among}
    speaker = max((by_position[p] for p in best.members), key=lambda one: (not one.slips, one.record, -one.position))
    weights = await asyncio.to_thread(vote_weights, work, among, best.value)
    provenance = [
        Sentence(text=text, claims=[], positions=best.members)
        for text in claims.sentences(speaker.text) or [speaker.text[:1000]]
    ]
    return Outcome(
        "decided", "who says it", speaker.text, speaker.position, best.probability, weights, found,
        provenance=provenance, votes=True,
    )  # fmt: skip


def vote_weights(work: Work, among: Sequence[Candidate], value: str) -> dict[int, Decimal]:
    """Each answer's Shapley value in the probability of the value that won. Who says otherwise, and who repeats another,
    adds nothing."""
    voters = work.voters(among)

    def worth(coalition: Collection[int]) -> float:
        clusters = SHIPPED.clusters([voters[place] for place in coalition], work.agreements)
        return next((cluster.probability for cluster in clusters if cluster.value == value), 0.0)

    # The weights are of those who say it: what dissenters take away is nobody's merit.
    playing = [place for place, voter in enumerate(voters) if voter.value == value and not voter.copy]
    values = shapley(len(playing), lambda coalition: worth([playing[place] for place in coalition]), work.seed)
    found = {one.position: Decimal(0) for one in among}
    for place, part in zip(playing, shares(values), strict=True):
        found[among[place].position] = part
    return found


async def of_texts(work: Work) -> Outcome:
    """Of answers in free words."""
    among = work.usable
    rows = await claims_of(work, among)
    voices = {one.position: one for one in among if one.copy_of is None}
    total = sum(one.record for one in voices.values())
    standing: list[int] = []
    for number, row in enumerate(rows):
        support = sum(voices[p].record for p in row.supporters if p in voices)
        against = sum(voices[p].record for p in row.opposers if p in voices)
        if sum(p in voices for p in row.supporters) > 1 and support >= _STANDS * total and support > against:
            standing.append(number)
    shown = as_shown(rows, standing)
    for claim in shown:
        work.emit("claim", claim.model_dump(mode="json"))
    if not standing:
        return Outcome("no_consensus", "no claim that enough answers share", clusters=rivals(among), claims=shown)
    # In the order of the answer that holds most of them, in its own words.
    speaker = max(voices.values(), key=lambda one: (sum(one.position in rows[n].sources for n in standing), one.record))
    order = {text: at for at, text in enumerate(claims.sentences(speaker.text))}
    standing.sort(key=lambda n: (order.get(rows[n].sources.get(speaker.position, ""), len(order)), n))
    provenance = [
        Sentence(
            text=_ended(rows[n].sources.get(speaker.position, rows[n].text)), claims=[n], positions=rows[n].supporters
        )
        for n in standing
    ]
    result = " ".join(sentence.text for sentence in provenance)
    work.emit("text", {"text": result})
    confidence = sum(
        sum(voices[p].record for p in rows[n].supporters if p in voices) / total for n in standing
    ) / len(standing)  # fmt: skip
    return Outcome(
        "decided", "shared claims", result, None, min(confidence, 1.0), text_weights(among, provenance), [], shown,
        provenance=provenance,
    )  # fmt: skip


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":", "。", "！", "？")) else text + "."


def as_shown(rows: Sequence[Claim], used: Sequence[int]) -> list[MergeClaim]:
    """The table as it is told and kept."""
    return [
        MergeClaim(
            id=number, text=row.text, supporters=row.supporters, opposers=row.opposers, sources=row.sources,
            used=number in used,
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip


def text_weights(among: Sequence[Candidate], provenance: Sequence[Sentence]) -> dict[int, Decimal]:
    """Each answer's share of the supported sentences, each split among those that support it."""
    parts = {one.position: 0.0 for one in among}
    for sentence in provenance:
        for position in sentence.positions if sentence.supported else ():
            parts[position] += 1 / len(sentence.positions)
    return dict(zip(parts, shares(list(parts.values())), strict=True))


def rivals(among: Sequence[Candidate]) -> list[MergeCluster]:
    """Whole answers that say about the same, by their words; the probability is each cluster's share of the records."""
    reads = [likeness.read(one.text) for one in among]
    rarity = likeness.rarities(reads)
    groups: list[list[int]] = []
    for place, read in enumerate(reads):
        for group in groups:
            alike = likeness.alike(reads[group[0]], read, rarity)
            if likeness.relation(reads[group[0]], read, alike) == "same":
                group.append(place)
                break
        else:
            groups.append([place])
    total = sum(one.record for one in among) or 1.0
    found = [
        MergeCluster(
            value=among[group[0]].text[:300], members=[among[place].position for place in group],
            probability=sum(among[place].record for place in group) / total,
        )
        for group in groups
    ]  # fmt: skip
    return sorted(found, key=lambda cluster: -cluster.probability)


async def claims_of(work: Work, among: Sequence[Candidate]) -> list[Claim]:
    """The table of the answers' claims: their sentences, or what a writer made of them and they bear out."""
    said: dict[int, list[str]] = {one.position: claims.sentences(one.text) for one in among}
    said |= await _split(work, among, said)
    rows = await asyncio.to_thread(claims.table, said)
    # Rows must say what no copy adds to.
    copies = {one.position: one.copy_of for one in among}
    return sorted(rows, key=lambda row: (-sum(copies[p] is None for p in row.supporters), len(row.opposers)))


async def _split(work: Work, among: Sequence[Candidate], said: Mapping[int, Sequence[str]]) -> dict[int, list[str]]:
    """Atomic claims by the writer, of answers whose sentences are long; those that the answer does not bear out are
    dropped, and an answer that loses most of them keeps its sentences."""
    long = [one for one in among if any(len(text.split()) > 25 for text in said[one.position])]
    if not long or work.writer_model is None or work.out_of_budget():
        return {}
    letters = dict(zip(quoting.LETTERS, long, strict=False))
    user = quoting.question_and_answers(
        work.prompt, [(f"answer {letter}", one.text[:20_000]) for letter, one in letters.items()], work.models
    )
    reply = await structured(work.asker, work.writer_model, "writer", _SPLIT, user, Split)
    if reply is None:
        work.notes.append("unsplit")
        return {}
    found: dict[int, list[str]] = {}
    for split in reply.answers:
        one = letters.get(split.answer.strip().removeprefix("answer ").strip().upper())
        if one is None:
            continue
        own = said[one.position]
        true = [text.strip()[:1000] for text in split.claims if claims.bears_out(text, own)]
        if len(true) >= max(1, len(split.claims) // 2):
            found[one.position] = true
    return found
