"""How a line of the log is written: without the addresses that open something to whoever holds them."""

import logging
import re

_PRIVATE = re.compile(r"(/(?:feeds|p)/)[^\s?#\"'<>]+")


class Formatter(logging.Formatter):
    """Writes `/feeds/…` and `/p/…` in place of a private address, wherever in the line or its traceback it stands."""

    def format(self, record: logging.LogRecord) -> str:
        return _PRIVATE.sub(r"\1…", super().format(record))
