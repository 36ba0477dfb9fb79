"""What mail a patient takes, where, in which language; and the end of older links."""

import pytest
from django.utils import timezone

from clinic.access.roles import Role
from clinic.audit.history import Actor, acting
from clinic.errors import Invalid
from patients.models import Patient
from patients.services import (
    patient_choose_mail,
    patient_mail_bounced,
    patient_merge,
    patient_merge_preview,
    patient_revoke_links,
    patient_update,
)
from tests import factories

pytestmark = pytest.mark.django_db


def make_patient(**fields: object) -> Patient:
    return factories.make_patient(factories.make_location(), **{"email": "family@example.com", **fields})


def bounced(patient: Patient) -> Patient:
    assert patient_mail_bounced(patient_id=patient.pk, address=patient.mail_address, at=timezone.now())
    patient.refresh_from_db()
    return patient


class TestChoosing:
    def test_only_what_is_said_changes(self) -> None:
        patient = make_patient(language="en")
        chosen = patient_choose_mail(patient_id=patient.pk, unwanted_mail=["offer", "reminder"], language="de")
        assert chosen.unwanted_mail == ["reminder", "offer"]
        assert (chosen.language, chosen.email_opt_out, chosen.confidential_email) == ("de", False, "")
        assert patient_choose_mail(patient_id=patient.pk, unwanted_mail=()).unwanted_mail == []

    def test_everything_that_cannot_be_is_said_at_once_and_nothing_changes(self) -> None:
        patient = make_patient()
        with pytest.raises(Invalid) as refused:
            patient_choose_mail(
                patient_id=patient.pk,
                unwanted_mail=["confirmation"],
                language="xx",
                confidential_email="a@b.example\nBcc: c@d.example",
            )
        faults = [refused.value, *refused.value.others]
        assert [fault.attr for fault in faults] == ["language", "confidential_email", "unwanted_mail"]
        assert "“confirmation” is no mail that they may do without; allowed is reminder" in str(faults[2])
        patient.refresh_from_db()
        assert (patient.unwanted_mail, patient.confidential_email) == ([], "")

    def test_what_else_is_wrong_with_a_record_keeps_nobody_from_unsubscribing(self) -> None:
        patient = make_patient()
        Patient.objects.filter(pk=patient.pk).update(email="written before it was checked", language="tlh")
        chosen = patient_choose_mail(patient_id=patient.pk, unwanted_mail=Patient.OptionalMail.values)
        chosen.refresh_from_db()
        assert (chosen.unwanted_mail, chosen.language) == (Patient.OptionalMail.values, "tlh")

    def test_what_is_so_already_is_not_written_again(self) -> None:
        patient = make_patient(unwanted_mail=["offer"])
        again = patient_choose_mail(patient_id=patient.pk, unwanted_mail=["offer"], language=patient.language)
        again.refresh_from_db()
        assert again.version == patient.version

    @pytest.mark.parametrize("address", ["\u017fam@example.com", "sam@b\u00fccher..example", "sam@-.example"])
    def test_an_address_that_no_mail_reaches_is_refused(self, address: str) -> None:
        with pytest.raises(Invalid, match="is not an email address"):
            patient_choose_mail(patient_id=make_patient().pk, confidential_email=address)

    def test_a_domain_in_letters_of_its_own_is_reached(self) -> None:
        chosen = patient_choose_mail(patient_id=make_patient().pk, confidential_email="sam@b\u00fccher.example")
        assert chosen.mail_address == "sam@b\u00fccher.example"

    def test_the_history_says_that_it_was_the_patient(self) -> None:
        patient = make_patient()
        with acting(Actor("link")):
            patient_choose_mail(patient_id=patient.pk, email_opt_out=True, reason="The patient, behind a link")
        event = patient.events.order_by("pgh_id").last()  # type: ignore[attr-defined]
        assert event.email_opt_out
        assert event.pgh_context.metadata == {"channel": "link", "reason": "The patient, behind a link"}


