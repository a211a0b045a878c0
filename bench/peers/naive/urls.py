from django.urls import path

from bench.peers.naive.api import Points

urlpatterns = [path("advocates/<uuid:account_id>/points", Points.as_view())]
