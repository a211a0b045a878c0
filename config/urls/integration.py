"""The Integration API on one screen: below `/api/`, integration keys from listed addresses."""

from django.urls import include, path

from advocates.api import integration as advocates
from advocates.api import missions, segments, user_events, users
from loyalty.api import revenue
from rewards.api import integration as rewards
from widget.api import integration as widget

user = [
    path("<str:external_id>", users.User.as_view()),
    path("<str:external_id>/token", advocates.UserToken.as_view()),
    path("<str:external_id>/widget", widget.WidgetUrl.as_view()),
    path("<str:external_id>/missions", missions.Missions.as_view()),
    path("<str:external_id>/missions/<uuid:mission_id>/claim", missions.Claim.as_view()),
    path("<str:external_id>/missions/<uuid:mission_id>/proof", missions.Proof.as_view()),
    path("<str:external_id>/quests", missions.Quests.as_view()),
    path("<str:external_id>/rewards", rewards.Rewards.as_view()),
    path("<str:external_id>/rewards/<uuid:reward_id>/redeem", rewards.Redeem.as_view()),
    path("<str:external_id>/balance", users.Balance.as_view()),
    path("<str:external_id>/history", users.History.as_view()),
]

urlpatterns = [
    path("v1/event", user_events.Event.as_view()),
    path("v1/event/batch", user_events.Batch.as_view()),
    path("v1/revenue", revenue.Revenue.as_view()),
    path("v1/segment/users/", segments.SegmentUsers.as_view()),
    path("v1/integration/user/", include(user)),
    path("v2/integration/user/<str:external_id>/rewards/redeem", rewards.RedeemNamed.as_view()),
]
