"""Reads patients."""

from datetime import date
from functools import reduce
from operator import add, and_, or_
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramStrictWordSimilarity
from django.db.models import Case, F, IntegerField, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Least, Reverse

from clinic.text import tidied
from patients.models import FOLDED_NAME, ConsentDocument, Folded, Patient
from patients.rules import LOCAL_NUMBER_DIGITS, Sought, local_digits, phone_digits, sought, swapped

BY_RANK = ("search_rank", "last_name", "first_name", "pk")
"""The order of what `search` found."""
EXACT, LAST_DIGITS, SAME_NAME, SAME_WORDS, BEGINNINGS, SWAPPED, ALIKE = 0, 10, 20, 30, 40, 900, 1000
"""Ranks: the smaller, the nearer to what was asked for. From `SWAPPED` on a name is only a similar one."""
FEWEST_LETTERS = 3
"""Shorter words have too little to be alike: they are found as the beginning of a word."""
MOST_CHARACTERS = 200
SURNAME_ALIKE_AT_LEAST = 0.25
"""So alike are two surnames that may be one, of people born on the same day."""


def patients_in_full() -> QuerySet[Patient]:
    """Patients with home location, guardian and what they were merged into: one query."""
    return Patient.objects.select_related("home_location", "guardian", "merged_into")


