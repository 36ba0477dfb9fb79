"""The deployment's own settings with less patience for the mail server, and a beat that does not let a run wait."""

from clinic.settings import *  # noqa: F403

EMAIL_TIMEOUT = 1.5  # type: ignore[assignment]
CELERY_BEAT_SCHEDULE["deliver-due-messages"]["schedule"] = 0.5  # noqa: F405
CELERY_BEAT_SCHEDULE["reconcile-messages"]["schedule"] = 3.0  # noqa: F405
CELERY_BEAT_SCHEDULE.pop("resume-rollouts")  # noqa: F405
CELERY_BEAT_SCHEDULE.pop("forget-old-requests")  # noqa: F405
