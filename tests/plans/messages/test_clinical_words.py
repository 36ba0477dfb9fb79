"""No mail tells what somebody is treated for or with: every kind, language and demo course is read through."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from clinic import clock
from clinic.people.models import Modality
from patients.models import Patient
from plans.consultations.scales import Scale
from plans.demo import courses
from plans.messages.clinical_terms import TERMS, clinical_words
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.places import places_of
from plans.messages.queries import patient_as_recipient
from plans.messages.render import Mail, RenderedMail, render
from plans.messages.samples import sample_mail
from plans.messages.subjects import lock_subject
from tests.plans.messages.scanning import clinical_words_of
from tests.plans.messages.test_render import LANGUAGES, RENDERED, any_sample


def mails_of(patient: Patient) -> list[Mail]:
    """One of every kind to this patient: about what they have where they have it, else about a sample of it."""
    place = places_of([patient.home_location])[patient.home_location_id]
    rows = {row.kind: row for row in PatientMessage.objects.filter(patient=patient)}
    mails = []
    for kind in RENDERED:
        mail = sample_mail(
            kind, place, now=clock.now(), name=patient.first_name, address=patient.email or "a@b.example"
        )
        row = rows.get(kind)
        if row is not None and row.subject is not None:
            with transaction.atomic(), connection.cursor() as cursor:
                mail = replace(
                    mail, subject=lock_subject(cursor, *row.subject), id=row.pk, message_id=message_id(row.pk)
                )
        mails.append(replace(mail, patient_id=patient.pk, link_generation=patient.link_generation))
    return mails


@pytest.fixture
def demo(db, mailbox):
    """The twelve demo courses on a Sunday in autumn, with the mails that they asked for."""
    with clock.moved_to(datetime(2026, 11, 22, 15, tzinfo=UTC)):
        call_command("seed_demo")
        yield


def test_no_mail_of_any_demo_course_in_any_language_says_what_is_treated(demo):
    patients = list(Patient.objects.select_related("home_location"))
    assert len(patients) == len(courses.COURSES) == 12
    read, about_own = 0, 0
    for patient in patients:
        recipient = patient_as_recipient(patient)
        for mail in mails_of(patient):
            about_own += mail.id != any_sample(mail.kind).id
            for language in LANGUAGES:
                reader = replace(mail.recipient, language=language, name=recipient.name)
                rendered = render(replace(mail, recipient=reader))
                assert not rendered.note
                found = clinical_words_of(rendered.as_bytes())
                assert not found, (patient.last_name, mail.kind, language, found)
                read += 1
    assert read == 12 * len(RENDERED) * len(LANGUAGES)
    assert about_own > 40, "most are about what is in the database"


PLACES = {
    "Subject": lambda mail: replace(mail, subject="Your PRP visit"),
    "text/plain 2": lambda mail: replace(mail, text=f"{mail.text}\nPlättchenreiches Plasma"),
    "text/html 3": lambda mail: replace(mail, html=mail.html.replace("<body", '<body data-about="alopecia"')),
    "From": lambda mail: replace(mail, headers={**mail.headers, "From": "Haarsprechstunde <a@b.example>"}),
    "text/calendar 4": lambda mail: replace(
        mail, calendar=mail.calendar.replace(b"Visit at", b"Microneed\r\n ling at")
    ),
    "links": lambda mail: replace(mail, text=f"{mail.text}\nhttps://clinic.example/p/vUFJQCg.exosome/"),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_scan_finds_a_clinical_word_wherever_it_stands(place):
    rendered: RenderedMail = render(any_sample(MessageKind.CONFIRMATION))
    assert clinical_words_of(rendered.as_bytes()) == {}
    found = clinical_words_of(PLACES[place](rendered).as_bytes())
    assert place in found, found


def test_the_declared_list_knows_every_modality_and_scale_and_each_language_its_own_words():
    assert set(TERMS) == {code for code, _ in settings.LANGUAGES}
    for label in [*Modality.labels, *(str(scale.label) for scale in Scale)]:
        assert clinical_words(label), label
    for said in (
        "androgenetic alopecia", "telogen effluvium", "stem cells", "your session",
        "caída del cabello", "células", "su tratamiento", "microagujas",
        "Ihre Behandlung", "Stammzellen", "Haarausfall", "Thrombozyten",
        "علاجكم", "وللعلاج", "الصفائح الدموية", "الخلايا الجذعية", "تساقط الشعر",
    ):  # fmt: skip
        assert clinical_words(said), said


def test_what_people_at_a_clinic_say_anyway_is_not_taken_for_a_clinical_word():
    for said in (
        "Bis bald in der Lindenstraße 4!", "We are saving this time for you.", "Calvin, your visit is booked.",
        "Le esperamos en la recepción.", "إذا شعرتم بأي قلق فاتصلوا بنا", "On other topics call us.",
    ):  # fmt: skip
        assert not clinical_words(said), said
    assert clinical_words("Your P\u200bRP, and PRP again") == ["P\u200bRP", "PRP"]
