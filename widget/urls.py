"""What people open in a browser: the front page, the loader, a business's hosted page and its parts."""

from django.urls import path

from widget.views import earning, fragments, front, guides, hosted, loader, missions

urlpatterns = [
    path("", front.Landing.as_view()),
    path("guides/<path:name>", guides.Guide.as_view(), name="guide"),
    path("widget/loader.js", loader.Loader.as_view()),
    path("w/<slug:slug>", hosted.Page.as_view()),
    path("w/<slug:slug>/opened", fragments.Opening.as_view()),
    path("w/<slug:slug>/home", fragments.Home.as_view()),
    path("w/<slug:slug>/missions", missions.Missions.as_view()),
    path("w/<slug:slug>/missions/<uuid:mission_id>/claim", missions.Claim.as_view()),
    path("w/<slug:slug>/missions/<uuid:mission_id>/visit", missions.Visit.as_view()),
    path("w/<slug:slug>/missions/<uuid:mission_id>/proof", missions.Proof.as_view()),
    path("w/<slug:slug>/referrals", earning.Referrals.as_view()),
    path("w/<slug:slug>/tap", earning.Tap.as_view()),
    path("w/<slug:slug>/rewards", fragments.Rewards.as_view()),
    path("w/<slug:slug>/rewards/<uuid:reward_id>", fragments.Choice.as_view()),
    path("w/<slug:slug>/coupons", fragments.Coupons.as_view()),
    path("w/<slug:slug>/history", fragments.History.as_view()),
]
