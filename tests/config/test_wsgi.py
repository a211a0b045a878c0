"""What the web server loads at its start stays out of the collector's way, which would stop every request for it."""

import subprocess
import sys

ONE_REQUEST = """
import gc
from wsgiref.util import setup_testing_defaults
from config.wsgi import application
asked = {"PATH_INFO": "/api/v1/advocates"}
setup_testing_defaults(asked)
list(application(asked, lambda status, headers: None))
print(len(gc.get_objects()), gc.get_freeze_count())
"""


def test_a_collection_looks_through_little_of_what_there_is():
    told = subprocess.run([sys.executable, "-c", ONE_REQUEST], capture_output=True, text=True, check=True).stdout

    looked_through, left_out = map(int, told.splitlines()[-1].split())
    assert looked_through < left_out / 10
