"""The Loyalty API on one screen: `/api/loyalty/`, user tokens."""

from django.urls import path

from loyalty.api import audience, taps
from rewards.api import audience as rewards

urlpatterns = [
    path("config", audience.Config.as_view()),
    path("profile", audience.Profile.as_view()),
    path("notifications", audience.Notifications.as_view()),
    path("history", audience.History.as_view()),
    path("coupons/<uuid:coupon_id>", rewards.Coupon.as_view()),
    path("action", audience.Action.as_view()),
    path("taps", taps.Taps.as_view()),
]
