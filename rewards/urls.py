"""What recipients of gift cards open, and what those who carry messages tell us."""

from django.urls import path

from rewards import views
from rewards.api import notices

urlpatterns = [
    path("g/<str:token>", views.Gift.as_view(), name="gift"),
    path("notices/mail/<slug:service>", notices.mail),
    path("notices/sms/<str:key>", notices.text),
]
