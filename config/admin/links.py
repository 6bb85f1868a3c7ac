"""Addresses of admin pages and links to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString


def change_url(obj: Model) -> str:
    """The page of a row; the class of `obj` decides which admin page that is, so pass the proxy."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def list_url(model: type[Model], **filters: Any) -> str:
    """The list of a model, filtered."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(filters)}" if filters else url


def link(url: str, words: str | Promise) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, words)


def faint(words: str | Promise) -> SafeString:
    """Words that say that there is nothing to see: "none yet"."""
    return format_html('<span class="bb-faint">{}</span>', words)


def next_url(request: HttpRequest, otherwise: str, *, wanted: str | None = None) -> str:
    """Where a form (or `wanted`) wants to return to, if that is a page of this site; else `otherwise`."""
    wanted = request.POST.get("next", "") if wanted is None else wanted
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and safe else otherwise
