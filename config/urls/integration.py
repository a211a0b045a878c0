"""The Integration API on one screen: `/api/v1/integration/`, integration keys from listed addresses."""

from django.urls import path

from advocates.api import integration as advocates
from advocates.api import missions
from widget.api import integration as widget

urlpatterns = [
    path("user/<str:external_id>/token", advocates.UserToken.as_view()),
    path("user/<str:external_id>/missions", missions.Missions.as_view()),
    path("user/<str:external_id>/missions/<uuid:mission_id>/claim", missions.Claim.as_view()),
    path("user/<str:external_id>/missions/<uuid:mission_id>/proof", missions.Proof.as_view()),
    path("user/<str:external_id>/widget", widget.WidgetUrl.as_view()),
]
