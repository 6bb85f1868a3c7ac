"""Booked documents are final: through models, querysets, services, forms and plain SQL, on both databases."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.forms import modelform_factory, modelformset_factory
from django.utils import timezone

from crm.models import Party
from invoicing import services, triggers
from invoicing.errors import FrozenDocument
from invoicing.freezing import MUTABLE_DOCUMENT_FIELDS, MUTABLE_LINE_FIELDS
from invoicing.models import (
    CompanyEntity,
    DocumentDiscount,
    DocumentFile,
    FiscalYear,
    Invoice,
    LedgerAccount,
    PaymentTerm,
    SalesDocument,
    SalesLine,
    SalesVatTotal,
    VatRateVersion,
)
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
D = Decimal


@pytest.fixture
def booked():
    document = f.booked_invoice(lines=[f.line("100"), f.line("50", code="6")], discounts=["10"])
    DocumentFile.objects.create(document=document, name="2026-0001.pdf", content=b"%PDF-1.7")
    return document


@pytest.fixture
def draft(booked):
    return f.draft_invoice(entity=booked.entity, party=booked.party, discounts=["5"])


def rows(document):
    """Everything the database holds about a document."""
    return {
        model.__name__: list(model.objects.filter(**{key: document.pk}).order_by("pk").values())
        for model, key in (
            (SalesDocument, "pk"),
            (SalesLine, "document"),
            (DocumentDiscount, "document"),
            (SalesVatTotal, "document"),
            (DocumentFile, "document"),
        )
    }


def other_value(field, row):
    """A value that the field could hold and does not."""
    now = getattr(row, field.attname)
    match field:
        case models.ForeignKey():
            model = field.related_model
            if model is SalesDocument:
                return f.draft_invoice(entity=f.EntityFactory()).pk
            if model is CompanyEntity:
                return f.EntityFactory().pk
            if model is Party:
                return f.PartyFactory().pk
            if model is FiscalYear:
                return row.entity.fiscal_years.exclude(pk=now).first().pk
            if model is PaymentTerm:
                return f.PaymentTermFactory(code="other").pk
            if model is LedgerAccount:
                return f.LedgerAccountFactory(entity=row.document.entity, code="701000").pk
            assert model is VatRateVersion
            return f.vat_rate("12").pk
        case models.DateTimeField():
            return (now or timezone.now()) + timedelta(days=1)
        case models.DateField():
            return (now or date(2026, 1, 1)) + timedelta(days=1)
        case models.DecimalField():
            return (now or D(0)) + 1
        case models.PositiveIntegerField() | models.PositiveSmallIntegerField():
            return (now or 0) + 1
        case models.JSONField():
            return {**now, "name": "Someone else"}
        case models.BinaryField():
            return b"%PDF-1.4"
    choices = [value for value, _ in field.flatchoices if value != now]
    return choices[0] if choices else "x" if now != "x" else "y"


def fields(model, mutable=frozenset(), only_mutable=False):
    return [
        pytest.param(field.name, id=f"{model.__name__}.{field.name}")
        for field in model._meta.concrete_fields
        if not field.primary_key and (field.name in mutable) is only_mutable
    ]


FROZEN = [
    *((SalesDocument, p) for p in fields(SalesDocument, MUTABLE_DOCUMENT_FIELDS)),
    *((SalesLine, p) for p in fields(SalesLine, MUTABLE_LINE_FIELDS)),
    *((DocumentDiscount, p) for p in fields(DocumentDiscount)),
    *((SalesVatTotal, p) for p in fields(SalesVatTotal)),
    *((DocumentFile, p) for p in fields(DocumentFile)),
]
FROZEN = [pytest.param(model, p.values[0], id=p.id) for model, p in FROZEN]
PARTS = [SalesLine, DocumentDiscount, SalesVatTotal, DocumentFile]


def row_of(model, document):
    return (
        SalesDocument.objects.get(pk=document.pk)
        if model is SalesDocument
        else model.objects.filter(document=document)[0]
    )


@pytest.mark.parametrize(("model", "name"), FROZEN)
def test_no_way_changes_a_final_column(booked, model, name):
    row = row_of(model, booked)
    field = model._meta.get_field(name)
    value = other_value(field, row)
    before = rows(booked)
    chosen = model.objects.filter(pk=row.pk)

    setattr(row, field.attname, value)
    with pytest.raises(FrozenDocument, match="2026/0001 is booked"):
        row.save()
    with pytest.raises(FrozenDocument):
        row.save(update_fields=[name])
    with pytest.raises(FrozenDocument):
        chosen.update(**{field.attname: value})
    with pytest.raises(FrozenDocument), transaction.atomic():
        model.objects.bulk_update([row], [name])
    with pytest.raises(IntegrityError), transaction.atomic():
        # Past our querysets, as another program would.
        models.QuerySet(model).filter(pk=row.pk).update(**{field.attname: value})
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Model.save_base(row)
    assert rows(booked) == before


@pytest.mark.parametrize(
    "name", [p.values[0] for p in fields(SalesDocument, MUTABLE_DOCUMENT_FIELDS, only_mutable=True)]
)
def test_what_services_may_change_passes_the_triggers(booked, name):
    field = SalesDocument._meta.get_field(name)
    value = other_value(field, booked)
    assert models.QuerySet(SalesDocument).filter(pk=booked.pk).update(**{field.attname: value}) == 1
    booked.refresh_from_db()
    assert getattr(booked, field.attname) == value


def test_the_account_of_a_line_passes_the_triggers(booked):
    line = booked.lines.first()
    line.ledger_account = f.LedgerAccountFactory(entity=booked.entity)
    line.save(update_fields=["ledger_account"])
    line.refresh_from_db()
    assert line.ledger_account.code == "700000"
    line.description = "Changed too"
    with pytest.raises(FrozenDocument):
        line.save(update_fields=["ledger_account", "description"])


@pytest.mark.parametrize("model", [SalesDocument, Invoice])
def test_a_booked_document_is_not_deleted(booked, draft, model):
    before = rows(booked)
    with pytest.raises(FrozenDocument, match="2026/0001"):
        model.objects.get(pk=booked.pk).delete()
    with pytest.raises(FrozenDocument):
        model.objects.all().delete()
    with pytest.raises(FrozenDocument):
        services.delete_draft(document=booked, by=None)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM invoicing_salesdocument")
    assert rows(booked) == before
    assert SalesDocument.objects.count() == 2


@pytest.mark.parametrize("model", PARTS)
def test_no_part_is_deleted(booked, model):
    before = rows(booked)
    with pytest.raises(FrozenDocument):
        row_of(model, booked).delete()
    with pytest.raises(FrozenDocument):
        model.objects.filter(document=booked).delete()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")
    assert rows(booked) == before


@pytest.mark.parametrize("model", [SalesLine, DocumentDiscount, SalesVatTotal])
def test_no_part_is_added_or_moved_in(booked, draft, model):
    before = rows(booked)
    row = row_of(model, draft)
    with pytest.raises(FrozenDocument):
        model.objects.filter(pk=row.pk).update(document=booked)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(model).filter(pk=row.pk).update(document=booked)

    row.document = booked
    with pytest.raises(FrozenDocument):
        row.save()
    row.pk = None
    row._state.adding = True
    if model is SalesVatTotal:
        row.vat_rate = f.vat_rate("12")
    with pytest.raises(FrozenDocument):
        row.save()
    with pytest.raises(FrozenDocument):
        model.objects.bulk_create([row])
    with pytest.raises(FrozenDocument):
        model.objects.bulk_create([row], update_conflicts=True, unique_fields=["pk"], update_fields=["document"])
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(model).bulk_create([row])
    assert rows(booked) == before


def test_a_part_is_not_moved_out(booked, draft):
    line = booked.lines.first()
    line.document = draft
    with pytest.raises(FrozenDocument):
        line.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(SalesLine).filter(pk=line.pk).update(document=draft)


def test_a_file_may_be_added_after_booking_and_is_final_then(booked):
    added = DocumentFile.objects.create(
        document=booked, name="extra.xml", media_type="application/xml", content=b"<a/>"
    )
    DocumentFile.objects.bulk_create([DocumentFile(document=booked, name="more.xml", content=b"<b/>")])
    added.content = b"<c/>"
    with pytest.raises(FrozenDocument):
        added.save()
    with pytest.raises(FrozenDocument):
        added.delete()
    assert booked.files.count() == 3


def test_services_refuse_booked_documents(booked):
    before = rows(booked)
    with pytest.raises(FrozenDocument):
        services.save_lines(document=booked, lines=[f.line("1")])
    with pytest.raises(FrozenDocument):
        services.recalculate(document=booked)
    assert rows(booked) == before


def test_a_document_becomes_booked_by_booking_only(draft):
    draft.status, draft.number, draft.sequence = "booked", "2026/0002", 2
    draft.fiscal_year = draft.entity.fiscal_years.get(label="2026")
    with pytest.raises(FrozenDocument):
        draft.save()
    with pytest.raises(FrozenDocument):
        SalesDocument.objects.bulk_create([draft])
    assert SalesDocument.objects.booked().count() == 1


def test_a_stale_draft_cannot_undo_booking(draft):
    stale = SalesDocument.objects.get(pk=draft.pk)
    services.book(document=draft, by=None)
    before = rows(draft)
    with pytest.raises(FrozenDocument):
        stale.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        stale.save_base()
    stale_line = SalesLine.objects.filter(document=draft)[0]
    stale_line.document = stale
    stale_line.quantity = D(9)
    with pytest.raises(FrozenDocument):
        stale_line.save()
    assert rows(draft) == before


def test_forms_say_it_as_an_error(booked):
    before = rows(booked)
    form_class = modelform_factory(Invoice, fields=["note"])
    form = form_class({"note": "Changed"}, instance=Invoice.objects.get(pk=booked.pk))
    assert not form.is_valid()
    assert form.errors["__all__"] == [
        "2026/0001 is booked and cannot be changed any more. Correct it with a credit note."
    ]

    formset_class = modelformset_factory(SalesLine, fields=["description"], extra=0)
    data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2"}
    for n, line in enumerate(booked.lines.all()):
        data |= {f"form-{n}-id": str(line.pk), f"form-{n}-description": "Changed"}
    formset = formset_class(data, queryset=booked.lines.all())
    assert not formset.is_valid()
    with pytest.raises(ValidationError):
        booked.full_clean()
    assert rows(booked) == before


def test_drafts_are_free(draft):
    draft.note = "Changed"
    draft.full_clean()
    draft.save()
    draft.lines.update(description="Changed")
    draft.lines.all().delete()
    draft.discounts.all().delete()
    SalesDocument.objects.drafts().filter(pk=draft.pk).update(customer_reference="PO 1")
    services.recalculate(document=draft)
    assert SalesDocument.objects.get(pk=draft.pk).total == 0
    draft.delete()


def test_a_used_percentage_is_final_and_its_period_is_not(booked):
    version = f.vat_rate("21")
    version.percentage = D(20)
    with pytest.raises(FrozenDocument):
        version.save()
    with pytest.raises(ValidationError):
        version.full_clean()
    with pytest.raises(FrozenDocument):
        VatRateVersion.objects.filter(pk=version.pk).update(percentage=D(20))
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(VatRateVersion).filter(pk=version.pk).update(percentage=D(20))
    version.refresh_from_db()
    assert version.percentage == D(21)
    version.valid_to = date(2026, 12, 31)
    version.full_clean()
    version.save()
    unused = f.vat_rate("12")
    unused.percentage = D(13)
    unused.save()


def test_the_parties_own_changes_leave_the_document_alone(booked):
    before = rows(booked)
    party, entity = booked.party, booked.entity
    Party.objects.filter(pk=party.pk).update(name="New name", vat_number="", city="Gent")
    CompanyEntity.objects.filter(pk=entity.pk).update(name="New name", iban="")
    assert rows(booked) == before


# --- the triggers themselves -------------------------------------------------------------------------------------


def test_all_triggers_are_there_and_a_check_misses_a_lifted_one():
    from invoicing.apps import check_triggers

    assert triggers.missing(connection) == set()
    assert check_triggers(None, databases=["default"]) == []
    with triggers.lifted(connection):
        lacking = triggers.missing(connection)
        assert len(lacking) == 14
        warning = check_triggers(None, databases=["default"])[0]
        assert (warning.id, "invoicing_document_update" in warning.msg) == ("invoicing.W001", True)
    assert triggers.missing(connection) == set()


@pytest.mark.django_db(transaction=True)
def test_migrate_lifts_and_sets_the_triggers(booked):
    triggers.remove(connection)
    call_command("migrate", verbosity=0)
    assert triggers.missing(connection) == set()
    with pytest.raises(IntegrityError):
        models.QuerySet(SalesDocument).update(note="Changed")


@pytest.mark.django_db(transaction=True)
def test_a_dump_with_booked_documents_can_be_loaded(booked, tmp_path):
    # A JSON dump keeps moments to the millisecond.
    moments = {"booked_at", "created_at", "updated_at", "added_at"}

    def without_moments():
        return {
            model: [{k: v for k, v in row.items() if k not in moments} for row in found]
            for model, found in rows(booked).items()
        }

    before = without_moments()
    dump = tmp_path / "all.json"
    call_command("dumpdata", "crm", "invoicing", output=str(dump), verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    assert SalesDocument.objects.count() == 0
    call_command("loaddata", str(dump), verbosity=0)
    assert without_moments() == before
    assert triggers.missing(connection) == set()
