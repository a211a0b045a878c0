"""What an integration key may ask about people, by the merchant's own id."""

from advocates.api.examples import RECOGNIZED
from advocates.services import advocates
from loyalty.api.views import Call, IntegrationView, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.services import tokens


class TokenShape(Shape):
    example = {"token": RECOGNIZED["sessionToken"]}

    token: str


class UserToken(IntegrationView):
    @operation(
        "Issue a user token",
        answer=TokenShape,
        tags=("users",),
        errors=(Code.CONFLICT,),
        description="Lets your own app call the Loyalty API, for 24 hours. An unknown user joins.",
    )
    def get(self, call: Call[None, None], external_id: str) -> TokenShape:
        advocate = advocates.find_or_create_by_external_id(business=call.business, external_id=external_id)
        return TokenShape(token=tokens.issue(business=call.business, account_id=advocate.pk, scope="user"))
