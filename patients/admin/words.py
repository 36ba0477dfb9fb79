"""What a patient's record says, in words."""

from datetime import date, time
from typing import Any

from django.conf import settings

from clinic import words
from patients.models import Patient


def preferences(patient: Patient) -> str:
    """“Monday and Thursday, 09:00 to 12:00”; empty for one whom any time suits."""
    likes = (words.weekdays(patient.preferred_weekdays), words.hours(patient.preferred_from, patient.preferred_until))
    return ", ".join(filter(None, likes))


def mail_wishes(patient: Patient) -> str:
    """“No reminders of visits, no offers of an earlier time”; empty for one who takes all mail, or none."""
    if patient.email_opt_out or not patient.unwanted_mail:
        return ""
    if set(patient.unwanted_mail) == set(Patient.OptionalMail.values):
        return "Only what is booked, moved or cancelled"
    labels = [str(Patient.OptionalMail(kind).label) for kind in patient.unwanted_mail]
    return f"No mail about: {', '.join(label[0].lower() + label[1:] for label in labels)}"


def in_words(patient: Patient, name: str) -> str:
    """The value of a column as it is read; empty for none."""
    if name == "guardian":
        guardian = getattr(patient, "guardian", None)
        return "" if guardian is None else ", ".join(filter(None, (str(guardian), guardian.phone, guardian.email)))
    value: Any = getattr(patient, name)
    if name == "language":
        return str(dict(settings.LANGUAGES).get(value, value))
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if name == "unwanted_mail":
        return ", ".join(str(Patient.OptionalMail(kind).label) for kind in value)
    if isinstance(value, list):
        return words.weekdays(value)
    choices = getattr(patient, f"get_{name}_display", None)
    return str(choices() if choices else value)
