"""No mail tells what somebody is treated for or with: every kind, language and demo course is read through."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils.translation import override

from clinic import clock
from clinic.people.models import Modality
from patients.models import Patient
from plans.consultations.scales import Scale
from plans.demo import courses
from plans.messages.clinical_terms import TERMS, clinical_words, mixed_words
from plans.messages.hosts import addresses_in, foreign_addresses, hosts_of
from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.places import places_of
from plans.messages.queries import patient_as_recipient
from plans.messages.render import Mail, RenderedMail, render
from plans.messages.render.dates import date_of, day_of, time_of, weekday_of
from plans.messages.samples import sample_mail
from plans.messages.subjects import lock_subject
from plans.messages.wording import Wording, faults_of
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


@pytest.mark.parametrize(
    "said",
    [
        "شعرك", "وشعرهم", "جلستكم", "دواؤك", "شـعر",
        "Eigenblut", "Eigenbluttherapie", "Nachbehandlung", "Eigenhaar",
        "PRPs", "P.R.P", "P R P", "bald", "stem  cell", "stem\ncell", "stem-cell", "stem_cell", "side\neffects",
        "hаir", "hαir", "ha\u115fir", "ha\u3164ir", "ha\u2800ir", "P\u200bRP", "ha1r", "𝐏𝐑𝐏", "ＰＲＰ", "ᴘʀᴘ",
        "www.myhairclinic.example", "https://myprpclinic.example/",
    ],
)  # fmt: skip
def test_a_clinical_word_is_found_in_every_spelling_and_told_as_it_stands_there(said):
    assert clinical_words(f"Wir: {said}!") == [said]
    assert faults_of(MessageKind.CONFIRMATION, Wording("ok", f"Your {said}."))


def test_what_people_at_a_clinic_say_anyway_is_not_taken_for_a_clinical_word():
    for language, said in (
        ("de", "Bis bald in der Lindenstraße 4, an der Rezeption im Blütenweg!"),
        ("de", "Vielen Dank für Ihre Kooperation, Ihre Dr. Schaar. Mo.–Fr. 8.00–18.00 Uhr, d.h. z.B. morgens"),
        ("en", "We are saving this time for you, in Room 2B, SW1A 2AA, from 9.30 a.m."),
        ("en", "Calvin, your visit is booked. Needless to say: thank you for your cooperation and co-operation."),
        ("en", "On other topics call us: the chair by the stairs is yours."),
        ("es", "Le esperamos en la recepción, p.ej. por la mañana. Puede iniciar sesión."),
        ("ar", "إذا شعرتم بأي قلق فاتصلوا بنا في أوقات الدوام مع د. إبراهيم، أو عبر الـWhatsApp"),
    ):
        assert not clinical_words(said, language), said
        assert not mixed_words(said), said
        assert not list(addresses_in(said)), said
    assert clinical_words("Your P\u200bRP, and PRP again: الـPRP") == ["P\u200bRP", "PRP"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_day_of_the_year_and_no_time_of_day_is_a_clinical_word(language):
    with override(language):
        for month in range(1, 13):
            for day in range(1, 8):
                local = datetime(2026, month, day, day * 3, tzinfo=UTC)
                said = f"{date_of(weekday_of(local), day_of(local))} {time_of(local)}"
                assert not clinical_words(said, language), said


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("https://evil.example/login", "evil.example"),
        ("www.evil.example", "www.evil.example"),
        ("evil.example", "evil.example"),
        ("EVIL.EXAMPLE", "evil.example"),
        ("t.co/abc", "t.co"),
        ("me@evil.example", "evil.example"),
        ("https://clinic.example@evil.example/", "evil.example"),
        ("https://evil.example\\@clinic.example", "evil.example"),
        ("ev\u200bil.example", "evil.example"),
        ("evil。example", "evil.example"),
        ("evil.xn--p1ai", "evil.xn--p1ai"),
        ("https://[broken", ""),
    ],
)
def test_an_address_that_leads_elsewhere_is_found_however_it_is_written(said, host):
    ((_, found),) = addresses_in(f"Look: {said}, please.")
    assert found == host
    assert foreign_addresses(f"Look: {said}", hosts_of("hello@clinic.example"))


def test_a_location_may_name_its_own_host_and_that_of_the_pages(settings):
    settings.PUBLIC_URL = "https://visits.example"
    own = hosts_of("hello@Clinic.example")
    for said in (
        "clinic.example",
        "https://www.clinic.example/way",
        "desk@clinic.example",
        "https://visits.example/p/",
    ):
        assert list(addresses_in(said))
        assert not foreign_addresses(said, own), said
    assert foreign_addresses("notclinic.example", own)
