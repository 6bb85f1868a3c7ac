"""The demo's data come into the database through the services, to the cent, and once."""

from collections import Counter
from decimal import Decimal

import pypdfium2
import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Sum

from config.demo import expenses, loader, parties, plan
from config.demo.users import PEOPLE, load_users
from crm.models import Company, CompanyContact, Contact, Party
from invoicing.models import (
    CompanyEntity,
    CreditNote,
    FiscalYear,
    Invoice,
    LedgerAccount,
    PaymentTerm,
    PurchaseDocument,
    SalesDocument,
    SalesLine,
    VatRate,
    VatRateVersion,
)
from invoicing.services import issuing, purchases

pytestmark = pytest.mark.django_db
COUNTED = (
    CompanyContact, CompanyEntity, FiscalYear, LedgerAccount, Party, PaymentTerm, SalesDocument, SalesLine, VatRate,
    VatRateVersion,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _logos_apart(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def person() -> User:
    return User.objects.create_user("person")


def booked(model) -> int:
    return model.objects.filter(status="booked").count()


def everything() -> dict[str, list]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in COUNTED}


def test_a_second_load_changes_nothing(person):
    first = loader.load(person)
    stood = everything()
    second = loader.load(person)
    assert first == loader.Loaded(entities=4, parties=86, booked=172, drafts=4, expenses=24)
    assert second == loader.Loaded(entities=0, parties=0, booked=0, drafts=0, expenses=0)
    assert everything() == stood


def test_everything_is_there_with_its_amounts(person):
    loader.load(person)
    assert (Company.objects.count(), Contact.objects.count(), CompanyContact.objects.count()) == (66, 20, 12)
    assert (booked(Invoice), booked(CreditNote)) == (165, 7)
    for key, entity in parties.entities().items():
        planned = plan.documents(key)
        totals = SalesDocument.objects.filter(entity=entity).aggregate(net=Sum("net_total"), vat=Sum("vat_total"))
        assert totals["net"] == sum(document.net for document in planned)
        assert totals["vat"] == sum(document.vat for document in planned)
    million = SalesDocument.objects.get(number="2026/0042")
    assert (million.net_total, million.vat_total, million.total) == (
        Decimal("1234567.89"), Decimal("259259.26"), Decimal("1493827.15"),
    )  # fmt: skip
    assert CreditNote.objects.get(number="C2026/0001").credited_invoice.number == "2026/0029"
    assert Invoice.objects.get(number="202620033").entity.name == "Wadvlindertje Handel B.V."


def test_what_a_person_changed_stays(person):
    loader.load(person)
    Party.objects.filter(uid=parties.party_uid("C001")).update(name="Bakkerij Anders", city="Brugge")
    VatRate.objects.filter(country="BE", code="12").update(name="My own words")
    loader.load(person)
    assert Party.objects.get(uid=parties.party_uid("C001")).city == "Brugge"
    assert VatRate.objects.get(country="BE", code="12").name == "My own words"


def test_a_database_of_somebody_else_is_left_alone(person):
    CompanyEntity.objects.create(name="Real company", country="BE", enterprise_number="0403170701")
    with pytest.raises(loader.DemoMismatch, match="not the demo's"):
        loader.load(person)
    assert (CompanyEntity.objects.count(), Party.objects.count(), VatRate.objects.count()) == (1, 0, 0)


def test_a_total_that_comes_out_differently_stops_the_load(person):
    loader.load(person)
    year = FiscalYear.objects.get(label="2026", entity=parties.entities()["E1"])
    assert (year.next_invoice_number, year.next_credit_note_number) == (68, 3)
    planned = plan.documents("E1")[15]
    document = loader.find_document(parties.entities()["E1"], planned)
    assert document is not None
    loader._compare(planned, document)
    document.total += Decimal("0.01")
    with pytest.raises(loader.DemoMismatch, match=r"2026/0016: total came out as 1\.23, planned 1\.22"):
        loader._compare(planned, document)


def test_log_ins_are_made_once_and_can_sign_in(tmp_path):
    first = load_users(tmp_path)
    second = load_users(tmp_path)
    assert first == second
    assert [login.username for login in first] == [username for username, _, _ in PEOPLE]
    assert all(len(login.password) >= 12 for login in first)
    assert len({login.password for login in first}) == 3
    for login in first:
        user = User.objects.get(username=login.username)
        assert user.check_password(login.password)
        assert user.is_staff
        assert [group.name for group in user.groups.all()] == [login.group]
    assert (tmp_path / "demo-logins.json").stat().st_mode & 0o077 == 0


def test_a_changed_password_is_not_printed(tmp_path):
    load_users(tmp_path)
    staff = User.objects.get(username="staff")
    staff.set_password("another-word-2026")
    staff.save()
    printed = {login.username: login.password for login in load_users(tmp_path)}
    assert printed["staff"] == "(changed)"
    assert printed["admin"] != "(changed)"


def rights_of(group: str) -> set[str]:
    found = Group.objects.get(name=group).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in found}


def test_each_group_may_what_its_people_do(tmp_path):
    load_users(tmp_path)
    accountant, staff, admin = rights_of("Accountant"), rights_of("Staff"), rights_of("Account admin")
    assert accountant
    assert [right for right in accountant if ".view_" not in right] == []
    assert {
        "crm.change_company",
        "invoicing.add_invoice",
        "invoicing.change_creditnote",
        "integrations.add_syncrun",
    } <= staff
    settings = {"integrations.change_connection", "invoicing.change_vatrate", "invoicing.add_companyentity"}
    assert settings & staff == set()
    assert settings <= admin
    assert accountant < staff < admin


def test_each_entity_has_expenses_of_every_kind(person):
    loader.load(person)
    for key, entity in parties.entities().items():
        found = PurchaseDocument.objects.filter(entity=entity)
        assert Counter(found.values_list("review", flat=True)) == {"approved": 3, "pending": 2, "refused": 1}, key
        changed = [one for one in found.filter(review="pending") if purchases.account_of(one).changed]
        assert [one.number for one in changed] == [one.number for one in expenses.expenses(key) if one.iban]
        # What we write ourselves breaks no rule that we know, and shows the supplier's PDF.
        assert [row for one in found for row in one.findings if row["level"] == "error"] == []
        assert {one.files.filter(media_type="application/pdf").count() for one in found} == {1}


def test_the_first_entity_prints_its_logo(person):
    loader.load(person)
    document = Invoice.objects.filter(entity=parties.entities()["E1"], status="booked").first()
    [page] = pypdfium2.PdfDocument(issuing.pdf_of(document).content)
    assert [one.type for one in page.get_objects()].count(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE) == 1
