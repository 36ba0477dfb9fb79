"""Follow-ups, check-ins and calls in the console: the worklist, one of each, Today, and a patient's panels."""

from plans.followups.admin import calls, check_ins, follow_ups, panels, put_through
from plans.followups.admin.check_ins import check_in_rows
from plans.followups.admin.rows import rows_of, with_contact

__all__ = ["calls", "check_in_rows", "check_ins", "follow_ups", "panels", "put_through", "rows_of", "with_contact"]
