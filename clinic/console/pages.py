"""The console's own pages."""

from unfold.sites import UnfoldAdminSite


class Console(UnfoldAdminSite):
    """The admin site of the clinic's staff."""
