"""Every address of the service."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from clinic import health, routes
from clinic.access.api import LogoutView, MeView, TokenView
from clinic.api.docs import DocsView, SchemaView
from clinic.api.router import Router
from clinic.api.views import UnknownView
from patients.urls import routes as patient_routes
from plans.messages.views import delivery_health
from plans.messages.webhooks import mail_events
from plans.scheduling.api import FitsView, SlotsView
from plans.scheduling.feeds.views import calendar_feed
from plans.urls import routes as plan_routes

router = Router()
router.add(routes.routes)
router.add(patient_routes)
router.add(plan_routes)

api = [
    path("auth/token/", TokenView.as_view(), name="token"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("me/", MeView.as_view(), name="me"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    path("slots/", SlotsView.as_view(), name="slots"),
    path("waitlist/fits/", FitsView.as_view(), name="waitlist_fits"),
    *router.urls,
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api)),
    re_path(r"^api/", UnknownView.as_view()),
    path("feeds/<str:token>.ics", calendar_feed, name="calendar_feed"),
    path("p/", include("plans.portal.urls")),
    path("anymail/<str:provider>/tracking/", mail_events, name="mail_events"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/delivery", delivery_health),
    path("metrics", health.metrics),
]

if settings.LOCAL:
    urlpatterns.append(path("mailbox/", include("clinic.local.urls")))
