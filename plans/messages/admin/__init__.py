"""Messages in the console: what became of each, whom to call instead, and what a location sends when."""

from plans.messages.admin import calls, messages, panels, policies

__all__ = ["calls", "messages", "panels", "policies"]
