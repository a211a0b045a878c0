"""`manage.py programme`: the document in a file."""

import io
import json
import sys

import pytest
import yaml
from django.core.management import CommandError, call_command

from loyalty.models import Segment

pytestmark = pytest.mark.django_db

SEGMENTS = {"segments": [{"key": "beta", "title": "Beta testers"}]}


def run(*words):
    said = io.StringIO()
    call_command("programme", *map(str, words), stdout=said, stderr=said)
    return said.getvalue()


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "said"), [("segments: 5", "segments"), ("{", "not valid YAML"), ("[]", "expected an object")]
    )
    def test_a_document_that_is_none(self, acme, tmp_path, text, said):
        (tmp_path / "a.yaml").write_text(text)

        with pytest.raises(CommandError, match=said):
            run("apply", "acme", tmp_path / "a.yaml")

    def test_a_business_or_file_that_is_not_there(self, acme, tmp_path):
        with pytest.raises(CommandError, match="no business"):
            run("export", "nobody")
        with pytest.raises(CommandError, match="No such file"):
            run("apply", "acme", tmp_path / "nothing.yaml")


class TestExport:
    @pytest.mark.parametrize(("name", "read"), [("a.yaml", yaml.safe_load), ("a.json", json.loads)])
    def test_writes_what_the_file_name_says(self, acme, tmp_path, name, read):
        run("export", "acme", tmp_path / name)

        assert read((tmp_path / name).read_text())["metrics"][0]["key"] == "points"

    def test_goes_to_the_screen_without_a_file(self, acme):
        assert yaml.safe_load(run("export", "acme"))["policies"]["timezone"] == "UTC"


class TestApply:
    def test_says_what_it_changed(self, acme, tmp_path):
        (tmp_path / "a.json").write_text(json.dumps(SEGMENTS))

        assert run("apply", "acme", tmp_path / "a.json") == "+ segments.beta\nThis is version 2.\n"
        assert run("apply", "acme", tmp_path / "a.json") == "Nothing differs.\n"

    def test_reads_the_keyboard_without_a_file(self, acme, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"segments: [{key: beta, title: Beta}]")))

        assert "segments.beta" in run("apply", "acme")

    def test_moves_a_sandbox_to_live(self, acme, tmp_path):
        (tmp_path / "a.json").write_text(json.dumps(SEGMENTS))
        run("apply", "acme-sandbox", tmp_path / "a.json")
        run("export", "acme-sandbox", tmp_path / "b.yaml")

        run("apply", "acme", tmp_path / "b.yaml")

        assert Segment.objects.for_business(acme).get().key == "beta"


class TestDiff:
    def test_changes_nothing_and_warns(self, acme, tmp_path):
        Segment.objects.create(business=acme, key="vips", title="VIPs")
        (tmp_path / "a.yaml").write_text("segments: []\npolicies: {timezone: Asia/Tokyo}")

        said = run("diff", "acme", tmp_path / "a.yaml")

        assert "- segments.vips\n" in said
        assert "~ policies.timezone: 'UTC' → 'Asia/Tokyo'" in said
        assert "Warning: segments.vips" in said
        assert Segment.objects.for_business(acme).get().archived_at is None
