"""Files as proof: what may be handed in, who may see it, and when it is gone."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.db import connection

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid
from loyalty.models import ProofFile, Submission
from loyalty.services import erasure, merges, personal_data, proof_files, proofs
from tests import dashboards
from tests.dashboards import Role
from tests.loyalty.quests.conftest import step, tasks_of

pytestmark = pytest.mark.django_db

JPEG = b"\xff\xd8\xff\xe0 a bicycle"
FILES = {
    "image/jpeg": JPEG,
    "image/png": b"\x89PNG\r\n\x1a\n a bicycle",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBPVP8 a bicycle",
    "application/pdf": b"%PDF-1.7 a bicycle",
}


@pytest.fixture
def show(quest):
    return quest(step("Show your bike", type="proof", points=5))


@pytest.fixture
def submit(show, ada):
    def hand_in(file=JPEG, **content):
        (task,) = tasks_of(show)
        given = {"quest_id": show.pk, "task_id": task.pk, "account_id": ada.pk}
        return proofs.submit(business=show.business, file=file, **given, **content)

    return hand_in


@pytest.fixture
def post(integration_api, show, ada):
    def send(**body):
        (task,) = tasks_of(show)
        return integration_api.post(f"/integration/user/ada-1/missions/{task.pk}/proof", body)

    return send


class TestRefuses:
    @pytest.mark.parametrize(
        "file",
        [
            b"<html><script>alert(1)</script>",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"GIF89a",
            b"MZ\x90\x00",
            b"PK\x03\x04",
            b" \xff\xd8\xff",
            b"RIFF\x10\x00\x00\x00WAVE",
            b"\xff\xd8",
            JPEG + b"x" * proof_files.MOST,
        ],
        ids=["html", "svg", "gif", "exe", "zip", "late", "wave", "short", "large"],
    )
    def test_what_it_does_not_take(self, submit, file):
        with pytest.raises(Invalid) as refused:
            submit(file)

        assert refused.value.field == "file"
        assert not Submission.objects.exists()

    @pytest.mark.parametrize("file", ["no base64!", "abc", 3, ["x"], b64encode(b"<html>").decode()])
    def test_it_over_the_api(self, post, file):
        response = post(file=file)

        assert (response.status_code, response.json()["property"]) == (400, "file")

    def test_a_body_that_is_too_large(self, post):
        assert post(file=b64encode(JPEG * 500_000).decode()).status_code == 413

    def test_nothing_at_all(self, submit):
        with pytest.raises(Invalid):
            submit(b"")


class TestAFile:
    @pytest.mark.parametrize("kind", FILES)
    def test_is_known_by_what_it_holds(self, submit, kind):
        submission = submit(FILES[kind])

        assert (submission.file.kind, submission.file.size) == (kind, len(FILES[kind]))
        assert proof_files.read(ProofFile.objects.get()) == FILES[kind]

    def test_comes_over_the_api_alone_or_with_words(self, acme, post):
        assert post(file=b64encode(JPEG).decode(), text="On my way").status_code == 201

        submission = Submission.objects.for_business(acme).get()
        assert (submission.text, proof_files.read(submission.file)) == ("On my way", JPEG)

    def test_lies_sealed(self, submit):
        submit()

        with connection.cursor() as cursor:
            cursor.execute("SELECT content_sealed FROM loyalty_prooffile")
            assert b"bicycle" not in bytes(cursor.fetchone()[0])

    def test_goes_when_its_person_is_erased(self, acme, ada, submit):
        submit()

        erasure.erase(business=acme, account_id=ada.pk)

        assert not ProofFile.objects.exists()

    def test_is_in_an_export_of_its_person(self, acme, ada, bob, submit):
        submission = submit()

        (told,) = personal_data.export(business=acme, account_id=ada.pk)["proofFiles"]
        assert told == {"submissionId": submission.pk, "type": "image/jpeg", "content": JPEG}
        assert personal_data.export(business=acme, account_id=bob.pk)["proofFiles"] == []

    def test_is_base64_in_the_export_over_the_api(self, api, ada, submit):
        submit()

        (told,) = api.get(f"/advocates/{ada.pk}/export").json()["held"]["proofFiles"]
        assert told["content"] == b64encode(JPEG).decode()

    def test_goes_with_its_submission_into_a_merge(self, acme, ada, bob, submit):
        submit()

        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        assert len(personal_data.export(business=acme, account_id=bob.pk)["proofFiles"]) == 1

    def test_is_forgotten_90_days_after_the_decision(self, acme, submit):
        submission = submit()
        with later(days=100):
            assert proof_files.purge() == 0  # it waits
        proofs.reject(business=acme, submission_id=submission.pk, reason="Too dark")
        with later(days=89):
            assert proof_files.purge() == 0

        with later(days=91):
            assert proof_files.purge() == 1


class TestTheDashboard:
    def test_gives_it_as_a_file_and_never_as_a_page(self, acme, submit):
        submission = submit()
        olga = dashboards.works_for(acme)

        response = olga.get(dashboards.page(submission, "download"))

        assert response.content == JPEG
        assert response["Content-Type"] == "image/jpeg"
        assert response["Content-Disposition"].startswith('attachment; filename="proof-')
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        assert "no-store" in response["Cache-Control"]

    def test_gives_it_to_nobody_else(self, acme, rival, client, submit):
        submission = submit()
        address = dashboards.page(submission, "download")

        assert client.get(address).status_code == 302  # to the sign-in
        assert dashboards.works_for(rival).get(address).status_code in (302, 404)
        assert dashboards.works_for(acme, Role.ANALYST).get(address).status_code == 403

    def test_offers_no_file_where_there_is_none(self, acme, submit):
        submission = submit(b"", text="Here it is")

        assert dashboards.works_for(acme).get(dashboards.page(submission, "download")).status_code == 403


def later(**time):
    return clock.moved_to(clock.wall() + timedelta(**time))
