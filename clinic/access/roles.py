"""Who may do what: one declared table, role × resource × action.

DRF permissions, admin permissions and the access tests are all made from `GRANTS`. A resource is a model's label;
an action is one of Django's four (`view`, `add`, `change`, `delete`) or the name of a transition. What is not listed
is denied. `view_clinical` marks the fields of a resource that the front desk does not see.
"""

from collections.abc import Iterable, Mapping

from django.db.models import TextChoices


class Role(TextChoices):
    PRACTITIONER = "practitioner", "Practitioner"
    ASSISTANT = "assistant", "Assistant"
    FRONT_DESK = "front_desk", "Front desk"
    MANAGER = "manager", "Manager"


P, A, D, M = Role.PRACTITIONER, Role.ASSISTANT, Role.FRONT_DESK, Role.MANAGER
EVERYONE = (P, A, D, M)
CLINICAL = (P, A)


def _grants(**actions: Iterable[Role]) -> Mapping[str, frozenset[Role]]:
    return {action: frozenset(roles) for action, roles in actions.items()}


GRANTS: Mapping[str, Mapping[str, frozenset[Role]]] = {
    # People and places
    "clinic.user": _grants(view=[M], add=[M], change=[M]),
    "clinic.membership": _grants(view=[M], add=[M], change=[M], delete=[M]),
    "clinic.practitioner": _grants(view=EVERYONE, add=[M], change=[M]),
    "clinic.qualification": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "clinic.location": _grants(view=EVERYONE, add=[M], change=[M]),
    "clinic.room": _grants(view=EVERYONE, add=[M], change=[M]),
    "clinic.openinghours": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "clinic.break": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "clinic.extrahours": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "clinic.closure": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "clinic.timeoff": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    # Patients
    "patients.patient": _grants(view=EVERYONE, view_clinical=CLINICAL, add=[D, P], change=[D, P], merge=[D, P]),
    "patients.guardian": _grants(view=EVERYONE, add=[D, P], change=[D, P], delete=[D, P]),
    "patients.allergy": _grants(view=CLINICAL, add=CLINICAL, change=CLINICAL, delete=[P]),
    "patients.historyentry": _grants(view=CLINICAL, add=CLINICAL, change=CLINICAL, delete=[P]),
    "patients.consentdocument": _grants(view=EVERYONE, add=[M], change=[M]),
    "patients.consent": _grants(view=EVERYONE, view_clinical=CLINICAL, add=[P, A], withdraw=[P, A]),
    # Protocols
    "plans.protocol": _grants(view=EVERYONE, add=[M], change=[M], delete=[M], retire=[M], restore=[M]),
    "plans.protocolstep": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "plans.stepcomponent": _grants(view=EVERYONE, add=[M], change=[M], delete=[M]),
    "plans.intervalrule": _grants(view=EVERYONE, add=[M], change=[M]),
    "plans.caretopic": _grants(view=EVERYONE, add=[M], change=[M]),
    "plans.caretext": _grants(view=EVERYONE, add=[M]),
    # Consultations
    "plans.screeningitem": _grants(view=EVERYONE, add=[M], change=[M]),
    "plans.consultation": _grants(view=CLINICAL, add=[P], change=[P], sign=[P], amend=[P]),
    "plans.cause": _grants(view=CLINICAL, add=[P], change=[P], delete=[P]),
    "plans.screeninganswer": _grants(view=CLINICAL, add=[P], change=[P], delete=[P]),
    "plans.consultationamendment": _grants(view=CLINICAL),
    # Treatment
    "plans.treatmentplan": _grants(
        view=EVERYONE,
        view_clinical=CLINICAL,
        add=[P],
        change=[P],
        propose=[P],
        accept=[P],
        decline=[P],
        hold=[P],
        resume=[P],
        revise=[P],
        discontinue=[P],
        complete=[P],
        book_series=[D, P],
    ),
    "plans.planrevision": _grants(view=CLINICAL),
    "plans.proceduresession": _grants(
        view=EVERYONE,
        view_clinical=CLINICAL,
        change=CLINICAL,
        start=CLINICAL,
        perform=CLINICAL,
        abort=CLINICAL,
        cancel=CLINICAL,
        pin=[P],
        sign=[P],
        amend=[P],
    ),
    "plans.sessioncomponent": _grants(view=CLINICAL),
    "plans.prprecord": _grants(view=CLINICAL),
    "plans.prpspin": _grants(view=CLINICAL),
    "plans.stemcellrecord": _grants(view=CLINICAL),
    "plans.microneedlingrecord": _grants(view=CLINICAL),
    "plans.exosomerecord": _grants(view=CLINICAL),
    "plans.sessionamendment": _grants(view=CLINICAL),
    # Roll-outs concern every location, as protocols do: whoever manages one of them may begin one.
    "plans.protocolrollout": _grants(view=[M], add=[M]),
    "plans.rolloutplan": _grants(view=[M]),
    # Follow-ups
    "plans.followup": _grants(
        view=EVERYONE, view_clinical=CLINICAL, add=[P], attend=[D, P], cancel=[D, P], attempt=[D, P], pin=[P]
    ),
    "plans.checkin": _grants(view=CLINICAL, answer=CLINICAL, cancel=CLINICAL),
    # To chase: to know of whom nobody has seen to red flags in time, and who was told; not what was reported.
    "plans.checkinreport": _grants(view=CLINICAL, acknowledge=CLINICAL, chase=[M]),
    "plans.checkinphoto": _grants(view=CLINICAL),
    "plans.contactattempt": _grants(view=EVERYONE, add=[D, P], undo=[D, P, M], undo_others=[M]),
    # Scheduling
    "plans.visittype": _grants(view=EVERYONE, add=[M], change=[M]),
    "plans.slot": _grants(view=[P, A, D]),
    "plans.appointment": _grants(
        view=EVERYONE,
        add=[D, P],
        change=[D, P],
        reschedule=[D, P],
        keep=[D, P],
        confirm=[D, P],
        arrive=[D, P],
        fulfil=[D, P],
        cancel=[D, P],
        no_show=[D, P],
        undo=[D, P],
        overbook=[P, M],
        book_early=[P],
    ),
    "plans.appointmentrevision": _grants(view=EVERYONE),
    "plans.waitlistentry": _grants(
        view=EVERYONE, add=[D, P], change=[D, P], offer=[D, P], accept=[D, P], decline=[D, P], withdraw=[D, P]
    ),
    "plans.calendarfeed": _grants(view=[P, M], add=[P, M], revoke=[P, M]),
    # Messages
    "plans.messagepolicy": _grants(view=EVERYONE, change=[M]),
    "plans.messagewording": _grants(view=EVERYONE, add=[M], change=[M]),
    "plans.patientmessage": _grants(view=EVERYONE, view_clinical=CLINICAL, retry=[D], cancel=[D], handled=[D]),
    "plans.deliveryevent": _grants(view=EVERYONE),
}


def roles_that_may(resource: str, action: str) -> frozenset[Role]:
    """The roles that may do `action` on `resource`; none where the table does not list it."""
    return GRANTS.get(resource, {}).get(action, frozenset())
