"""What a location sends and when, set on one page: its draft, what that would send, and the page."""

from plans.messages.admin.policies import page

__all__ = ["page"]
