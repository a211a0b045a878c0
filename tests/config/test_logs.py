"""A request leaves one line of JSON, which names the route and no value."""

import json
import subprocess
import sys

ONE_REQUEST = """
import django
django.setup()
from django.test import Client
Client().get("/api/v1/advocates/01890a5d-ac96-774b-bcce-b302099a8057", headers={"authorization": "Bearer sk_live_x"})
"""


class TestRequestLog:
    def test_is_json_without_a_key_or_a_path(self):
        told = subprocess.run([sys.executable, "-c", ONE_REQUEST], capture_output=True, text=True, check=True).stdout

        line = next(json.loads(line) for line in told.splitlines() if '"request"' in line)
        assert line["route"] == "api/v1/advocates/<uuid:advocate_id>"
        assert {"id", "method", "status", "ms", "timestamp", "level"} <= set(line)
        assert "sk_live" not in told
        assert "01890a5d" not in told
