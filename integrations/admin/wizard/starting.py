"""The first steps: which situation, signing in, rights, administration with its lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Party
from invoicing.models import DocumentStatus, SalesDocument

from ... import services, tools
from ...base.errors import IntegrationError
from ...base.provider import Capability
from ...base.records import CatalogueKind
from ...base.signin import SignInKind
from ...messages.abilities import abilities_of
from ...messages.values import shown_purpose, shown_right, shown_sign_in_hint
from ...models import GrantStatus, Posting
from ...registry import get_tool
from ...services import wizard as saved
from ...services.suggesting import suggest_administration
from ..connection_forms import CredentialsForm
from ..leaving import to_tool
from .frame import Stay, Step, Wizard

PRODUCT = "Boekbrug"
SITUATIONS = ("tool-empty", "app-empty", "both")
_COUNT_BOUND = 10_000


def situation_words(tool: str) -> dict[str, dict[str, Any]]:
    """The three situations: a title, when it is this one, and what to do first."""
    here = PRODUCT
    names = {"tool": tool, "here": here}
    return {
        "tool-empty": {
            "title": _("%(tool)s is empty, or new") % names,
            "when": _("Your customers and invoices are here; the books have none of them yet.") % names,
            "list": [
                _("The accountant has made the journals, VAT codes and ledger accounts in %(tool)s.") % names,
                _("Choose the first day of the first period that is not booked yet as the start date."),
                _("Import nothing: your customers go there with their first invoice."),
            ],
        },
        "app-empty": {
            "title": _("%(here)s is empty, or new") % names,
            "when": _("The books have customers and invoices; here there is nothing yet."),
            "list": [
                _("Take over the customers of %(tool)s before you make the first invoice here.") % names,
                _("Let your numbering go on where the former program stopped."),
                _("Choose today as the start date, or the day of your first invoice here."),
            ],
        },
        "both": {
            "title": _("Both hold customers and invoices"),
            "when": _("You made invoices here and booked them in %(tool)s by hand or by a file.") % names,
            "list": [
                _("Fill in VAT numbers on both sides: by these, customers are recognised and not made twice."),
                _("Put right doubles on your side first, so that one customer is one relation there."),
                _("Choose a start date from which nothing of yours stands in %(tool)s yet.") % names,
                _("What stands there under your number is not booked again; you are asked about each."),
            ],
        },
    }


class Situation(Step):
    key = "situation"
    title = gettext_lazy("Situation")
    template = "admin/integrations/wizard/situation.html"

    def context(self, wizard: Wizard) -> dict[str, Any]:
        parties = Party.objects.filter(deleted_at=None).order_by()[:_COUNT_BOUND].count()
        documents = SalesDocument.objects.filter(entity=wizard.connection.entity_id, status=DocumentStatus.BOOKED)
        facts = wizard.progress.facts
        proposal = proposed_situation(parties, facts.get("relations"))
        words = situation_words(wizard.tool)
        chosen = facts.get("situation") or proposal
        tool = get_tool(wizard.connection.tool)
        return {
            "parties": parties,
            "documents": documents.order_by()[:_COUNT_BOUND].count(),
            "relations": facts.get("relations"),
            "more_relations": facts.get("more_relations"),
            "proposal": words[proposal]["title"] if proposal else "",
            "situations": [{"key": key, "chosen": key == chosen, **words[key]} for key in SITUATIONS],
            "abilities": abilities_of(tool),
            # Such a tool may be connected to the network itself, and what we file there does not tell it so.
            "may_receive_itself": Capability.PURCHASES_AS_FILES in tool.capabilities,
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        chosen = wizard.request.POST.get("situation", "")
        if chosen not in SITUATIONS:
            messages.error(wizard.request, _("Choose one of the three."))
            raise Stay
        saved.save_step(connection=wizard.connection, step=self.key, user=wizard.user, mark=mark, situation=chosen)


def proposed_situation(parties: int, relations: int | None) -> str:
    """The situation that the counts on both sides point to; empty while the tool's side is not known."""
    if parties == 0:
        return "app-empty"
    if relations is None:
        return ""
    return "both" if relations else "tool-empty"


