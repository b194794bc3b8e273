"""The addresses that only the demo has."""

from django.conf import settings
from django.urls import path

from demo.views import demo_login

urlpatterns = [path("accounts/demo-login/", demo_login, name="demo_login")] if settings.DEMO else []
