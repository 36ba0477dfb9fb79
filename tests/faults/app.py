"""The Celery application of a run: the product's own, in processes that journal what they do and may be told to die.

Nothing of this is in the product. Its functions are wrapped here, once, in each process that delivers.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from celery.signals import worker_process_init
from django.db.backends.base.base import BaseDatabaseWrapper

from clinic.celery import app as app  # what `celery -A` looks for
from tests.faults import broken
from tests.faults.stage import OTHER, SENDING, Stage


@worker_process_init.connect
def install(**kwargs: Any) -> None:
    from plans.messages import delivery, smtp

    stage = Stage.of_this_process("worker")
    stage.install_clock()
    smtp.MESSAGE_SECONDS = 3.0
    broken.install(os.environ.get(broken.VARIABLE, ""))
    _Observed(stage).wrap(delivery, smtp)


class _Observed:
    """The wrapped engine of one process."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.begun: Any = None
        """What the open transaction makes *sending*."""
        self.recorded: list[tuple[Any, bool]] = []
        self.is_handing_over = False
        self.is_amid_content = False

    def wrap(self, delivery: Any, smtp: Any) -> None:
        self._around(delivery, "lease", after="after the lease")
        self._around(delivery, "_send", after="after the answer")
        self._around(delivery, "_write_alone", before="before recording alone", after="after recording alone")
        self._around(delivery, "release", before="before the release")
        self._hand_over(delivery)
        self._begin(delivery)
        self._write(delivery)
        self._content(smtp)
        self._commit()

    def _around(self, module: Any, name: str, before: str = "", after: str = "") -> None:
        original = getattr(module, name)

        @wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if before:
                self.stage.point(before)
            found = original(*args, **kwargs)
            if after:
                self.stage.point(after)
            return found

        setattr(module, name, wrapped)

    def _hand_over(self, delivery: Any) -> None:
        original = delivery._hand_over

        @wraps(original)
        def hand_over(*args: Any) -> Any:
            self.begun, self.recorded, self.is_handing_over = None, [], True
            try:
                return original(*args)
            finally:
                self.is_handing_over = False

        delivery._hand_over = hand_over

    def _begin(self, delivery: Any) -> None:
        original = delivery._begin

        @wraps(original)
        def begin(*args: Any) -> Any:
            found = original(*args)
            self.begun = found if isinstance(found, delivery.Begun) else None
            return found

        delivery._begin = begin

    def _write(self, delivery: Any) -> None:
        original = delivery._write

        @wraps(original)
        def write(cursor: Any, token: Any, outcome: Any) -> Any:
            is_recorded = original(cursor, token, outcome)
            self.recorded.append((outcome, is_recorded))
            if not self.is_handing_over:
                self._journal_recorded()
            return is_recorded

        delivery._write = write

    def _journal_recorded(self) -> None:
        for outcome, is_recorded in self.recorded:
            self.stage.journal.write(
                "recorded", message=outcome.begun.id, verdict=outcome.answer.verdict.value, is_recorded=is_recorded
            )
        self.recorded = []

    def _content(self, smtp: Any) -> None:
        content, getreply = smtp.MailServer._content, smtp._Impatient.getreply

        def amid(server: Any, *args: Any) -> Any:
            self.stage.point("amid the mail")
            with self._amid_content():
                return content(server, *args)

        def reply(client: Any) -> Any:
            if self.is_amid_content:
                self.stage.point("after the final dot")
            return getreply(client)

        smtp.MailServer._content, smtp._Impatient.getreply = amid, reply

    @contextmanager
    def _amid_content(self) -> Iterator[None]:
        self.is_amid_content = True
        try:
            yield
        finally:
            self.is_amid_content = False

    def _commit(self) -> None:
        original: Callable[..., Any] = BaseDatabaseWrapper.commit

        def commit(connection: Any) -> None:
            begun = self.begun if self.is_handing_over else None
            what = SENDING if begun is not None else OTHER
            if begun is not None:
                self.stage.journal.write("begins", message=begun.id)
            self.stage.point(f"before the commit of {what}")
            original(connection)
            if begun is not None:
                self.stage.journal.write("begun", message=begun.id)
            self._journal_recorded()
            self.stage.point(f"after the commit of {what}")

        BaseDatabaseWrapper.commit = commit  # type: ignore[method-assign, assignment]
