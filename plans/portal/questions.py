"""The questions of a recovery check-in as patients read them; what the answers mean, `followups/recovery.py` says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from plans.followups import recovery

Words = str | Promise

_YES_NO = {recovery.YES: pgettext_lazy("answer", "Yes"), recovery.NO: pgettext_lazy("answer", "No")}
ASKED: Mapping[str, tuple[Words, Mapping[str, Words]]] = {
    "pain": (
        _("How much does it hurt now? 0 is no pain, 10 is the worst pain you can imagine."),
        {str(number): str(number) for number in range(11)},
    ),
    "swelling": (
        _("Is the treated skin, or your face, swollen?"),
        {"none": _("Not swollen"), "some": _("A little"), "much": _("A lot")},
    ),
    "redness": (
        _("Is the treated skin red?"),
        {"none": _("Not red"), "some": _("A little"), "spreading": _("Yes, and the redness spreads")},
    ),
    "bleeding": (
        _("Does it bleed?"),
        {
            "none": _("No bleeding"),
            "stops": _("A little, and it stops when I press on it"),
            "does_not_stop": _("It does not stop after 10 minutes of pressing"),
        },
    ),
    "fever": (
        _("Do you have a fever?"),
        {
            "none": _("No fever"),
            "not_measured": _("I feel hot, but have not measured"),
            "high": _("38 °C (100.4 °F) or more"),
        },
    ),
    "breathing": (_("Do you have trouble breathing?"), _YES_NO),
    "chest_pain": (_("Do you have pain or pressure in your chest?"), _YES_NO),
    "sight": (_("Has your sight suddenly changed?"), _YES_NO),
    "nerves": (_("Do you have sudden weakness or numbness, or trouble speaking?"), _YES_NO),
    "pus": (_("Does pus come from the treated skin?"), _YES_NO),
    "skin": (_("Has skin turned white, dark or blue?"), _YES_NO),
    "calf": (_("Is one of your calves swollen or painful?"), _YES_NO),
    "anaesthetic": (
        _("Do your ears ring, do you taste metal, do you twitch, or are you confused?"),
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
        said = answers.get(question.code)
        if said in known:
            yield text, known[said]
