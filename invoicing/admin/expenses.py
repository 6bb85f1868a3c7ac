"""The list of expenses: purchase documents do not exist yet, so it says that there are none."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

RIGHT = "invoicing.view_invoice"  # who may look at documents


def expenses_page(request: HttpRequest) -> HttpResponse:
    """The empty list, with the sync button and the progress of every list of documents."""
    if not request.user.has_perm(RIGHT):
        raise PermissionDenied
    context = {**admin.site.each_context(request), "title": _("Expenses")}
    return TemplateResponse(request, "admin/invoicing/expenses.html", context)
