"""Phone numbers in one spelling, and what somebody means who types into the search box (pure)."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import phonenumbers

from clinic.words import age

MRN = "MRN-"
FEWEST_DIGITS = 4
"""So many last digits of a phone say whose it is."""
LOCAL_NUMBER_DIGITS = 7
"""So many digits are a whole number, written as at its place; fewer are the end of one."""
MOST_WORDS = 8
"""Nobody is called by more; each costs the search a condition."""
OF_AGE = 18
"""Somebody younger has a guardian."""
LONGEST_SWAPPED = 6
"""In a longer word two swapped letters leave enough in common to be found by likeness."""

_AROUND_WORDS = ".,;:"
"""The point of an initial, the comma after a surname: no part of a name."""
_RECORD_NUMBER = re.compile(r"(?:mrn)?[\s\-–—#:.]*0*([0-9]{1,12})", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = (
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), "ymd"),
    (re.compile(r"(?<!\d)(\d{1,2})[/.] ?(\d{1,2})[/.] ?(\d{4})(?!\d)"), "dmy"),
    (re.compile(rf"(?<!\d)(\d{{1,2}})\.? {_MONTH},? (\d{{4}})(?!\d)", re.IGNORECASE), "dmy"),
    (re.compile(rf"\b{_MONTH} (\d{{1,2}}),? (\d{{4}})(?!\d)", re.IGNORECASE), "mdy"),
)


def phone_in_words(phone: str, digits: str) -> str:
    """A number as it is read out and dialled from anywhere, “+1 212 555 0141”; `phone` as typed where it is none.

    `digits` are its E.164 digits, as `phone_digits` returned them.
    """
    if not digits:
        return phone
    number = phonenumbers.parse(f"+{digits}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace("-", " ")


def phone_digits(phone: str, country: str) -> str:
    """`phone` as E.164 digits without the plus, read as a number of `country` where it has no country code.

    Empty for something that is no phone number.
    """
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")


def local_digits(phone: str) -> str:
    """The digits of `phone` as it is dialled at its place, for comparing ends; empty for fewer than a whole number."""
    digits = _ending(phone)
    return digits if len(digits) >= LOCAL_NUMBER_DIGITS else ""


def needs_guardian(born: date, today: date) -> bool:
    """Whether somebody born on this day is too young on `today` to speak for themselves."""
    return age(born, today) < OF_AGE


@dataclass(frozen=True, slots=True)
class Sought:
    """What a text in the search box asks for. All that is given must hold; of `phone`, `mrn` and `email` one."""

    words: tuple[str, ...] = ()
    mrn: str = ""
    """The record number as it is stored."""
    phone: str = ""
    """What the phone's digits end in."""
    email: str = ""
    born: tuple[date, ...] = ()
    """The dates of birth that it may mean: 5/6/1985 is two."""


def sought(text: str) -> Sought:
    """What somebody means by `text`: names, a record number, a phone or its last digits, an email, a date of birth."""
    text = " ".join(text.split())
    if "@" in text and " " not in text:
        return Sought(email=text)
    text, born = _without_date(text)
    number = _RECORD_NUMBER.fullmatch(text)
    mrn = f"{MRN}{int(number[1]):06}" if number else ""
    is_number = not any(character.isalpha() for character in text)
    if is_number or number:
        phone = _ending(text) if is_number else ""
        return Sought((text,) if text and not (mrn or phone) else (), mrn, phone, born=born)
    pieces = text.split()
    numbers = [piece for piece in pieces if not any(character.isalpha() for character in piece)]
    phone = _ending("".join(numbers))
    if phone:
        pieces = [piece for piece in pieces if piece not in numbers]
    words = [piece.strip(_AROUND_WORDS) or piece for piece in pieces]
    return Sought(tuple(words[:MOST_WORDS]), phone=phone, born=born)


def swapped(word: str) -> Iterator[str]:
    """`word` with two neighbouring letters swapped, in every way: “jhon” gives “john” too. None for long words."""
    if len(word) <= LONGEST_SWAPPED:
        for at in range(len(word) - 1):
            if word[at] != word[at + 1]:
                yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def folded(name: str) -> str:
    """`name` in lower case, without accents: two spellings of one."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _ending(text: str) -> str:
    digits = re.sub(r"[^0-9]", "", text.replace("(0)", ""))
    if len(digits) < FEWEST_DIGITS:
        return ""
    whole = digits.lstrip("0")
    if len(whole) >= LOCAL_NUMBER_DIGITS and whole != digits:
        return whole  # 00 before the country, or 0 before the area
    return digits


def _without_date(text: str) -> tuple[str, tuple[date, ...]]:
    for pattern, order in _DATES:
        found = pattern.search(text)
        if found is None:
            continue
        parts = dict(zip(order, found.groups(), strict=True))
        month = parts["m"].lower()[:3]
        year, day = int(parts["y"]), int(parts["d"])
        days = [_day(year, _MONTHS.index(month) + 1 if month in _MONTHS else int(month), day)]
        if order == "dmy" and month.isdigit():
            days.append(_day(year, day, int(month)))
        born = tuple(dict.fromkeys(one for one in days if one is not None))
        if born:
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return " ".join(rest.split()).strip(" ,"), born
    return text, ()


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