class SignIn(Step):
    key = "sign-in"
    title = gettext_lazy("Sign in")
    template = "admin/integrations/wizard/sign_in.html"

    def is_done(self, wizard: Wizard) -> bool:
        grant = wizard.connection.grant
        return grant is not None and grant.status == GrantStatus.ACTIVE

    def context(self, wizard: Wizard) -> dict[str, Any]:
        tool = get_tool(wizard.connection.tool)
        site = next((site.label for site in tool.sites if site.code == wizard.connection.site), "")
        return {
            "site": _(site) if site else "",
            "rights": _rights(wizard),
            "hint": shown_sign_in_hint(tool.sign_in_hint),
            "signed_in": self.is_done(wizard),
            "registered": not tool.needs_registration or bool(tools.app(tool).client_id),
            "by_browser": tool.sign_in is SignInKind.OAUTH,
            "form": None if tool.sign_in is SignInKind.OAUTH else wizard.form or CredentialsForm(tool),
        }

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        if go != "sign-in":
            return None
        tool = get_tool(wizard.connection.tool)
        if tool.sign_in is SignInKind.OAUTH:
            return to_tool(wizard.request, wizard.connection)
        form = wizard.form = CredentialsForm(tool, wizard.request.POST)
        if not form.is_valid():
            raise Stay
        services.log_in(connection=wizard.connection, credentials=form.cleaned_data, user=wizard.user)
        messages.success(wizard.request, _("Signed in at %(tool)s.") % {"tool": wizard.tool})
        wizard.reload()
        after_sign_in(wizard.request, wizard)
        wizard.reload()
        return HttpResponseRedirect(wizard.url(wizard.first_open))

    def save(self, wizard: Wizard, mark: str) -> None:
        if not self.is_done(wizard):
            messages.warning(wizard.request, _("Sign in at %(tool)s first.") % {"tool": wizard.tool})
            raise Stay
        super().save(wizard, mark)


def _rights(wizard: Wizard) -> list[dict[str, Any]]:
    """The rights that the tool's package names, in the reader's words."""
    return [
        {
            "code": right.code,
            "words": shown_right(right.right),
            "purpose": shown_purpose(right.needed_for),
            "optional": right.optional,
        }
        for right in get_tool(wizard.connection.tool).rights
    ]


def after_sign_in(request: HttpRequest, wizard: Wizard) -> None:
    """Rights are those of the user who signed in: look at once which of them are missing."""
    saved.forget_steps(connection=wizard.connection, steps=[Access.key], access=None)
    try:
        saved.check_rights(connection=wizard.connection, user=wizard.user)
    except (services.ConnectError, IntegrationError) as error:
        wizard.say(error)


