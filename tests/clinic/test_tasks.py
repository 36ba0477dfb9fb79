from datetime import timedelta

import pytest
from django.conf import settings
from knox.models import AuthToken

from clinic import clock
from clinic.access.roles import Role
from clinic.api.models import IdempotentRequest
from clinic.celery import app
from clinic.tasks import forget_old_requests
from tests.factories import make_location, make_user

pytestmark = pytest.mark.django_db


def test_what_is_over_is_forgotten_and_what_is_not_is_kept():
    user = make_user((make_location(), Role.MANAGER))
    for key, hours in (("old", 25), ("new", 23)):
        IdempotentRequest.objects.create(user=user, key=key, created_at=clock.now() - timedelta(hours=hours))
    AuthToken.objects.create(user, expiry=timedelta(seconds=-1))
    AuthToken.objects.create(user)
    forget_old_requests()
    assert IdempotentRequest.objects.get().key == "new"
    assert AuthToken.objects.count() == 1


def test_every_task_of_the_schedule_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