class TestAddress:
    def test_another_address_has_not_bounced(self) -> None:
        patient = bounced(make_patient())
        patient_choose_mail(patient_id=patient.pk, confidential_email="alone@example.com")
        patient.refresh_from_db()
        assert (patient.mail_address, patient.is_reachable_by_email) == ("alone@example.com", True)

    def test_a_change_of_the_address_that_mail_does_not_go_to_says_nothing_about_a_bounce(self) -> None:
        patient = bounced(make_patient(confidential_email="alone@example.com"))
        patient, _ = patient_update(patient_id=patient.pk, changes={"email": "other@example.com"})
        assert patient.email_bounced_at is not None

    def test_only_the_address_that_mail_went_to_is_marked(self) -> None:
        patient, now = make_patient(confidential_email="alone@example.com"), timezone.now()
        assert not patient_mail_bounced(patient_id=patient.pk, address="family@example.com", at=now)
        assert patient_mail_bounced(patient_id=patient.pk, address="Alone@example.com", at=now)
        assert not patient_mail_bounced(patient_id=patient.pk, address="alone@example.com", at=now)

    def test_a_merge_keeps_the_confidential_address_and_what_is_known_of_it(self) -> None:
        location = factories.make_location()
        kept = bounced(factories.make_patient(location, email="kept@example.com"))
        gone = factories.make_patient(location, confidential_email="alone@example.com", unwanted_mail=["offer"])
        merged = patient_merge(patient_id=gone.pk, into=kept, by=None)
        assert (merged.mail_address, merged.email_bounced_at, merged.unwanted_mail) == (
            "alone@example.com",
            None,
            ["offer"],
        )


class TestMerging:
    """Of two records' wishes the stricter one holds."""

    @pytest.mark.parametrize("swapped", [False, True])
    def test_what_either_did_not_want_is_not_mailed(self, swapped: bool) -> None:
        location = factories.make_location()
        unsubscribed = factories.make_patient(location, unwanted_mail=Patient.OptionalMail.values, email_opt_out=True)
        choosy = factories.make_patient(location, unwanted_mail=["offer"])
        gone, kept = (choosy, unsubscribed) if swapped else (unsubscribed, choosy)
        preview = patient_merge_preview(patient=gone, into=kept, by=factories.make_user((location, Role.FRONT_DESK)))
        assert {"unwanted_mail", "email_opt_out"} <= set(preview.differs)
        assert ({"unwanted_mail", "email_opt_out"} <= set(preview.filled)) == (not swapped)
        merged = patient_merge(patient_id=gone.pk, into=kept, by=None)
        assert (merged.unwanted_mail, merged.email_opt_out) == (Patient.OptionalMail.values, True)

    def test_wishes_about_different_mails_add_up(self) -> None:
        location = factories.make_location()
        gone, kept = (factories.make_patient(location, unwanted_mail=[kind]) for kind in ("offer", "reminder"))
        assert patient_merge(patient_id=gone.pk, into=kept, by=None).unwanted_mail == ["reminder", "offer"]


def test_a_confidential_address_ends_the_links_in_mails_that_went_to_the_other_one() -> None:
    patient = make_patient()
    patient = patient_choose_mail(patient_id=patient.pk, confidential_email="alone@example.com")
    assert patient.link_generation == 2
    patient, _ = patient_update(patient_id=patient.pk, changes={"confidential_email": "mine@example.com"})
    assert patient.link_generation == 3
    patient = patient_choose_mail(patient_id=patient.pk, confidential_email="")
    assert patient.link_generation == 3, "no address that they had is anybody else's"
    patient, _ = patient_update(patient_id=patient.pk, changes={"email": "new@example.com"})
    assert patient.link_generation == 3


def test_revoked_links_belong_to_an_older_generation() -> None:
    patient = make_patient()
    assert patient_revoke_links(patient_id=patient.pk).link_generation == 2
