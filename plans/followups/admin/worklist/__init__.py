"""The front desk's worklist: whom to book, to book anew, to call; one tab each, and the open row beside it."""

from plans.followups.admin.worklist.context import page_context
from plans.followups.admin.worklist.lines import owed_line
from plans.followups.admin.worklist.tabs import Tab, Worklist, all_counts, number_wanted
from plans.followups.admin.worklist.views import DeskViews

__all__ = ["DeskViews", "Tab", "Worklist", "all_counts", "number_wanted", "owed_line", "page_context"]
