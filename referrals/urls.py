"""What friends open in a browser: the short link."""

from django.urls import path

from referrals import views

urlpatterns = [path("r/<str:name>", views.Link.as_view())]
