"""What a recovery check-in asks, which answers are no good, and which are red flags (pure).

The red flags are those of docs/clinical-defaults.md. An answer that the advice after a session calls a reason to call
at once is one too, alone: a patient cannot weigh one sign against another. Staff read the words here; patients read
those of `plans/portal/questions.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from clinic.errors import Invalid
from clinic.text import trimmed

ACKNOWLEDGE_WITHIN = timedelta(hours=1)
SEVERE_PAIN = 8
LONGEST_NOTE = 1000
MOST_PHOTOS = 4
LONGEST_SIDE = 1600
"""Pixels of a picture that is kept."""
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Question:
    """One question with the answers there are, and which of them are red flags: code of the answer to code of the
    flag."""

    code: str
    label: str
    answers: Mapping[str, str]
    flags: Mapping[str, str] = field(default_factory=dict)


def _sign(code: str, label: str) -> Question:
    """Yes is a red flag."""
    return Question(code, label, {YES: "Yes", NO: "No"}, {YES: code})


PAIN = Question(
    "pain",
    "Pain, 0–10",
    {str(number): str(number) for number in range(11)},
    {str(number): "severe_pain" for number in range(SEVERE_PAIN, 11)},
)
COURSE = (
    Question("swelling", "Swelling", {"none": "None", "some": "Some", "much": "Much"}),
    Question(
        "redness",
        "Redness",
        {"none": "None", "some": "Some", "spreading": "Spreading"},
        {"spreading": "spreading_redness"},
    ),
    Question(
        "bleeding",
        "Bleeding",
        {"none": "None", "stops": "Stops with pressure", "does_not_stop": "Does not stop"},
        {"does_not_stop": "uncontrolled_bleeding"},
    ),
)
"""How the recovery goes."""
SIGNS = (
    _sign("fever", "Fever of 38 °C or more"),
    _sign("breathing", "Trouble breathing"),
    _sign("chest_pain", "Chest pain"),
    _sign("sight", "Sudden change of sight"),
    _sign("nerves", "Weakness, numbness or trouble speaking"),
    _sign("pus", "Pus"),
    _sign("skin", "Skin turned white, dark or blue"),
    _sign("calf", "Swollen or painful calf"),
    _sign("anaesthetic", "Ringing ears, metallic taste, twitching or confusion"),
)
"""What must not be waited for."""
QUESTIONS = (PAIN, *COURSE, *SIGNS)
FLAGS: Mapping[str, str] = {
    "severe_pain": f"Pain of {SEVERE_PAIN} or more",
    "spreading_redness": "Redness that spreads",
    "uncontrolled_bleeding": "Bleeding that does not stop",
    **{sign.code: sign.label for sign in SIGNS},
}
"""Every red flag, in the words of staff."""


def checked(given: Mapping[str, Any]) -> dict[str, str]:
    """The answers to every question, by its code, with the patient's own words under `note` if there are any.

    Where one of them is a red flag nothing is missing: what was answered counts, and of the note what there is room
    for. Else raises `Invalid` for each question without an answer, or with one that it does not know, all at once.
    """
    answers = {
        question.code: str(given[question.code])
        for question in QUESTIONS
        if given.get(question.code) in question.answers
    }
    note = trimmed(str(given.get("note") or "").replace("\0", ""))
    if not red_flags(answers):
        Invalid.gather(_faults(given, note))
    return {**answers, "note": note[:LONGEST_NOTE]} if note else answers


def _faults(given: Mapping[str, Any], note: str) -> list[Invalid]:
    faults = [
        Invalid(
            f"{question.label}: allowed is {', '.join(question.answers)}.",
            code="required" if not given.get(question.code) else "invalid_choice",
            attr=question.code,
        )
        for question in QUESTIONS
        if given.get(question.code) not in question.answers
    ]
    if len(note) > LONGEST_NOTE:
        faults.append(Invalid(f"At most {LONGEST_NOTE} characters, not {len(note)}.", code="max_length", attr="note"))
    return faults


def red_flags(answers: Mapping[str, Any]) -> list[str]:
    """The codes of the red flags among these answers, complete or not, in the order of `FLAGS`."""
    found = {question.flags.get(str(answers.get(question.code))) for question in QUESTIONS}
    return [flag for flag in FLAGS if flag in found]


def in_words(answers: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """For staff: each question, what was answered, and whether that is a red flag. What is unknown by now is shown as
    it was written."""
    return [
        (question.label, question.answers.get(answer, answer), answer in question.flags)
        for question in QUESTIONS
        if (answer := str(answers.get(question.code, "")))
    ]
