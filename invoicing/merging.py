"""What a merge of parties does with documents: they point to the party that stays, and say what they said."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy

from crm.merging import Keys, register
from crm.models import Party

from .services import move_documents


class _Documents(Keys):
    def change(self, keys: list[int], before: Party, after: Party, by: AbstractBaseUser | None) -> int:
        return move_documents(document_ids=keys, before=before, after=after, by=by)


def register_relations() -> None:
    """Called when the app is ready."""
    register(
        _Documents(
            "invoicing.SalesDocument.party",
            label=gettext_lazy("Invoices and credit notes"),
            text=gettext_lazy("booked ones keep the name and address they were booked with"),
        ),
        Keys("invoicing.PurchaseDocument.supplier", label=gettext_lazy("Expenses")),
    )
