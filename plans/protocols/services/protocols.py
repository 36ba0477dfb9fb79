"""Versions of protocols: written as a whole, never edited, deleted only while nothing follows them."""

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, connection

from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Conflict, Invalid, Stale
from clinic.locking import lock
from clinic.people.models import User
from plans.protocols.drafts import StepInput
from plans.protocols.models import CareTopic, Protocol, ProtocolStep, StepCare, StepComponent
from plans.protocols.queries import intervals_in_force, protocols_with_steps, step_inputs, topic_codes
from plans.protocols.rules import faults
from plans.protocols.services.codes import check_code_is_free


def protocol_write(
    *,
    by: User | None,
    code: str,
    title: str,
    description: str,
    expectation: str,
    evidence: str,
    steps: Sequence[StepInput],
    change_note: str = "",
    base_version: int | None = None,
) -> Protocol:
    """Write the next version of the protocol `code` as a whole, version 1 of a new one, and make it current.

    `base_version` is the version that the writer had before them: 0 for a new protocol, None for whichever is newest.
    Raises `Invalid` with everything that is wrong, `Stale` where a newer version was made meanwhile.
    """
    with recorded(change_note):
        _hold(code)
        newest = _newest(code)
        if newest is not None:
            newest = lock(Protocol.objects.all(), newest.pk)
        else:
            check_code_is_free(Protocol, code)
        _check_base(code, newest, base_version)
        _check(title, expectation, steps)
        protocol = Protocol(
            code=code,
            version_number=newest.version_number + 1 if newest is not None else 1,
            title=title,
            description=description,
            expectation=expectation,
            evidence=evidence,
            change_note=change_note,
            made_by=by,
        )
        if newest is not None and _is_same(newest, protocol, steps):
            raise Invalid(f"Nothing is different from version {newest.version_number}.", code="unchanged")
        _take_back(code)
        clean_model(protocol)
        protocol.save()
        steps_insert(protocol, steps)
    return protocol


def protocol_delete(*, protocol_id: UUID) -> None:
    """Delete a version that nothing follows; where it was the current one, the newest that remains becomes it.

    Raises `Conflict` (`protocol_in_use`) where a plan follows it, or once did.
    """
    with recorded("deleted"):
        protocol = _lock(protocol_id)
        plans = protocol.plans.count()
        if plans:
            follow = "1 plan follows it" if plans == 1 else f"{plans} plans follow it"
            raise _in_use(protocol, f"{follow}: it stays as it is.")
        was_current, code = protocol.is_current, protocol.code
        try:
            protocol.delete()
            with connection.cursor() as cursor:  # whoever took it this moment is found now, and not at the commit
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except IntegrityError as error:
            raise _in_use(protocol, "a plan followed it once: it stays as it is.") from error
        newest = _newest(code)
        if was_current and newest is not None:
            _make_current(newest)


def protocol_retire(*, protocol_id: UUID) -> Protocol:
    """Take the current version away from new plans; those that follow it go on. Raises `Conflict` for another one."""
    with recorded("retired"):
        protocol = _lock(protocol_id)
        if not protocol.is_current:
            raise Conflict(f"{protocol} is not the current version.", code="not_current")
        protocol.is_current = False
        protocol.save(update_fields=["is_current", "updated_at"])
    return protocol


def protocol_restore(*, protocol_id: UUID) -> Protocol:
    """Give the newest version of a retired protocol back to new plans. Raises `Conflict` for any other."""
    with recorded("restored"):
        protocol = _lock(protocol_id)
        current = Protocol.objects.filter(code=protocol.code, is_current=True).first()
        if current is not None:
            raise Conflict(f"The current version is {current.version_number}.", code="not_retired")
        newest = _newest(protocol.code)
        if newest is not None and newest.pk != protocol.pk:
            raise Conflict(f"The newest version is {newest.version_number}: restore that one.", code="not_newest")
        _make_current(protocol)
    protocol.refresh_from_db()
    return protocol


def steps_insert(protocol: Protocol, steps: Sequence[StepInput]) -> None:
    """Insert the steps of a new version with their components and care advice, in three statements."""
    topics = dict(CareTopic.objects.values_list("code", "pk"))
    rows = [
        ProtocolStep(
            protocol=protocol,
            position=position,
            kind=step.kind,
            title=step.title,
            anchor=step.anchor,
            anchor_session=step.anchor_session,
            offset_months=step.offset_months,
            offset_days=step.offset_days,
            tolerance_before_days=step.tolerance_before_days,
            tolerance_after_days=step.tolerance_after_days,
            minimum_interval_days=step.minimum_interval_days,
            advised_interval_days=step.advised_interval_days,
            repetitions=step.repetitions,
            duration_minutes=step.duration_minutes,
        )
        for position, step in enumerate(steps, start=1)
    ]
    ProtocolStep.objects.bulk_create(rows)
    StepComponent.objects.bulk_create(
        StepComponent(
            step=row,
            position=position,
            modality=component.modality,
            needle_length_mm=component.needle_length_mm,
            source=component.source,
        )
        for row, step in zip(rows, steps, strict=True)
        for position, component in enumerate(step.components, start=1)
    )
    StepCare.objects.bulk_create(
        StepCare(step=row, position=position, topic_id=topics[code])
        for row, step in zip(rows, steps, strict=True)
        for position, code in enumerate(step.care, start=1)
    )


def _check(title: str, expectation: str, steps: Sequence[StepInput]) -> None:
    found = faults(
        title=title, expectation=expectation, steps=steps, intervals=intervals_in_force(), topics=topic_codes()
    )
    Invalid.gather(Invalid(fault.detail, attr=fault.attr) for fault in found)


def _check_base(code: str, newest: Protocol | None, base_version: int | None) -> None:
    now = newest.version_number if newest is not None else 0
    if base_version is None or base_version == now:
        return
    if not base_version:
        raise Invalid(f"There is a protocol “{code}” already.", code="unique", attr="code")
    raise Stale(
        f"Version {now} of “{code}” was made meanwhile; this change is of version {base_version}. Look at it, then "
        "repeat the change."
    )


def _is_same(newest: Protocol, written: Protocol, steps: Sequence[StepInput]) -> bool:
    names = ("title", "description", "expectation", "evidence")
    if not newest.is_current or any(getattr(newest, name) != getattr(written, name) for name in names):
        return False
    return step_inputs(protocols_with_steps().get(pk=newest.pk)) == tuple(steps)


def _take_back(code: str) -> None:
    """From now on no version is current: the next one may be."""
    for current in Protocol.objects.filter(code=code, is_current=True):
        current.is_current = False
        current.save(update_fields=["is_current", "updated_at"])


def _make_current(protocol: Protocol) -> None:
    protocol.is_current = True
    protocol.save(update_fields=["is_current", "updated_at"])


def _lock(protocol_id: UUID) -> Protocol:
    """The version, locked, and with it the whole protocol."""
    code = Protocol.objects.values_list("code", flat=True).get(pk=protocol_id)
    _hold(code)
    return lock(Protocol.objects.all(), protocol_id)


def _hold(code: str) -> None:
    """Until the transaction ends nobody else writes a version of this protocol, not even of a new one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"plans.protocol {code.lower()}"])


def _newest(code: str) -> Protocol | None:
    return Protocol.objects.filter(code=code).order_by("-version_number").first()


def _in_use(protocol: Protocol, why: str) -> Conflict:
    return Conflict(f"{protocol} cannot be deleted, {why}", code="protocol_in_use")
