"""Whether a board shows what it showed before: the state of everything it is drawn from, in one look."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from plans.scheduling.rules import MAX_DURATION, Period


def state_of_board(location: UUID, period: Period) -> str:
    """Changes with every row that a board of `location` in `period` is drawn from; otherwise stays: one query.

    That is: the visits of the period with what they say of patient, guardian, session, follow-up, plan and consents;
    what the practitioners of the location have elsewhere; and hours, rooms, visit types and people of the location.
    """
    start, end = period
    asked: dict[str, UUID | datetime] = {
        "location": location,
        "start": start,
        "reach": start - MAX_DURATION,
        "end": end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATE, asked)
        (state,) = cursor.fetchone()
    return str(state)


_STATE = """
WITH visits AS MATERIALIZED (
    SELECT a.id, a.version, a.patient_id, a.session_id, a.follow_up_id, COALESCE(s.plan_id, f.plan_id) AS plan_id,
        s.version AS session_version, f.version AS follow_up_version
    FROM plans_appointment a
    LEFT JOIN plans_proceduresession s ON s.id = a.session_id LEFT JOIN plans_followup f ON f.id = a.follow_up_id
    WHERE a.location_id = %(location)s AND a.starts_at >= %(reach)s AND a.starts_at < %(end)s
), people AS MATERIALIZED (
    SELECT p.id, p.version, u.id AS user_id, u.first_name, u.last_name, u.is_active, m.role
    FROM clinic_membership m JOIN clinic_practitioner p ON p.user_id = m.user_id JOIN clinic_user u ON u.id = m.user_id
    WHERE m.location_id = %(location)s
)
SELECT concat_ws('|',
    (SELECT concat(count(*), ':', sum(hashtextextended(concat_ws(
        ' ', v.id, v.version, p.version, g.id, v.session_version, v.follow_up_version, t.version), 0)))
     FROM visits v JOIN patients_patient p ON p.id = v.patient_id LEFT JOIN patients_guardian g ON g.patient_id = p.id
     LEFT JOIN plans_treatmentplan t ON t.id = v.plan_id),
    (SELECT sum(hashtextextended(concat_ws(' ', c.id, c.version), 0))
     FROM plans_sessioncomponent c WHERE c.session_id IN (SELECT session_id FROM visits)),
    (SELECT sum(hashtextextended(concat_ws(' ', given.id, c.id, c.version, d.version), 0))
     FROM plans_planconsent given JOIN patients_consent c ON c.id = given.consent_id
     JOIN patients_consentdocument d ON d.id = c.document_id
     WHERE given.plan_id IN (SELECT plan_id FROM visits WHERE session_id IS NOT NULL)),
    (SELECT concat(count(*), ':', sum(hashtextextended(concat_ws(' ', a.id, a.version), 0)))
     FROM plans_appointment a
     WHERE a.location_id <> %(location)s AND a.starts_at >= %(reach)s AND a.starts_at < %(end)s
         AND a.practitioner_id IN (SELECT id FROM people)),
    (SELECT sum(hashtextextended(concat_ws(' ', p.*), 0)) FROM people p),
    (SELECT sum(hashtextextended(concat_ws(' ', q.id, q.version), 0)) FROM clinic_qualification q
     WHERE q.practitioner_id IN (SELECT id FROM people)),
    (SELECT sum(hashtextextended(concat_ws(' ', o.id, o.version), 0)) FROM clinic_timeoff o
     WHERE o.practitioner_id IN (SELECT id FROM people) AND o.starts_at < %(end)s AND o.ends_at > %(start)s),
    (SELECT version FROM clinic_location WHERE id = %(location)s),
    (SELECT sum(hashtextextended(concat_ws(' ', r.id, r.version), 0)) FROM clinic_room r
     WHERE r.location_id = %(location)s),
    (SELECT sum(hashtextextended(concat_ws(' ', h.id, h.version), 0)) FROM clinic_openinghours h
     WHERE h.location_id = %(location)s),
    (SELECT sum(hashtextextended(concat_ws(' ', b.id, b.version), 0)) FROM clinic_break b
     WHERE b.location_id = %(location)s),
    (SELECT sum(hashtextextended(concat_ws(' ', x.id, x.version), 0)) FROM clinic_extrahours x
     WHERE x.location_id = %(location)s),
    (SELECT sum(hashtextextended(concat_ws(' ', c.id, c.version), 0)) FROM clinic_closure c
     WHERE c.location_id = %(location)s AND c.starts_at < %(end)s AND c.ends_at > %(start)s),
    (SELECT sum(hashtextextended(concat_ws(' ', v.id, v.version), 0)) FROM plans_visittype v
     WHERE v.location_id = %(location)s))
"""
