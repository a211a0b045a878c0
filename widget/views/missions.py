"""The part of the hosted page that shows missions, and lets a person claim what they have earned."""

from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from loyalty.services import completions
from widget.selectors import missions
from widget.views.fragments import Fragment


class Missions(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._list("missions", goals=missions.goals(business=self.business, account_id=self.account_id))


class Claim(Missions):
    """What is claimed is paid once: whoever asks again is shown that nothing waits."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, mission_id: UUID) -> HttpResponse:
        with suppress(completions.NothingToClaim):
            completions.claim(business=self.business, task_id=mission_id, account_id=self.account_id)
        return self.get(request)
