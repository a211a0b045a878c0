"""The Advocates API and the Platform API on one screen: `/api/v1/`, secret keys."""

from django.urls import path

from advocates.api import batches, event_batches, feedback, sso, surveys, testimonials
from advocates.api import v1 as advocates
from loyalty.api import dry_run, programme, quests
from loyalty.api import v1 as loyalty
from referrals.api import v1 as referrals
from rewards.api import pools
from rewards.api import v1 as rewards
from webhooks.api import v1 as webhooks

urlpatterns = [  # tried in this order: what is called most comes first
    path("advocates/<uuid:advocate_id>/points", advocates.Points.as_view()),
    path("advocates/<uuid:advocate_id>/transactions", advocates.Transactions.as_view()),
    path("advocates", advocates.Advocates.as_view()),
    path("advocates/<uuid:advocate_id>", advocates.OneAdvocate.as_view()),
    path("advocates/<uuid:advocate_id>/transactions/<uuid:entry_id>/why", advocates.Why.as_view()),
    path("advocates/<uuid:advocate_id>/revoke-tokens", advocates.RevokeTokens.as_view()),
    path("advocates/<uuid:advocate_id>/merge", advocates.Merge.as_view()),
    path("advocates/<uuid:advocate_id>/export", advocates.Export.as_view()),
    path("me", loyalty.Me.as_view()),
    path("test-clock", loyalty.TestClock.as_view()),
    path("events", loyalty.Events.as_view()),
    path("programme", programme.Programme.as_view()),
    path("programme/versions", programme.Versions.as_view()),
    path("programme/versions/<int:number>/restore", programme.Restore.as_view()),
    path("batch/points", batches.Points.as_view()),
    path("batch/advocates", batches.Advocates.as_view()),
    path("batch/events", event_batches.Events.as_view()),
    path("batch/<uuid:batch_id>/undo", batches.Undo.as_view()),
    path("events/dry-run", dry_run.DryRun.as_view()),
    path("rewards", rewards.Rewards.as_view()),
    path("rewards/<uuid:reward_id>", rewards.OneReward.as_view()),
    path("rewards/<uuid:reward_id>/redeem", rewards.Redeem.as_view()),
    path("rewards/<str:coupon_code>/use", rewards.Use.as_view()),
    path("redemptions", rewards.Redemptions.as_view()),
    path("redemptions/<uuid:redemption_id>", rewards.OneRedemption.as_view()),
    path("redemptions/<uuid:redemption_id>/cancel", rewards.Cancel.as_view()),
    path("quests", quests.Quests.as_view()),
    path("quests/<uuid:quest_id>", quests.OneQuest.as_view()),
    path("quests/<uuid:quest_id>/complete", quests.Complete.as_view()),
    path("redemptions/<uuid:redemption_id>/fulfil", rewards.Fulfil.as_view()),
    path("redemptions/<uuid:redemption_id>/acknowledge", rewards.Acknowledge.as_view()),
    path("code-pools", pools.CodePools.as_view()),
    path("code-pools/<uuid:pool_id>", pools.OneCodePool.as_view()),
    path("code-pools/<uuid:pool_id>/codes", pools.PoolCodes.as_view()),
    path("code-pools/<uuid:pool_id>/generate", pools.GenerateCodes.as_view()),
    path("testimonials", testimonials.Testimonials.as_view()),
    path("testimonials/<uuid:testimonial_id>", testimonials.OneTestimonial.as_view()),
    path("feedback/boards", feedback.Boards.as_view()),
    path("feedback/boards/<uuid:board_id>/ideas", feedback.Ideas.as_view()),
    path("feedback/ideas/<uuid:idea_id>", feedback.OneIdea.as_view()),
    path("feedback/ideas/<uuid:idea_id>/vote", feedback.Vote.as_view()),
    path("surveys", surveys.Surveys.as_view()),
    path("surveys/<uuid:survey_id>/responses", surveys.Responses.as_view()),
    path("referrals", referrals.Referrals.as_view()),
    path("referrals/track", referrals.Track.as_view()),
    path("referrals/convert", referrals.Convert.as_view()),
    path("referrals/<str:code>/stats", referrals.Stats.as_view()),
    path("sso/recognize", sso.Recognize.as_view()),
    path("sso/mappings", sso.Mappings.as_view()),
    path("webhooks", webhooks.Endpoints.as_view()),
    path("webhooks/<uuid:endpoint_id>", webhooks.OneEndpoint.as_view()),
    path("webhooks/<uuid:endpoint_id>/test", webhooks.Test.as_view()),
    path("webhooks/<uuid:endpoint_id>/rotate", webhooks.Rotate.as_view()),
    path("webhooks/<uuid:endpoint_id>/replay", webhooks.Replay.as_view()),
    path("webhooks/<uuid:endpoint_id>/deliveries", webhooks.Deliveries.as_view()),
    path("webhooks/deliveries/<uuid:delivery_id>/retry", webhooks.Retry.as_view()),
]
