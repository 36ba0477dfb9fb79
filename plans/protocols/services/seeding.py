"""What every installation starts with, inserted where it is not there yet; what is there is never changed."""

from clinic.audit.history import recorded
from plans.protocols.catalogue import EXPECTATION, INTERVALS, PROTOCOLS, TEXTS, TOPICS
from plans.protocols.models import CareText, CareTopic, IntervalRule, Protocol
from plans.protocols.services.protocols import steps_insert


def protocols_seed() -> list[Protocol]:
    """Insert intervals, care advice and protocols of the catalogue whose code was never here.

    Returns the protocols that were inserted.
    """
    known = set(Protocol.objects.values_list("code", flat=True))
    missing = [seed for seed in PROTOCOLS if seed.code not in known]
    with recorded("initial catalogue"):
        _intervals_seed()
        _care_seed()
        inserted = []
        for seed in missing:
            protocol = Protocol.objects.create(
                code=seed.code,
                title=seed.title,
                description=seed.description,
                evidence=seed.evidence,
                expectation=EXPECTATION,
            )
            steps_insert(protocol, seed.steps)
            inserted.append(protocol)
    return inserted


def _intervals_seed() -> None:
    known = set(IntervalRule.objects.values_list("code", flat=True))
    IntervalRule.objects.bulk_create(
        IntervalRule(
            code=seed.code,
            title=seed.title,
            after_modality=seed.after,
            before_modality=seed.before,
            is_across=seed.is_across,
            needle_over_mm=seed.needle_over_mm,
            needle_up_to_mm=seed.needle_up_to_mm,
            source=seed.source,
            minimum_days=seed.days,
        )
        for seed in INTERVALS
        if seed.code not in known
    )


def _care_seed() -> None:
    known = set(CareTopic.objects.values_list("code", flat=True))
    CareTopic.objects.bulk_create(
        CareTopic(code=seed.code, kind=seed.kind, modality=seed.modality, title=seed.title)
        for seed in TOPICS
        if seed.code not in known
    )
    topics = dict(CareTopic.objects.values_list("code", "pk"))
    written = set(CareText.objects.values_list("topic__code", "language"))
    CareText.objects.bulk_create(
        CareText(topic_id=topics[code], language=language, title=title, body=body)
        for language, texts in TEXTS.items()
        for code, (title, body) in texts.items()
        if (code, language) not in written
    )
