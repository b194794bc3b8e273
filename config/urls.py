"""Every address of the site: the admin, signing in and out, and the Work Guide at the root."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Segue"
admin.site.index_title = "Administration"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("callbacks/", include("orchestration.urls")),
    path("", include("demo.urls")),  # one-click sign-in, in the demo alone
    path("", include("workguide.urls", namespace="workguide")),
]
