"""The Integration API on one screen: below `/api/`, integration keys from listed addresses."""

from django.urls import include, path

from advocates.api import integration as advocates
from advocates.api import missions, user_events
from widget.api import integration as widget

users = [
    path("<str:external_id>/token", advocates.UserToken.as_view()),
    path("<str:external_id>/widget", widget.WidgetUrl.as_view()),
    path("<str:external_id>/missions", missions.Missions.as_view()),
    path("<str:external_id>/missions/<uuid:mission_id>/claim", missions.Claim.as_view()),
    path("<str:external_id>/missions/<uuid:mission_id>/proof", missions.Proof.as_view()),
]

urlpatterns = [
    path("v1/event", user_events.Event.as_view()),
    path("v1/event/batch", user_events.Batch.as_view()),
    path("v1/integration/user/", include(users)),
]
