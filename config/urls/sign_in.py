"""Ways to a password, before signing in: `/admin/`."""

from django.urls import path

from config import sign_in

urlpatterns = [
    path("forgotten/", sign_in.Forgotten.as_view(), name="admin_password_reset"),
    path("password/<uidb64>/<token>/", sign_in.ChoosePassword.as_view(), name="choose_password"),
]
