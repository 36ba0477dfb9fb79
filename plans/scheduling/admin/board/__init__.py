"""The calendar: a board of a day or a week, a map of a month, a list, and the day on paper."""

from plans.scheduling.admin.board.pages import BoardPages

__all__ = ["BoardPages"]
