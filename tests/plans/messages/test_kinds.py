"""A kind of mail is known wherever kinds are told apart: this says what a new one lacks."""

import pytest

from patients.models import Patient
from plans.messages.admin.policies.draft import WHAT_FOR
from plans.messages.models import POLICY_KINDS, STAFF_KINDS, SUBJECT_OF, WORDED_KINDS, MessageKind
from plans.messages.models.policies import AFTER_AN_HOUR, AT_A_TIME_OF_DAY, AT_ONCE, BEFORE_A_VISIT
from plans.messages.policy import DEFAULTS
from plans.messages.render.words import FAMILIES
from plans.messages.samples import SUBJECTS as SAMPLES
from plans.messages.services.alerting import ALERT_USEFUL_FOR
from plans.messages.subjects import KINDS
from plans.messages.wording import PLACEHOLDERS

USED = [kind for kind in MessageKind if kind != MessageKind.RECALL]


@pytest.mark.parametrize("kind", USED)
def test_every_kind_has_a_subject_words_and_a_sample(kind: MessageKind) -> None:
    assert kind in SUBJECT_OF
    assert SUBJECT_OF[kind] is None or SUBJECT_OF[kind] in KINDS
    assert kind in FAMILIES
    assert kind in SAMPLES


@pytest.mark.parametrize("kind", USED)
def test_every_kind_to_patients_is_worded_and_timed_or_asked_for_and_every_other_an_alert(kind: MessageKind) -> None:
    if kind in STAFF_KINDS:
        assert kind in ALERT_USEFUL_FOR
        assert kind not in WORDED_KINDS
    else:
        assert kind in WORDED_KINDS
        assert kind in PLACEHOLDERS
        assert kind in POLICY_KINDS or kind == MessageKind.LINK


@pytest.mark.parametrize("kind", POLICY_KINDS)
def test_every_timed_kind_has_one_timing_a_default_and_a_line_that_says_what_it_is_for(kind: MessageKind) -> None:
    assert [kind in group for group in (AT_ONCE, BEFORE_A_VISIT, AFTER_AN_HOUR, AT_A_TIME_OF_DAY)].count(True) == 1
    assert kind in {timing.kind for timing in DEFAULTS}
    assert kind in WHAT_FOR


def test_what_patients_may_do_without_is_a_kind_to_patients() -> None:
    assert set(Patient.OptionalMail.values) <= set(POLICY_KINDS)


def test_a_kind_that_is_a_name_only_is_known_nowhere() -> None:
    assert not {MessageKind.RECALL} & {*SUBJECT_OF, *FAMILIES, *SAMPLES, *WORDED_KINDS, *STAFF_KINDS}
