"""What recipients of gift cards open."""

from django.urls import path

from rewards import views

urlpatterns = [path("g/<str:token>", views.Gift.as_view(), name="gift")]