def standing(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Without the records that were merged into others."""
    return patients.filter(merged_into__isnull=True)


def search(patients: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Those of `patients` whom `text` means, each with a `search_rank`, in the order `BY_RANK`. One query.

    It finds names (in any order, by their beginnings, without accents, with a typo), the record number with or without
    its zeros and prefix, the phone in any spelling or by four and more last digits, the email, the date of birth. A
    record that was merged is not found; by its number its survivor is. An empty text finds all of `patients`; of a long
    one the first 200 characters count, and eight names.
    """
    text = text.replace("\x00", "")[:MOST_CHARACTERS]
    if not text.strip():
        return patients
    wanted = sought(text)
    found = standing(patients).alias(
        folded_name=FOLDED_NAME,
        padded_name=Concat(Value(" "), FOLDED_NAME, Value(" "), output_field=TextField()),
        phone_from_behind=Reverse("phone_digits"),
    )
    rank: Any = Value(EXACT, output_field=IntegerField())
    exactly, ending = _numbers(wanted)
    if exactly or ending:
        found = found.filter(exactly | ending)
        if ending:
            nearest = [When(exactly, then=rank)] if exactly else []
            rank = Case(*nearest, default=Value(LAST_DIGITS), output_field=IntegerField())
    if wanted.born:
        found = found.filter(date_of_birth__in=wanted.born)
    if wanted.words:
        found = found.filter(*(_near(word) for word in wanted.words))
        found = found.alias(name_alike=_alike(wanted.words))
        rank = _rank_of_name(wanted.words)
    return found.annotate(search_rank=rank).order_by(*BY_RANK)


def is_similar_only(patient: Patient) -> bool:
    """Whether a row of `search` bears a name that is only like what was asked for."""
    rank: int = getattr(patient, "search_rank", EXACT)
    return rank >= SWAPPED


def likely_duplicates(
    *, first_name: str, last_name: str, date_of_birth: date, phone: str, email: str, country: str
) -> QuerySet[Patient]:
    """Patients who may be this person: born on the same day, and of a similar surname, the same phone or email.

    The first name decides nothing, so that no spelling of it hides somebody; first and last may be turned round.
    """
    first, last, email = (tidied(text, one_line=True) for text in (first_name, last_name, email))
    same = []
    if last:
        same.append(Q(surname_alike__gte=SURNAME_ALIKE_AT_LEAST))
        same += [Q(folded_surname=Folded(Value(other))) for other in swapped(last)]
    if first and last:
        same.append(Q(turned_alike__gte=SURNAME_ALIKE_AT_LEAST))
    if number := on_number(phone, country):
        same.append(number)
    if email:
        same.append(Q(email__iexact=email))
    if not same:
        return Patient.objects.none()
    surname, forename = Folded("last_name"), Folded("first_name")
    as_first: Any = Folded(Value(first))
    as_last: Any = Folded(Value(last))
    born = with_phone_from_behind(standing(Patient.objects.filter(date_of_birth=date_of_birth))).alias(
        folded_surname=surname,
        surname_alike=TrigramSimilarity(surname, as_last),
        turned_alike=Least(TrigramSimilarity(surname, as_first), TrigramSimilarity(forename, as_last)),
    )
    return born.filter(reduce(or_, same))


def on_number(phone: str, country: str) -> Q:
    """What finds by `phone`, read as a number of `country`, or typed as at its place, without the codes before it.

    Empty for something that is no whole number. For rows with the alias `phone_from_behind`.
    """
    digits, ending = phone_digits(phone, country), local_digits(phone)
    found = Q(phone_digits=digits) if digits else Q()
    return found | Q(phone_from_behind__startswith=ending[::-1]) if ending else found


def with_phone_from_behind(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """`patients` with the alias that `on_number` looks at; an index is on it."""
    return patients.alias(phone_from_behind=Reverse("phone_digits"))


def family(patients: QuerySet[Patient], patient: Patient) -> QuerySet[Patient]:
    """Those of `patients` who can be reached at the same phone or email as `patient`, by name."""
    same = Q(phone_digits=patient.phone_digits) if patient.phone_digits else Q()
    if patient.email:
        same |= Q(email__iexact=patient.email)
    if not same:
        return patients.none()
    return standing(patients).filter(same).exclude(pk=patient.pk).order_by("last_name", "first_name", "pk")


def _numbers(wanted: Sought) -> tuple[Q, Q]:
    """What finds by record number, email and whole phone; and what by a phone's last digits."""
    exactly, ending = Q(), Q()
    if wanted.email:
        exactly |= Q(email__iexact=wanted.email)
    if wanted.mrn:
        numbered = Patient.objects.filter(mrn=wanted.mrn)
        exactly |= Q(pk=Subquery(numbered.values(standing_id=Coalesce("merged_into_id", "pk"))))
    if wanted.phone:
        by_end = Q(phone_from_behind__startswith=wanted.phone[::-1])
        if len(wanted.phone) >= LOCAL_NUMBER_DIGITS:
            exactly |= by_end
        else:
            ending |= by_end
    return exactly, ending


def _beginning(word: str) -> Q:
    """A name with a word that begins so; the hyphen of a double name begins one too."""
    return (
        Q(folded_name__startswith=Folded(Value(word)))
        | Q(folded_name__contains=Folded(Value(f" {word}")))
        | Q(folded_name__contains=Folded(Value(f"-{word}")))
    )


def _swapped(word: str) -> Q:
    return reduce(or_, map(_beginning, swapped(word)), _beginning(word))


def _near(word: str) -> Q:
    if sum(character.isalnum() for character in word) < FEWEST_LETTERS:
        return _beginning(word)
    return _swapped(word) | Q(folded_name__trigram_strict_word_similar=Folded(Value(word)))


def _alike(words: tuple[str, ...]) -> Any:
    """How alike a name is to `words`, from 0 to 1: their average."""
    each: list[Any] = [Folded(Value(word)) for word in words]
    alike = reduce(add, (TrigramStrictWordSimilarity(word, F("folded_name")) for word in each))
    return alike / Value(float(len(words)))


def _rank_of_name(words: tuple[str, ...]) -> Case:
    """How near a name is to `words`: the same, the same words and more, beginnings, letters swapped, alike."""
    is_same = reduce(or_, (Q(folded_name=Folded(Value(" ".join(order)))) for order in {words, words[::-1]}))
    has_words = reduce(and_, (Q(padded_name__contains=Folded(Value(f" {word} "))) for word in words))
    unlike = Cast(Value(1000.0) - F("name_alike") * Value(1000.0), IntegerField())
    return Case(
        When(is_same, then=Value(SAME_NAME)),
        When(has_words, then=Value(SAME_WORDS)),
        When(reduce(and_, map(_beginning, words)), then=Value(BEGINNINGS)),
        When(reduce(and_, map(_swapped, words)), then=Value(SWAPPED)),
        default=Value(ALIKE) + unlike,
        output_field=IntegerField(),
    )


def documents_in_force() -> QuerySet[ConsentDocument]:
    """The treatment documents a patient signs at present, one a modality."""
    return ConsentDocument.objects.filter(
        purpose=ConsentDocument.Purpose.TREATMENT, in_force_until__isnull=True
    ).order_by("modality")
