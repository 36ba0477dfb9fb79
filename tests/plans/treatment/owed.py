"""Shorthand for the tests of plans."""

from plans.treatment.models import ProcedureSession, TreatmentPlan


def owed(plan: TreatmentPlan) -> list[ProcedureSession]:
    return list(plan.sessions.filter(status="planned").order_by("sequence"))
