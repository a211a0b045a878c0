"""manage.py import: a file, its check, what came of it, and the way back."""

import io
import re
import sys

import pytest
from django.core.management import CommandError, call_command

from advocates.models import Import
from advocates.selectors import identity
from loyalty.models.ledger import Balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("externalId,points\nc-1,20\nc-2,-3\n")
    return path


@pytest.fixture
def run(acme, capsys):
    def run(action, what, *options):
        call_command("import", action, str(what), "--business", "acme", *options)
        return capsys.readouterr().out

    return run


class TestRefuses:
    def test_what_it_cannot_find(self, run, file):
        for what in (lambda: run("customers", "nowhere.csv"), lambda: run("resume", "no-id")):
            with pytest.raises(CommandError):
                what()
        with pytest.raises(CommandError, match="no business"):
            call_command("import", "customers", str(file), "--business", "nobody")
        with pytest.raises(CommandError, match="Layouts of customers are laurel, smile"):
            run("customers", file, "--layout", "excel")

    def test_to_import_the_others_unasked(self, run, file, capsys):
        with pytest.raises(CommandError, match="--skip-refused"):
            run("customers", file)

        said = capsys.readouterr().out
        assert "2 rows: 1 new, 0 known, 1 refused; 20 points." in said
        assert "Line 3: points must be a whole number" in said
        assert not Balance.objects.filter(amount=20).exists()


class TestReport:
    def test_names_where_the_lines_stand_that_are_not_shown(self, run, file):
        file.write_text("externalId,points\n" + "c-2,-3\n" * 25)

        said = run("customers", file, "--dry-run")

        assert said.count("Line ") == 20
        assert "… and 5 more; all are in the report (CSV) on the page of this import in the dashboard." in said


class TestProgress:
    def test_is_shown_on_a_terminal_beside_the_report(self, run, file, monkeypatch):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)

        said = run("customers", file, "--skip-refused")

        full = re.findall(r"(\w+): 100%\|█+\| (\d/\d)", terminal.getvalue())
        assert sorted(set(full)) == [("Checking", "2/2"), ("Importing", "2/2")]
        assert [line.split()[0] for line in said.splitlines()] == ["Import", "2", "Line", "2", "Line"]

    def test_is_not_shown_to_whoever_reads_it_on(self, acme, file, capsys):
        call_command("import", "customers", str(file), "--business", "acme", "--skip-refused")

        assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class TestImports:
    def test_and_undoes(self, run, file, acme):
        said = run("customers", file, "--skip-refused")

        assert "2 rows: 1 new, 0 known, 1 refused; 20 points." in said
        assert "Undone." in run("undo", Import.objects.get().pk)
        assert identity.by_external_id(business=acme, external_id="c-1") is None

    def test_what_was_tried_before(self, run, file, acme):
        assert "dry run" in run("customers", file, "--dry-run")
        found = Import.objects.get()
        assert found.state == Import.State.CHECKED

        run("resume", found.pk, "--skip-refused")

        assert identity.by_external_id(business=acme, external_id="c-1")
