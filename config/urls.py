"""Addresses of the site: the admin is the site. `/healthz` and `/readyz` are answered before (config/health.py)."""

from django.contrib import admin
from django.urls import include, path

from invoicing.admin.expenses import expenses_page

urlpatterns = [
    path("expenses/", admin.site.admin_view(expenses_page), name="expenses"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", admin.site.urls),
]
