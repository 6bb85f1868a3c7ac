"""Many files at once onto the list: dropped, or chosen in a plain file field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import badges
from config.admin.links import change_url, link
from config.admin.places import document_url

from ..models import CompanyEntity
from ..services import purchases
from .booking import person

if TYPE_CHECKING:
    from .expenses import ExpenseAdmin

ADD = "invoicing.add_purchasedocument"
MANY_AT_ONCE = 50
_TOLD = 12  # refusals that are told one by one


def panel(page: ExpenseAdmin, request: HttpRequest) -> dict[str, Any]:
    """What the list needs to take files."""
    if not request.user.has_perm(ADD):
        return {}
    entities = list(CompanyEntity.objects.all()[:200])
    return {
        "upload_url": page.url("upload"),
        "upload_entities": entities if len(entities) > 1 else [],
        "upload_megabytes": purchases.largest() // (1024 * 1024),
    }


def upload_view(page: ExpenseAdmin, request: HttpRequest) -> HttpResponse:
    """Take in the files that were sent, each by itself, and say what became of each."""
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    files = request.FILES.getlist("files")
    back = HttpResponseRedirect(page.url("changelist"))
    if not files:
        messages.warning(request, _("Choose one or more files first."))
        return back
    if len(files) > MANY_AT_ONCE:
        messages.error(request, _("Send at most %(number)d files at once.") % {"number": MANY_AT_ONCE})
        return back
    key = request.POST.get("entity", "")
    entity = CompanyEntity.objects.filter(pk=key).first() if key.isdigit() and len(key) < 18 else None
    outcomes = [(str(file.name), _receive(request, file, entity)) for file in files]
    _tell(request, outcomes)
    badges.forget()
    stored = [found.document for _name, found in outcomes if found.answer is purchases.Answer.STORED]
    if len(outcomes) == 1 and stored and stored[0] is not None:
        return HttpResponseRedirect(change_url(stored[0]))
    return back


def _receive(request: HttpRequest, file: UploadedFile, entity: CompanyEntity | None) -> purchases.Received:
    size = file.size or 0
    if size > purchases.largest():
        text = _("The file is larger than %(size)d MB.") % {"size": purchases.largest() // (1024 * 1024)}
        return purchases.Received(answer=purchases.Answer.REFUSED, code="too-large", text=text)
    delivery = purchases.Delivery(name=str(file.name), by=person(request), entity=entity)
    return purchases.take_in(data=file.read(), delivery=delivery)


def _place(found: purchases.Received) -> SafeString | str:
    """A link to the document that was stored, or that was answered."""
    document = found.document or found.sale
    return link(document_url(document), _("Look at it")) if document is not None else ""


def _tell(request: HttpRequest, outcomes: list[tuple[str, purchases.Received]]) -> None:
    taken = [found for _name, found in outcomes if found.answer is purchases.Answer.STORED]
    for found in [found for found in taken if found.code == "response"][:_TOLD]:
        messages.success(request, format_html("{} {}", found.text, _place(found)))
    stored = [found.document for found in taken if found.code != "response"]
    kept = [document for document in stored if document is not None and document.quarantine]
    fine = len(stored) - len(kept)
    if fine:
        words = ngettext("%(n)d document received.", "%(n)d documents received.", fine)
        messages.success(request, words % {"n": fine})
    for document in kept[:_TOLD]:
        words = _("In quarantine: %(reason)s.") % {"reason": document.get_quarantine_display().lower()}
        messages.warning(request, format_html("{}: {}", link(change_url(document), str(document)), words))
    others = [(name, found) for name, found in outcomes if found.answer is not purchases.Answer.STORED]
    for name, found in others[:_TOLD]:
        say = messages.info if found.answer is purchases.Answer.KNOWN else messages.error
        say(request, format_html("{}: {} {}", name[:80], found.text, _place(found)))
    if len(others) > _TOLD:
        rest = len(others) - _TOLD
        words = ngettext("%(n)d more file was not taken in.", "%(n)d more files were not taken in.", rest)
        messages.error(request, words % {"n": rest})
