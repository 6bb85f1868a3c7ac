"""Booked documents refuse changes through models and querysets; the database refuses the rest by triggers.

`_base_manager` and raw SQL go past this module and meet `invoicing.triggers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from ..errors import FrozenDocument
from ..freezing import MUTABLE_DOCUMENT_FIELDS, MUTABLE_LINE_FIELDS

T = TypeVar("T", bound=models.Model)
BOOKED = "booked"


def frozen_text(name: str) -> str:
    return _("%(document)s is booked and cannot be changed any more. Correct it with a credit note.") % {
        "document": name or _("This document")
    }


class DocumentGuard(models.QuerySet[T]):
    """Queryset of documents: bulk writes leave the final parts of booked ones alone, or are refused whole."""

    def _refuse_booked(self) -> None:
        number = self.order_by().filter(status=BOOKED).values_list("number", flat=True).first()
        if number is not None:
            raise FrozenDocument(frozen_text(number))

    def update(self, **kwargs: Any) -> int:
        if not set(kwargs) <= MUTABLE_DOCUMENT_FIELDS:
            self._refuse_booked()
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_booked()
        return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[T], *args: Any, **kwargs: Any) -> list[T]:
        rows = list(objs)
        if kwargs.get("update_conflicts") or any(getattr(row, "status", "") == BOOKED for row in rows):
            raise FrozenDocument(_("Documents become booked by booking a draft, one number after the other."))
        return super().bulk_create(rows, *args, **kwargs)


class PartGuard(models.QuerySet[T]):
    """Queryset of rows that belong to a document: those of booked documents cannot be written."""

    mutable: ClassVar[frozenset[str]] = frozenset()
    # Files are made after booking too; adding one changes nothing that stands.
    may_be_added: ClassVar[bool] = False

    def _refuse_booked(self) -> None:
        rows = self.order_by().filter(document__status=BOOKED)
        number = rows.values_list("document__number", flat=True).first()
        if number is not None:
            raise FrozenDocument(frozen_text(number))

    def update(self, **kwargs: Any) -> int:
        if not set(kwargs) <= self.mutable:
            self._refuse_booked()
            target = kwargs.get("document", kwargs.get("document_id"))
            if target is not None:
                refuse_booked_documents(self.model, [getattr(target, "pk", target)])
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_booked()
        return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[T], *args: Any, **kwargs: Any) -> list[T]:
        rows = list(objs)
        if kwargs.get("update_conflicts"):
            raise FrozenDocument(_("Parts of documents are added or changed, never both at once."))
        if not self.may_be_added:
            refuse_booked_documents(self.model, {row.document_id for row in rows})  # type: ignore[attr-defined]
        return super().bulk_create(rows, *args, **kwargs)


class LineGuard(PartGuard[T]):
    mutable = MUTABLE_LINE_FIELDS


class FileGuard(PartGuard[T]):
    may_be_added = True


class FrozenPart(models.Model):
    """A row of a document: saved and deleted only while the document is a draft."""

    mutable: ClassVar[frozenset[str]] = frozenset()
    may_be_added: ClassVar[bool] = False

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._is_refused(kwargs.get("update_fields")):
            raise FrozenDocument(frozen_text(self._stored_number()))
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Say it as a form error where a form is the way."""
        super().clean()
        if self._is_refused(None):
            raise ValidationError(frozen_text(""), code="frozen")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        number = self._stored_number()
        if number:
            raise FrozenDocument(frozen_text(number))
        return super().delete(*args, **kwargs)

    def _is_refused(self, update_fields: Iterable[str] | None) -> bool:
        if update_fields is not None and set(update_fields) <= self.mutable:
            return False
        if self._state.adding and self.may_be_added:
            return False
        return bool(self._stored_number())

    def _stored_number(self) -> str:
        """The number of the booked document that this row belongs to, in the database or by its new key."""
        ids = {self.document_id}  # type: ignore[attr-defined]
        if self.pk is not None and not self._state.adding:
            rows: models.Manager[Any] = type(self)._base_manager
            ids |= set(rows.filter(pk=self.pk).values_list("document_id", flat=True))
        return _number_of_booked(type(self), ids)


def refuse_booked_documents(model: type[models.Model], document_ids: Iterable[int | None]) -> None:
    """Raise FrozenDocument when one of the documents that rows of `model` belong to is booked."""
    number = _number_of_booked(model, document_ids)
    if number:
        raise FrozenDocument(frozen_text(number))


def _number_of_booked(model: type[models.Model], document_ids: Iterable[int | None]) -> str:
    documents = cast(type[models.Model], model._meta.get_field("document").related_model)
    ids = [pk for pk in document_ids if pk is not None]
    booked = documents._base_manager.filter(pk__in=ids, status=BOOKED)
    return booked.values_list("number", flat=True).first() or ""
