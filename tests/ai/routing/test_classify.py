"""Task type and language, on prompts that were not learned from."""

import numpy as np
import pytest
from bench.kit.corpus import corpus
from bench.kit.heldout import heldout

from radiant.ai.routing.classify import classify, language


def test_f17_1_task_types_are_told_on_hand_written_prompts_that_were_not_learned_from() -> None:
    assert not {text for text, _ in heldout()} & {text for text, _, _ in corpus()}
    right = [classify(text).task_type == task for text, task in heldout()]
    assert len(right) >= 200
    assert np.mean(right) >= 0.83


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("barcode scanner store opening hours", "chat"),
        ("write a function", "code"),
        ("what's the dress code for a funeral in Italy", "chat"),
        ("Write a story about a statistician and her data", "creative"),
    ],
)
def test_f17_1_a_word_within_another_does_not_decide(text: str, task: str) -> None:
    assert classify(text).task_type == task


def test_confidence_is_a_probability_and_lower_where_little_is_said() -> None:
    clear, vague = classify("Write a Python function that sorts a list of tuples, with unit tests"), classify("hm")
    assert clear.task_type == "code"
    assert 0.25 <= vague.confidence < clear.confidence <= 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Could you tell me how to get to the station?", "en"),
        ("Wie komme ich zum Bahnhof?", "de"),
        ("Comment aller à la gare, s'il vous plaît ?", "fr"),
        ("¿Cómo llego a la estación de tren?", "es"),
        ("请问火车站怎么走？", "zh"),
        ("駅までの行き方を教えてください", "ja"),
        ("Как пройти к вокзалу?", "ru"),
        ("Wat is de hoofdstad van Nederland, en hoeveel mensen wonen er in de stad?", "nl"),
        ("Puoi spiegare come funziona il motore di una macchina?", "it"),
        ("Ich will in die Stadt fahren und am Abend wieder da sein", "de"),
        ("Wie war das Wetter in Berlin, als er da war, und was soll ich anziehen?", "de"),
        ("Ik was in de winkel of op de markt, en hij had een been gebroken", "nl"),
        ("Quelle est la capitale de la France et pourquoi est-elle si grande ?", "fr"),
        ("Por que has venido a la ciudad en este momento del verano?", "es"),
        ("Jag vill ha en bok om Sverige och hur man reser dit i dag", "sv"),
        ("What is the capital of France?", "en"),
        ("Erstelle bitte eine Tabelle mit den Namen der Planeten in der Reihenfolge", "de"),
    ],
)
def test_languages_are_told(text: str, code: str) -> None:
    assert language(text) == code


@pytest.mark.parametrize("text", ["", "   \n", "42", "x"])
def test_language_is_none_where_unsure(text: str) -> None:
    assert language(text) is None
