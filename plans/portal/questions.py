"""The questions of a recovery check-in as patients read them; what the answers mean, `followups/recovery.py` says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from plans.followups import recovery

Words = str | Promise
MOST_OF_A_NOTE = 2 * recovery.LONGEST_NOTE
"""So much is taken from a form, so that who wrote too much can shorten it."""

SIGNS, NONE = "signs", "none"
"""The name under which a form sends the warning signs that were ticked, and what it sends where there was none."""
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
}
"""By the code of a question: its words, and those of each answer."""
NOTICED: Mapping[str, Words] = {
    "fever": gettext_lazy("Fever of 38 °C (100.4 °F) or more"),
    "breathing": gettext_lazy("Trouble breathing"),
    "chest_pain": gettext_lazy("Pain or pressure in my chest"),
    "sight": gettext_lazy("A sudden change of my sight"),
    "nerves": gettext_lazy("Sudden weakness or numbness, or trouble speaking"),
    "pus": gettext_lazy("Pus from the treated skin"),
    "skin": gettext_lazy("Skin that has turned white, dark or blue"),
    "calf": gettext_lazy("A swollen or painful calf"),
    "anaesthetic": gettext_lazy("Ringing ears, a taste of metal, twitching or confusion"),
}
"""The warning signs, asked for in one question: tick what you have noticed."""
NOTICED_ANY = gettext_lazy("Have you noticed one of these?")
NONE_OF_THEM = gettext_lazy("None of these")


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
    is_missing: bool
    is_scale: bool = False
    takes_several: bool = False


def given_in(form: QueryDict) -> dict[str, str]:
    """What a form says to each question, by its code, and the patient's own words under `note`.

    Whoever ticked a sign, or that there was none, has read the list: what they left out they have not noticed. A sign
    counts, whatever else is ticked.
    """
    answers = {code: form.get(code, "")[:20] for code in ASKED}
    ticked = set(form.getlist(SIGNS))
    if ticked & {NONE, *NOTICED}:
        answers |= {code: recovery.YES if code in ticked else recovery.NO for code in NOTICED}
    return {**answers, "note": form.get("note", "")[:MOST_OF_A_NOTE]}


def asked(given: Mapping[str, str], missing: frozenset[str] = frozenset()) -> Iterator[Asked]:
    """Every question, with the answers of `given`; `missing` are those that still want one."""
    for code, (text, answers) in ASKED.items():
        yield Asked(
            code,
            text,
            [Answer(value, said, given.get(code) == value) for value, said in answers.items()],
            code in missing,
            is_scale=code == recovery.PAIN.code,
        )
    signs = [Answer(code, text, given.get(code) == recovery.YES) for code, text in NOTICED.items()]
    has_none = all(given.get(code) == recovery.NO for code in NOTICED)
    signs.append(Answer(NONE, NONE_OF_THEM, has_none))
    yield Asked(SIGNS, NOTICED_ANY, signs, not missing.isdisjoint(NOTICED), takes_several=True)


def answered(answers: Mapping[str, str]) -> Iterator[tuple[Words, Words]]:
    """What was asked and what the patient said, as they read it."""
    for code, (text, known) in ASKED.items():
        said = answers.get(code, "")
        if said in known:
            yield text, known[said]
    signs = [str(text) for code, text in NOTICED.items() if answers.get(code) == recovery.YES]
    if signs or any(code in answers for code in NOTICED):
        yield NOTICED_ANY, "\n".join(signs) or NONE_OF_THEM
