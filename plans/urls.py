"""The API's addresses of the course of care."""

from clinic.api.router import Route
from plans.consultations.api import ConsultationViewSet, ScreeningItemViewSet
from plans.followups.api import FollowUpViewSet
from plans.messages.api import MessageViewSet
from plans.protocols.api import ProtocolViewSet
from plans.scheduling.api import AppointmentViewSet
from plans.treatment.api import PlanViewSet, SessionViewSet

routes: list[Route] = [
    ("protocols", ProtocolViewSet),
    ("screening-items", ScreeningItemViewSet),
    ("consultations", ConsultationViewSet),
    ("plans", PlanViewSet),
    ("sessions", SessionViewSet),
    ("follow-ups", FollowUpViewSet),
    ("appointments", AppointmentViewSet),
    ("messages", MessageViewSet),
]
