"""Addresses of the site: the admin is the site. `/healthz` and `/readyz` are answered before (config/health.py)."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from invoicing.endpoint import incoming

urlpatterns = [
    path("peppol/incoming/", incoming, name="peppol_incoming"),
    path(
        "expenses/", RedirectView.as_view(pattern_name="admin:invoicing_purchasedocument_changelist"), name="expenses"
    ),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", admin.site.urls),
]
