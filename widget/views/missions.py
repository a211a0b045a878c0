"""The part of the hosted page that shows missions, tells of visits, takes proofs, and lets a person claim."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from advocates.api.missions import MAX_PROOF, NewProof
from loyalty.api import parsing
from loyalty.kernel.errors import DomainError
from loyalty.selectors import quests
from loyalty.services import actions, completions, proofs, wallets
from loyalty.services.reports import Report
from widget.selectors import missions
from widget.views.fragments import Fragment, render, respond


class Missions(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        wallets.settle_due(business=self.business, account_id=self.account_id)
        return self._list("missions", goals=missions.goals(business=self.business, account_id=self.account_id))


class Claim(Missions):
    """What is claimed is paid once: whoever asks again is shown that nothing waits."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, mission_id: UUID) -> HttpResponse:
        with suppress(completions.NothingToClaim):
            completions.claim(business=self.business, task_id=mission_id, account_id=self.account_id)
        return self.get(request)


class Visit(Missions):
    """Told when somebody follows the link of a step; of one that is done, nothing happens."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, mission_id: UUID) -> HttpResponse:
        whose: dict[str, Any] = {"business": self.business, "account_id": self.account_id}
        link = missions.step(**whose, mission_id=mission_id).link
        if link:
            visit = Report(account_id=self.account_id, name="social_visit", data={"url": link}, origin="client")
            actions.take(visit, business=self.business)
        return self.get(request)


class Proof(Fragment):
    """A form for what proves that a step is done; then what was written into it. What is wrong is answered as text."""

    def get(self, request: HttpRequest, mission_id: UUID) -> HttpResponse:
        whose: dict[str, Any] = {"business": self.business, "account_id": self.account_id}
        return respond(render("proof", step=missions.proving(**whose, mission_id=mission_id)))

    def post(self, request: HttpRequest, mission_id: UUID) -> HttpResponse:
        try:
            said = parsing.to_struct(parsing.read_json(request, limit=MAX_PROOF), NewProof)
            proofs.submit(
                business=self.business,
                quest_id=quests.task_named(business=self.business, task_id=mission_id).version.quest_id,
                task_id=mission_id,
                account_id=self.account_id,
                text=said.text,
                link=said.url,
                file=said.file,
            )
        except DomainError as error:
            return HttpResponse(error.message, status=error.code.status, content_type="text/plain; charset=utf-8")
        return respond(render("handed_in", status=201))
