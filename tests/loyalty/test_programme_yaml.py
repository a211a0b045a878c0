"""The programme as YAML: the same document, in a spelling for people and git."""

from decimal import Decimal

import pytest
import yaml

from loyalty.api import documents
from loyalty.kernel.errors import Invalid

YAML = "application/yaml"

BROKEN = [
    ("an alias", b"a: &x [1]\nb: *x\n"),
    ("a tag of Python", b"a: !!python/object/apply:os.system [ls]\n"),
    ("a binary", b"a: !!binary aGk=\n"),
    ("a key twice", b"a: 1\na: 2\n"),
    ("two documents", b"a: 1\n---\nb: 2\n"),
    ("half a list", b"a: [1, 2\n"),
    ("a tab", b"a:\n\tb: 1\n"),
    ("NUL", b'a: "\\0"\n'),
    ("not UTF-8", b"a: \xff\n"),
    ("a thousand levels", b"[" * 1000 + b"]" * 1000),
    ("a list as a key", b"? [a]\n: 1\n"),
    ("five thousand digits", b"a: " + b"9" * 5000),
]


class TestRefuses:
    @pytest.mark.parametrize("body", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
    def test_what_json_could_not_say(self, body):
        with pytest.raises(Invalid):
            documents.read(body, YAML)


class TestReads:
    def test_words_and_dates_as_text(self):
        text = b"{norway: no, off: off, day: 2026-05-01, time: 12:30, zero: 010, hex: 0x1f, merge: <<}"

        assert documents.read(text, YAML) == {
            "norway": "no",
            "off": "off",
            "day": "2026-05-01",
            "time": "12:30",
            "zero": "010",
            "hex": "0x1f",
            "merge": "<<",
        }

    def test_numbers_exactly(self):
        assert documents.read(b"[1, -2, 0.10, true, null, ~]", YAML) == [1, -2, Decimal("0.10"), True, None, None]

    @pytest.mark.parametrize("text", ["no", "1e3", "0x10", "~", "a: b", "2026-01-01", "Grüße 🎉", " x ", "", "="])
    def test_what_it_wrote(self, text):
        assert documents.read(documents.written({text: [text]}, YAML), YAML) == {text: [text]}


@pytest.mark.django_db
class TestOverHttp:
    def test_is_answered_to_who_prefers_it(self, api):
        api.headers["Accept"] = "application/yaml, application/json;q=0.5"

        response = api.get("/programme")

        assert response["Content-Type"] == "application/yaml"
        assert yaml.safe_load(response.content)["metrics"][0]["key"] == "points"

    @pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", ""])
    def test_others_get_json(self, api, accept):
        api.headers["Accept"] = accept

        assert api.get("/programme").json()["version"] == 1

    def test_goes_back_as_it_came(self, api):
        api.headers["Accept"] = YAML
        body = api.get("/programme").content.replace(b"title: Points", b"title: Beans")

        answer = api.put("/programme", body, Content_Type=YAML).json()

        assert [each["path"] for each in answer["changes"]] == ["metrics.points.title"]

    def test_another_media_type_is_refused(self, api):
        assert api.put("/programme", b"a: 1", Content_Type="text/plain").status_code == 415
