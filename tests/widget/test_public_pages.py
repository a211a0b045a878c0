import json

import pytest

from config import settings as deployed


class TestLoader:
    def test_stands_at_an_address_that_never_changes(self, client):
        response = client.get("/widget/loader.js")

        assert response["Content-Type"] == "text/javascript; charset=utf-8"
        assert response["Cache-Control"] == "public, max-age=300"
        assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert not response.cookies

    def test_is_not_sent_twice(self, client):
        etag = client.get("/widget/loader.js")["ETag"]

        assert client.get("/widget/loader.js", headers={"If-None-Match": etag}).status_code == 304


class TestScripts:
    @pytest.mark.parametrize("name", ["loader.js", "widget.js", "tap.js"])
    def test_speak_to_one_exact_origin_and_keep_nothing(self, name):
        script = (deployed.BASE_DIR / "static" / "widget" / name).read_text(encoding="utf-8")

        assert not [
            word for word in ('"*"', "document.cookie", "localStorage", "sessionStorage", "eval(") if word in script
        ]


class TestStyles:
    def test_of_the_widget_are_small(self):
        files = [deployed.BASE_DIR / "static" / "widget" / name for name in ("theme.css", "widget.css")]

        assert sum(file.stat().st_size for file in files) <= 16 * 1024


class TestFrontPage:
    @pytest.fixture
    def data(self, settings, tmp_path):
        settings.DATA_DIR = tmp_path
        return tmp_path

    def test_leads_everywhere(self, client, data):
        page = client.get("/").text

        for path in ("/admin/", "/api/docs/", "/api/schema/", "/healthz", "/readyz", "/guides/developers/widget.md"):
            assert f'href="{path}"' in page

    def test_leads_to_the_demo_where_there_is_one(self, client, data):
        (data / "demo.json").write_text(json.dumps({"shopUrl": "http://localhost:8001/"}))

        assert 'href="http://localhost:8001/"' in client.get("/").text

    def test_never_shows_what_opens_doors(self, client, data):
        secrets = {"secretKey": "sk_live_hidden", "password": "correct-horse", "email": "olga@acme.example"}
        (data / "demo.json").write_text(json.dumps({"shopUrl": "http://localhost:8001/", **secrets}))

        page = client.get("/").text

        assert not [value for value in secrets.values() if value in page]


class TestGuides:
    def test_are_readable_as_they_were_written(self, client):
        response = client.get("/guides/developers/widget.md")

        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response.text.startswith("# ")

    @pytest.mark.parametrize("name", ["../config/settings.py", "..%2fREADME.md", "nothing.md", "/etc/passwd"])
    def test_are_the_documentation_and_no_other_file(self, client, name):
        assert client.get(f"/guides/{name}").status_code == 404
