"""The WSGI application, for granian or any other server."""

import gc
import os

from config import runtime

runtime.load()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402  # after the environment

application = get_wsgi_application()

import config.urls  # noqa: E402, F401  # here, not by the first request

# What is loaded by now stays. The collector would look through all of it again and again: a fifth of a second each
# time, in which every request waits, and a third of what Python does for a batch.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 10, 10)  # by default it looks after 700 objects, which is several times in a request
