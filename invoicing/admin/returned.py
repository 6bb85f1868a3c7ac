"""A form of an expense that could not be done as a whole: its page shows once more what was typed, under its own address.

Shown by the answer to the form itself, the page would stand under an address that only forms are sent to: reloading it
would send the form again, and changing the language or coming back would find nothing.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect, QueryDict

from config.admin.links import change_url

from ..models import PurchaseDocument

_KEY = "returned_expense"


def send_back(
    request: HttpRequest, document: PurchaseDocument, place: str = "", fields: QueryDict | None = None
) -> HttpResponseRedirect:
    """To the page of the document, which finds what was typed. `place`: where on it, "#lines"; `fields`: only these."""
    fields = request.POST.copy() if fields is None else fields
    fields.pop("csrfmiddlewaretoken", None)
    request.session[_KEY] = [document.pk, fields.urlencode()]
    return HttpResponseRedirect(change_url(document) + place)


def typed_before(request: HttpRequest, document: PurchaseDocument) -> QueryDict:
    """What was sent back for this document, once; empty without any."""
    pk, text = request.session.pop(_KEY, (0, ""))
    return QueryDict(text if pk == document.pk else "")
