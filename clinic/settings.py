"""Settings. Every deployment fact comes from the environment; see docs/configuration.md.

Local mode (``CLINIC_LOCAL=1``, set by ``manage.py up`` and the tests) fills what is missing with this
machine's embedded parts. Everywhere else a missing variable stops the start, naming it.
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
import pghistory
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

django_stubs_ext.monkeypatch()  # Django's classes take type arguments at run time too

BASE_DIR = Path(__file__).resolve().parent.parent


def cache_location(broker_url: str) -> str:
    """Database 1 of the broker's server: the same address in the form Django's cache backend reads."""
    if broker_url.startswith("redis+socket://"):
        return f"unix://{urlsplit(broker_url).path}?db=1"
    return urlsplit(broker_url)._replace(path="/1").geturl()


env = environ.Env()
LOCAL = env.bool("CLINIC_LOCAL", default=False)
if LOCAL:
    from clinic.local.environment import fill_environment

    fill_environment(os.environ)

REQUIRED = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "BROKER_URL", "EMAIL_URL", "PUBLIC_URL")
missing = [name for name in REQUIRED if not os.environ.get(name)]
if missing:
    raise ImproperlyConfigured(
        f"Missing in the environment: {', '.join(missing)}. "
        "Set each of them (docs/configuration.md says how), or start local mode with `make run`."
    )

SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
PUBLIC_URL = env.str("PUBLIC_URL").rstrip("/")
DEBUG = False

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the site is ours: see clinic/console/site.py
    "unfold.contrib.filters",
    "clinic.console.site.ClinicAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "django_filters",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "clinic",
    "patients",
    "plans",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic.api.middleware.BodyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.audit.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "clinic" / "templates"],  # before those of unfold
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database: services own their transactions; connections are reused, never pooled (docs/architecture.md).
DATABASES = {
    "default": {
        **env.db("DATABASE_URL"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
    # How alike a word has to be to one of a name to find it: with a letter missing from four it just is.
    " -c pg_trgm.strict_word_similarity_threshold=0.25"
)
LOCK_TIMEOUT = "3s"
"""How long a service waits for a lock before it answers “busy”."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and sign-in
AUTH_USER_MODEL = "clinic.User"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["clinic.access.backends.RoleBackend"]

# Transport
SECURE_COOKIES = PUBLIC_URL.startswith("https://")
SECURE_SSL_REDIRECT = SECURE_COOKIES and env.bool("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_COOKIES
SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # Alpine, which the console's components are built on, evaluates expressions.
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
    }
}

# Language and time: instants are UTC; each location has its own zone.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("de", "Deutsch"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "plans" / "messages" / "locale", BASE_DIR / "plans" / "portal" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = None if LOCAL else BASE_DIR / "static"  # local mode serves files from where they lie
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if LOCAL
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = LOCAL

# Files that people upload: private, shown by authorised views only, and shared by every web and worker process.
MEDIA_ROOT = env.str("FILES_ROOT", str(Path(os.environ["CLINIC_HOME"]) / "files" if LOCAL else BASE_DIR / "files"))
FILE_UPLOAD_PERMISSIONS = 0o600

