"""Plans the mails that acts ask for, in their transactions; lets them follow what changes; and what a person may do."""

from plans.messages.services.acts import message_cancel, message_mark_handled, message_retry, messages_mark_handled
from plans.messages.services.alerting import messages_alert, messages_settle_alerts
from plans.messages.services.following import (
    messages_follow,
    messages_follow_wishes,
    messages_plan_again,
    messages_resume,
)
from plans.messages.services.planning import (
    messages_cancel_reminders,
    messages_close,
    messages_drop,
    messages_plan,
    messages_plan_link,
    messages_plan_offer,
    messages_plan_overdue,
    messages_plan_recovery,
)

__all__ = [
    "message_cancel",
    "message_mark_handled",
    "message_retry",
    "messages_alert",
    "messages_cancel_reminders",
    "messages_close",
    "messages_drop",
    "messages_follow",
    "messages_follow_wishes",
    "messages_mark_handled",
    "messages_plan",
    "messages_plan_again",
    "messages_plan_link",
    "messages_plan_offer",
    "messages_plan_overdue",
    "messages_plan_recovery",
    "messages_resume",
    "messages_settle_alerts",
]
