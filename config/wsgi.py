"""The WSGI application, for granian or any other server."""

import os

from config import runtime

runtime.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402  # after the environment

application = get_wsgi_application()

import config.urls  # noqa: E402, F401  # here, not by the first request

runtime.settle()