# Broker and cache: one server, two database numbers.
BROKER_URL = env.str("BROKER_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_location(BROKER_URL),
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
DESK_NUMBER_SECONDS = 15
"""How old the number beside Follow-ups may be on pages that do not show the list."""
DELIVERY_HEALTH_SECONDS = 2
"""How old an answer of `/health/delivery` may be. Anybody may ask, and each look opens the mail server."""
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "visibility_timeout": 300,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    # Intervals only, in seconds: no crontab in anybody's local time.
    # A pass that nobody took in time is dropped: the next one does its work.
    "deliver-due-messages": {
        "task": "plans.messages.tasks.deliver_due",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "reconcile-messages": {
        "task": "plans.messages.tasks.reconcile",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "resume-rollouts": {
        "task": "plans.treatment.tasks.resume_rollouts",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "forget-old-mails": {"task": "plans.messages.tasks.forget_old_mails", "schedule": 3600.0},
    "forget-old-requests": {"task": "clinic.tasks.forget_old_requests", "schedule": 3600.0},
}

# Mail
vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Clinic <no-reply@clinic.example>")
MAIL_PROVIDER = env.str("MAIL_PROVIDER", default="")
MAIL_EVENTS_SECRET = env.str("MAIL_EVENTS_SECRET", default="")
if MAIL_PROVIDER and not MAIL_EVENTS_SECRET:
    raise ImproperlyConfigured(
        "MAIL_PROVIDER is set without MAIL_EVENTS_SECRET: anybody could say what became of mail."
    )

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "clinic.access.authentication.TokenAuthentication",
        "clinic.access.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["clinic.access.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["clinic.api.parsers.JsonParser"],
    "DEFAULT_PAGINATION_CLASS": "clinic.api.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["clinic.api.filters.FilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "clinic.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_THROTTLE_CLASSES": ["clinic.access.throttling.UserThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": "6000/min"},
    "COERCE_DECIMAL_TO_STRING": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNICODE_JSON": True,
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_TTL": timedelta(hours=12),
    "TOKEN_LIMIT_PER_USER": None,
    "AUTO_REFRESH": False,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "clinic.api.errors.Handler",
    "EXCEPTION_FORMATTER_CLASS": "clinic.api.errors.Formatter",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Clinic API",
    "DESCRIPTION": (BASE_DIR / "clinic/api/description.md").read_text(encoding="utf-8"),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AppointmentStatusEnum": "plans.scheduling.models.Appointment.Status",
        "CancelReasonEnum": "plans.scheduling.models.Appointment.CancelReason",
        "CareKindEnum": "plans.protocols.models.CareTopic.Kind",
        "CheckInStateEnum": "plans.followups.models.CheckIn.State",
        "CourseKindEnum": "plans.treatment.progress.Kind",
        "CourseStateEnum": "plans.treatment.progress.State",
        "FollowUpStateEnum": "plans.followups.models.FollowUp.State",
        "MessageKindEnum": "plans.messages.models.MessageKind",
        "MessageStatusEnum": "plans.messages.models.PatientMessage.Status",
        "ModalityEnum": "clinic.people.models.Modality",
        "PlanStatusEnum": "plans.treatment.models.TreatmentPlan.Status",
        "RoleEnum": "clinic.access.roles.Role",
        "SexEnum": "patients.models.Patient.Sex",
        "StepKindEnum": "plans.protocols.models.ProtocolStep.Kind",
        "VisitKindEnum": "plans.scheduling.models.VisitKind",
        "WeekdayEnum": "clinic.places.models.Weekday",
        "ZoneEnum": "plans.treatment.models.Zone",
    },
    "SWAGGER_UI_SETTINGS": (BASE_DIR / "clinic/api/docs.js").read_text(encoding="utf-8"),
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# History: database triggers write every insert, update and delete; who and why stands in clinic/audit.
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"class": "clinic.logs.Formatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}

UNFOLD = {
    "SITE_TITLE": "Clinic",
    "SITE_HEADER": "Clinic",
    "SITE_SYMBOL": "spa",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [
        lambda request: static("console/console.css"),
        lambda request: static("console/desk.css"),
        lambda request: static("console/board/board.css"),
        lambda request: static("console/board/calendar.css"),
        lambda request: static("console/board/rows.css"),
        lambda request: static("console/mail.css"),
    ],
    "SCRIPTS": [
        lambda request: static("console/console.js"),
        lambda request: static("console/desk.js"),
        lambda request: static("console/board/grid.js"),
        lambda request: static("console/board/moving.js"),
        lambda request: static("console/board/free.js"),
        lambda request: static("console/board/keys.js"),
        lambda request: static("console/board/card.js"),
        lambda request: static("console/board/fresh.js"),
    ],
    "COLORS": {
        # Teal, one step darker than usual, so that white text on 600 stays readable.
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(60% .118 184.704)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(33% .055 190)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "clinic.console.navigation.sidebar",
    },
}
