"""Plans, sessions and roll-outs in the API."""

from plans.treatment.api.plans import PlanViewSet
from plans.treatment.api.rollouts import RolloutViewSet
from plans.treatment.api.sessions import SessionViewSet

__all__ = ["PlanViewSet", "RolloutViewSet", "SessionViewSet"]
