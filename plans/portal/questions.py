"""The questions of a recovery check-in as patients read them; what the answers mean, `followups/recovery.py` says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from plans.followups import recovery

Words = str | Promise

_YES_NO = {recovery.YES: pgettext_lazy("answer", "Yes"), recovery.NO: pgettext_lazy("answer", "No")}
ASKED: Mapping[str, tuple[Words, Mapping[str, Words]]] = {
    "pain": (
        gettext_lazy("How much does it hurt now? 0 is no pain, 10 is the worst pain you can imagine."),
        {str(number): str(number) for number in range(11)},
    ),
    "swelling": (
        gettext_lazy("Is the treated skin, or your face, swollen?"),
        {"none": gettext_lazy("Not swollen"), "some": gettext_lazy("A little"), "much": gettext_lazy("A lot")},
    ),
    "redness": (
        gettext_lazy("Is the treated skin red?"),
        {
            "none": gettext_lazy("Not red"),
            "some": gettext_lazy("A little"),
            "spreading": gettext_lazy("Yes, and the redness spreads"),
        },
    ),
    "bleeding": (
        gettext_lazy("Does it bleed?"),
        {
            "none": gettext_lazy("No bleeding"),
            "stops": gettext_lazy("A little, and it stops when I press on it"),
            "does_not_stop": gettext_lazy("It does not stop after 10 minutes of pressing"),
        },
    ),
    "fever": (
        gettext_lazy("Do you have a fever?"),
        {
            "none": gettext_lazy("No fever"),
            "not_measured": gettext_lazy("I feel hot, but have not measured"),
            "high": gettext_lazy("38 °C (100.4 °F) or more"),
        },
    ),
    "breathing": (gettext_lazy("Do you have trouble breathing?"), _YES_NO),
    "chest_pain": (gettext_lazy("Do you have pain or pressure in your chest?"), _YES_NO),
    "sight": (gettext_lazy("Has your sight suddenly changed?"), _YES_NO),
    "nerves": (gettext_lazy("Do you have sudden weakness or numbness, or trouble speaking?"), _YES_NO),
    "pus": (gettext_lazy("Does pus come from the treated skin?"), _YES_NO),
    "skin": (gettext_lazy("Has skin turned white, dark or blue?"), _YES_NO),
    "calf": (gettext_lazy("Is one of your calves swollen or painful?"), _YES_NO),
    "anaesthetic": (
        gettext_lazy("Do your ears ring, do you taste metal, do you twitch, or are you confused?"),
        _YES_NO,
    ),
}
"""By the code of a question: its words, and those of each answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    value: str
    text: Words
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on the page, with what was chosen so far."""

    code: str
    text: Words
    answers: Sequence[Answer]
    is_scale: bool
    is_missing: bool


def asked(given: Mapping[str, str], missing: frozenset[str] = frozenset()) -> Iterator[Asked]:
    """Every question, with the answers of `given`; `missing` are those that still want one."""
    for question in recovery.QUESTIONS:
        text, answers = ASKED[question.code]
        yield Asked(
            question.code,
            text,
            [Answer(value, answers[value], given.get(question.code) == value) for value in question.answers],
            question is recovery.PAIN,
            question.code in missing,
        )


def answered(answers: Mapping[str, str]) -> Iterator[tuple[Words, Words]]:
    """What was asked and what the patient said, as they read it."""
    for question in recovery.QUESTIONS:
        text, known = ASKED[question.code]
        said = answers.get(question.code, "")
        if said in known:
            yield text, known[said]
