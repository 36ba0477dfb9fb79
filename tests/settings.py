"""The deployment's own settings, on the tests' servers."""

import os
import sys

from tests.cluster import TEMPLATE
from tests.servers import servers

servers.fill(os.environ)
# Whatever the shell says: without it every worker compiles all tests anew, and every process all of the product.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from clinic.settings import *  # noqa: E402,F403 (settings are names of one module; the servers' come first)
from clinic.settings import CACHES, DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # each sign-in would take 0.2 s otherwise
DATABASES["default"]["TEST"] = {"TEMPLATE": TEMPLATE}
CACHES["default"]["OPTIONS"] = {"socket_connect_timeout": 15, "socket_timeout": 15}  # on a busy machine, too
DELIVERY_HEALTH_SECONDS = 0  # each look of a test is a new one
WHITENOISE_AUTOREFRESH = True  # each of thousands of test clients would list every static file anew
