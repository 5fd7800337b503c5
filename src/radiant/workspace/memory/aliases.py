"""Names that memories go by, found in a question: as they are, else with one slip of the finger. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from radiant.ai.retrieval.terms import words

# Words of the longest name that is looked for.
_LONGEST = 6
# A slip is forgiven in names of so many letters that begin alike: "eror" is error, "mango" is not Mongo.
_LEAST, _ALIKE = 4, 2


def matched(question: str, aliases: Mapping[int, str], separator: str) -> dict[int, str]:
    """By the places of memories that the question calls by a name, that name. `aliases`: a memory's names, joined."""
    asked = words(_folded(question))
    runs = dict.fromkeys(_runs(asked))
    named = [(place, name) for place, each in aliases.items() for name in each.split(separator)]
    folded = [(place, name, " ".join(words(_folded(name)))) for place, name in named]
    found: dict[int, str] = {}
    for place, name, plain in folded:
        if plain in runs and len(name) > len(found.get(place, "")):
            found[place] = name
    if found:
        return found
    slips = [run for run in runs if len(run) >= _LEAST]
    for place, name, plain in folded:
        if len(plain) >= _LEAST and any(_one_slip(run, plain) for run in slips):
            found[place] = name
    return found


def _folded(text: str) -> str:
    return text.replace("_", " ")


def _runs(asked: Sequence[str]) -> Iterator[str]:
    for size in range(1, _LONGEST + 1):
        for at in range(len(asked) - size + 1):
            yield " ".join(asked[at : at + size])


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter was left out, added or exchanged, or two next to each other swapped."""
    if one[:_ALIKE] != other[:_ALIKE] or abs(len(one) - len(other)) > 1:
        return False
    shorter, longer = sorted((one, other), key=len)
    at = next((n for n, letter in enumerate(shorter) if letter != longer[n]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[at:] == longer[at + 1 :]
    swapped = longer[at : at + 2][::-1] == shorter[at : at + 2] and shorter[at + 2 :] == longer[at + 2 :]
    return shorter[at + 1 :] == longer[at + 1 :] or swapped
