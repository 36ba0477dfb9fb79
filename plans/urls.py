"""The API's addresses of the course of care."""

from clinic.api.router import Route
from plans.consultations.api import ConsultationViewSet, ScreeningItemViewSet
from plans.followups.api import CallListViewSet, CheckInViewSet, FollowUpViewSet
from plans.messages.api import MessageViewSet
from plans.protocols.api import CareTopicViewSet, IntervalRuleViewSet, ProtocolViewSet
from plans.scheduling.api import AppointmentViewSet, CalendarFeedViewSet
from plans.scheduling.api.waitlist import WaitlistViewSet
from plans.treatment.api import PlanViewSet, RolloutViewSet, SessionViewSet

routes: list[Route] = [
    ("protocols", ProtocolViewSet),
    ("protocol-rollouts", RolloutViewSet),
    ("interval-rules", IntervalRuleViewSet),
    ("care-topics", CareTopicViewSet),
    ("screening-items", ScreeningItemViewSet),
    ("consultations", ConsultationViewSet),
    ("plans", PlanViewSet),
    ("sessions", SessionViewSet),
    ("follow-ups", FollowUpViewSet),
    ("check-ins", CheckInViewSet),
    ("call-list", CallListViewSet),
    ("appointments", AppointmentViewSet),
    ("waitlist", WaitlistViewSet),
    ("calendar-feeds", CalendarFeedViewSet),
    ("messages", MessageViewSet),
]
