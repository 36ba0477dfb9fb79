"""Care advice: topics, and texts whose every change is the next version."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings

from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid
from clinic.locking import lock
from clinic.people.models import User
from clinic.text import says_nothing
from plans.protocols.models import CareText, CareTopic
from plans.protocols.promises import promise_fault
from plans.protocols.services.codes import check_code_is_free


def care_topic_create(*, code: str, kind: str, title: str, modality: str = "") -> CareTopic:
    """Make a topic; its texts follow. Raises `Invalid` for a code that exists."""
    topic = CareTopic(code=code, kind=kind, title=title, modality=modality)
    with recorded():
        check_code_is_free(CareTopic, code)
        clean_model(topic)
        topic.save()
    return topic


def care_topic_edit(*, topic_id: UUID, changes: Mapping[str, Any]) -> CareTopic:
    """Change the kind, modality or title under which the staff find a topic."""
    with recorded():
        topic = lock(CareTopic.objects.all(), topic_id)
        for name in ("kind", "modality", "title"):
            if name in changes:
                setattr(topic, name, changes[name])
        clean_model(topic)
        topic.save()
    return topic


def care_text_write(*, by: User | None, topic: CareTopic, language: str, title: str, body: str) -> CareText:
    """Write the next version of a topic's words in one language, and make it current.

    Raises `Invalid` for a language that nobody is written to in, an empty text, or one that promises an outcome.
    """
    with recorded():
        topic = lock(CareTopic.objects.all(), topic.pk)
        Invalid.gather(_faults(language, title, body))
        last = CareText.objects.filter(topic=topic, language=language).order_by("-version_number").first()
        if last is not None and last.is_current and (last.title, last.body) == (title, body):
            raise Invalid(f"Nothing is different from version {last.version_number}.", code="unchanged")
        for current in CareText.objects.filter(topic=topic, language=language, is_current=True):
            current.is_current = False
            current.save(update_fields=["is_current", "updated_at"])
        text = CareText(
            topic=topic,
            language=language,
            version_number=last.version_number + 1 if last is not None else 1,
            title=title,
            body=body,
            made_by=by,
        )
        clean_model(text)
        text.save()
        topic.save(update_fields=["updated_at"])
    return text


def _faults(language: str, title: str, body: str) -> list[Invalid]:
    found = []
    known = dict(settings.LANGUAGES)
    if language not in known:
        found.append(
            Invalid(f"“{language}” is not a language of ours; it is one of {', '.join(known)}.", attr="language")
        )
    for name, text in (("title", title), ("body", body)):
        if says_nothing(text):
            found.append(Invalid("This may not be empty.", code="blank", attr=name))
        elif said := promise_fault(text):
            found.append(Invalid(said, attr=name))
    return found
