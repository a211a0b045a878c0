"""The Loyalty API on one screen: `/api/loyalty/`, user tokens."""

from django.urls import path

from loyalty.api import audience

urlpatterns = [
    path("action", audience.Action.as_view()),
]
