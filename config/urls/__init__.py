"""Every address that Laurel answers: one module per surface."""

from django.contrib import admin
from django.urls import include, path

from config import health, metrics
from config.urls import giftcards, integration, loyalty, sign_in, v1
from loyalty.api import docs, jwks
from referrals import urls as referrals
from rewards import urls as rewards
from widget import urls as widget

urlpatterns = [  # tried in this order: what is called most comes first
    path("api/v1/", include(v1)),
    path("api/loyalty/", include(loyalty)),
    path("api/", include(integration)),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", metrics.show),
    path("v1/", include(giftcards)),
    path("api/schema/", docs.Schema.as_view()),
    path("api/docs/", docs.Docs.as_view()),
    path(".well-known/jwks.json", jwks.KeySet.as_view()),
    path("admin/", include(sign_in)),
    path("admin/", admin.site.urls),
    path("", include(rewards)),
    path("", include(referrals)),
    path("", include(widget)),
]
