"""The parts of the hosted page with more ways to earn: what there is to tap, and friends to bring."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from loyalty.api.paging import page_by_cursor
from referrals.services import codes
from widget.selectors import invitations, taps
from widget.views.fragments import Fragment, page_query


class Tap(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._list("tap", games=taps.games(business=self.business, account_id=self.account_id))


class Referrals(Fragment):
    """Who opens it for the first time gets a code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        promise = invitations.promise(self.business)
        link = None
        if promise.is_open:
            code = codes.default(business=self.business, advocate_id=self.account_id)
            link = invitations.link(code, shop=self.business.name)
        whose: dict[str, Any] = {"business": self.business, "account_id": self.account_id}
        page = page_by_cursor(invitations.brought(**whose), page_query(request), business=self.business)
        return self._list(
            "referrals",
            promise=promise,
            link=link,
            tally=invitations.tally(**whose),
            friends=invitations.friends(page.items, **whose),
            cursor=page.next_cursor,
        )