class Access(Step):
    key = "access"
    title = gettext_lazy("Access check")
    template = "admin/integrations/wizard/access.html"

    def is_done(self, wizard: Wizard) -> bool:
        """Checked without a gap, and for the administration that is chosen, if one is."""
        if self.key not in wizard.progress.steps:
            return False
        administration = wizard.connection.administration
        asked = (wizard.progress.facts.get("access") or {}).get("administration")
        return administration is None or administration.external_id == asked

    def context(self, wizard: Wizard) -> dict[str, Any]:
        found = wizard.progress.facts.get("access")
        if found is None:
            return {"checked_at": None, "rights": _rights(wizard)}
        gaps = {row["code"]: row for row in found["missing"]}
        rows = _rights(wizard)
        known = {row["code"] for row in rows}
        rows += [
            {"code": code, "words": shown_right(row["right"]), "purpose": "", "optional": row["optional"]}
            for code, row in gaps.items()
            if code not in known
        ]
        for row in rows:
            row["missing"] = row["code"] in gaps
        needed = [row for row in rows if row["missing"] and not row["optional"]]
        return {
            "checked_at": datetime.fromisoformat(found["at"]),
            "administration": found["name"],
            "rights": rows,
            "missing": needed,
            "missing_optional": [row for row in rows if row["missing"] and row["optional"]],
            "text": accountant_text(wizard, needed, found["name"]) if needed else "",
            "sign_in_url": wizard.page.url("sign_in", wizard.connection),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        # The check itself saves this step.
        if not self.is_done(wizard):
            messages.warning(wizard.request, _("First a check without a missing right is needed."))
            raise Stay

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        if go == "check":
            saved.check_rights(connection=wizard.connection, user=wizard.user)
        return None


def accountant_text(wizard: Wizard, missing: list[dict[str, Any]], administration: str) -> str:
    """What to send to whoever gives out rights in the tool, in the user's language."""
    user = wizard.user
    tool = get_tool(wizard.connection.tool)
    names = {
        "entity": wizard.connection.entity,
        "tool": wizard.tool,
        "here": PRODUCT,
        "user": user.email or user.get_username(),
        "administration": administration,
        "path": tool.where_rights_are_given,
    }
    several = len(missing) > 1
    parts = [
        _("Hello,"),
        _("We are connecting %(entity)s (%(tool)s) with our invoicing program %(here)s.") % names
        + "\n"
        + (
            _("The user with whom %(user)s signs in there still misses these rights:")
            if several
            else _("The user with whom %(user)s signs in there still misses one right:")
        )
        % names,
        "\n".join(f"- {row['words']}" for row in missing),
    ]
    if tool.where_rights_are_given:
        parts.append(
            _(
                "Could you add this under %(path)s, for the administration %(administration)s? Let me know when it is done."
            )
            % names
        )
    else:
        parts.append(
            _("Could you add this for the administration %(administration)s? Let me know when it is done.") % names
        )
    parts.append(user.get_full_name() or user.get_username())
    return "\n\n".join(parts)


LIST_WORDS = {
    CatalogueKind.JOURNALS: gettext_lazy("journals"),
    CatalogueKind.LEDGER_ACCOUNTS: gettext_lazy("ledger accounts"),
    CatalogueKind.VAT_CODES: gettext_lazy("VAT codes"),
    CatalogueKind.PAYMENT_TERMS: gettext_lazy("payment terms"),
    CatalogueKind.FISCAL_PERIODS: gettext_lazy("fiscal periods"),
    CatalogueKind.CURRENCIES: gettext_lazy("currencies"),
}
_RELATIONS = "relations"


class AdministrationStep(Step):
    key = "administration"
    title = gettext_lazy("Administration")
    template = "admin/integrations/wizard/administration.html"
    asks_tool = True

    def is_done(self, wizard: Wizard) -> bool:
        return wizard.connection.administration is not None and not _due(wizard)

    def context(self, wizard: Wizard) -> dict[str, Any]:
        connection = wizard.connection
        if connection.administration is not None and _due(wizard):
            return fetching(wizard)
        if wizard.failed:
            return {"failed": True}
        records = services.list_administrations(connection=connection)
        suggestion = suggest_administration(connection.entity, records)
        chosen = connection.administration.external_id if connection.administration is not None else suggestion.code
        if wizard.asks:
            chosen = wizard.asks["external_id"]
        return {
            "records": sorted(records, key=lambda record: (not record.is_open, record.name.casefold())),
            "chosen": chosen,
            "suggested": suggestion.code,
            "reason": suggestion.reason,
            "frozen": connection.administration is not None and Posting.objects.filter(connection=connection).exists(),
            "sign_in_url": wizard.page.url("sign_in", connection),
        }

    def save(self, wizard: Wizard, mark: str) -> None:
        wanted = wizard.request.POST.get("administration", "")
        if not wanted:
            messages.error(wizard.request, _("Choose an administration."))
            raise Stay
        try:
            wizard.connection = services.choose_administration(
                connection=wizard.connection,
                external_id=wanted,
                user=wizard.user,
                is_confirmed=wizard.request.POST.get("belongs") == wanted,
            )
        except services.NeedsConfirmation as asked:
            wizard.asks = {"doubts": asked.doubts, "name": asked.name, "external_id": wanted}
            raise Stay from None
        saved.save_step(connection=wizard.connection, step=self.key, user=wizard.user, mark=mark)
        saved.share_known_accounts(connection=wizard.connection)
        if (wizard.progress.facts.get("access") or {}).get("administration") != wanted:
            # Rights are given per administration.
            progress = saved.check_rights(connection=wizard.connection, user=wizard.user)
            if Access.key not in progress.steps:
                messages.warning(
                    wizard.request,
                    _("In %(name)s a right is missing.") % {"name": wizard.connection.administration},
                )

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        """Fetch the lists: one per request where a script asks for it, all of them without."""
        if go == "again":
            for kind in saved.lists_of(wizard.connection):
                saved.fetch_list(connection=wizard.connection, kind=kind)
            return None
        if go != "fetch" or wizard.connection.administration is None:
            return None
        moving = bool(wizard.request.headers.get("HX-Request"))
        try:
            for name in _due(wizard)[: 1 if moving else None]:
                if name == _RELATIONS:
                    saved.count_relations(connection=wizard.connection)
                else:
                    saved.fetch_list(connection=wizard.connection, kind=CatalogueKind(name))
        except (services.ConnectError, IntegrationError) as error:
            if not moving:
                raise
            wizard.say(error)
            # The page there waits for a person: asking again at once would go on for as long as the tool refuses.
            return _to(f"{wizard.url(self)}?halted=1")
        wizard.reload()
        if _due(wizard):
            context = {**fetching(wizard), "tool": wizard.tool, "step_url": wizard.url(self)}
            return render(wizard.request, "admin/integrations/wizard/fetching.html", context)
        following = wizard.url(wizard.first_open)
        return _to(following) if moving else HttpResponseRedirect(following)


def _to(url: str) -> HttpResponse:
    """Let the script that asked open another page."""
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = url
    return answer


def _due(wizard: Wizard) -> list[str]:
    """What of the administration was not read yet: lists, and the number of relations."""
    due = [kind.value for kind in saved.lists_due(wizard.connection)]
    return due if wizard.progress.facts.get("relations") is not None else [*due, _RELATIONS]


def fetching(wizard: Wizard) -> dict[str, Any]:
    """How far the reading of lists is."""
    due = _due(wizard)
    total = len(saved.lists_of(wizard.connection)) + 1
    first = due[0] if due else ""
    words = _("relations") if first == _RELATIONS else LIST_WORDS[CatalogueKind(first)] if first else ""
    return {
        "fetching": True,
        "halted": wizard.failed or "halted" in wizard.request.GET,
        "fetching_words": words,
        "fetched": total - len(due),
        "lists": total,
        "step_url": wizard.url("administration"),
    }
