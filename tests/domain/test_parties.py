"""Companies and contacts: normal form, VAT type, warnings that do not stop saving, recycle bin."""

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError

from crm import binning, services
from crm.forms import CompanyForm, ContactForm
from crm.models import Company, Contact, Party, PartyKind, VatType
from crm.parties import default_vat_type
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("is_person", "country", "number", "expected"),
    [
        (False, "BE", "BE0403019261", "vat_liable"),
        (True, "BE", "BE0403019261", "vat_liable"),
        (False, "BE", "0403.019.261", "vat_liable"),
        (False, "NL", "NL004495445B01", "intra_community"),
        (False, "GR", "094259216", "intra_community"),
        (False, "GB", "XI980780684", "intra_community"),
        # A foreign number counts more than the address.
        (False, "BE", "DE136695976", "intra_community"),
        (False, "GB", "GB980780684", "outside_eu"),
        (False, "CH", "CHE107787577MWST", "outside_eu"),
        (False, "US", "", "outside_eu"),
        (True, "US", "", "outside_eu"),
        (True, "BE", "", "not_vat_liable"),
        (True, "", "", "not_vat_liable"),
        (False, "BE", "", "unknown"),
        (False, "BE", "BE0403019262", "unknown"),
        (False, "NL", "NL004495446B01", "unknown"),
        (True, "BE", "BE0403019262", "unknown"),
        (False, "", "", "unknown"),
    ],
)
def test_default_vat_type(is_person, country, number, expected):
    found = default_vat_type(is_person=is_person, country=country, vat_number=number, home_countries={"BE"})
    assert found == expected
    assert VatType(found)


def test_home_is_where_our_entities_are():
    party = {"is_person": False, "country": "NL", "vat_number": "NL004495445B01"}
    assert services.home_countries() == {"BE", "NL"}
    f.EntityFactory()
    assert services.home_countries() == {"BE"}
    assert default_vat_type(**party, home_countries=services.home_countries()) == "intra_community"
    f.EntityFactory(country="NL")
    assert default_vat_type(**party, home_countries=services.home_countries()) == "vat_liable"


def test_saving_normalises_and_logs():
    user = f.UserFactory(username="els")
    company = Company(
        name="  Garage   Claes ", country="be", vat_number="403.019.261", iban="be68 5390 0754 7034",
        bic="gkcc bebb", language="NL", email=" info@garage-claes.example ",
    )  # fmt: skip
    assert services.save_party(party=company, by=user) == []
    stored = Party.objects.get()
    assert (stored.name, stored.country, stored.language) == ("Garage Claes", "BE", "nl")
    assert (stored.vat_number, stored.enterprise_number) == ("BE0403019261", "0403019261")
    assert (stored.iban, stored.bic) == ("BE68539007547034", "GKCCBEBB")
    assert (stored.kind, stored.vat_type, stored.name_key) == (PartyKind.COMPANY, "vat_liable", "garage claes")
    stored.city = "Gent"
    services.save_party(party=stored, by=user)
    entries = LogEntry.objects.order_by("pk")
    page = ContentType.objects.get_for_model(Company, for_concrete_model=False)
    assert [(e.user, e.action_flag, e.content_type, e.object_repr) for e in entries] == [
        (user, ADDITION, page, "Garage Claes"),
        (user, CHANGE, page, "Garage Claes"),
    ]


def test_a_contact():
    contact = Contact(first_name="An", last_name="Peeters", country="BE")
    assert services.save_party(party=contact, by=None) == []
    stored = Party.objects.get()
    assert (stored.kind, stored.name, stored.vat_type) == (PartyKind.PERSON, "An Peeters", "not_vat_liable")
    assert LogEntry.objects.get().content_type == ContentType.objects.get_for_model(Contact, for_concrete_model=False)


def test_wrong_numbers_are_kept_and_told():
    company = Company(
        name="Odd", country="BE", vat_number="BE0403019262", enterprise_number="0403019262",
        iban="BE69539007547034", bic="KRED",
    )  # fmt: skip
    warnings = services.save_party(party=company, by=None)
    assert [(w.field, w.code) for w in warnings] == [
        ("vat_number", "APP-201"), ("enterprise_number", "enterprise-number"), ("iban", "iban"), ("bic", "bic"),
    ]  # fmt: skip
    assert warnings[0].text == "VAT number BE0403019262 is not valid. Expected: BE0999999999 / BE1999999999."
    stored = Party.objects.get()
    assert (stored.vat_number, stored.iban, stored.vat_type) == ("BE0403019262", "BE69539007547034", "unknown")


def test_what_is_missing_is_told():
    company = Company(name="Bare", vat_type=VatType.VAT_LIABLE)
    warnings = services.save_party(party=company, by=None)
    assert [(w.field, w.code) for w in warnings] == [("vat_number", "APP-202"), ("country", "APP-203")]
    foreign = Company(name="Foreign", country="BE", vat_number="DE136695976")
    assert [(w.field, w.code) for w in services.save_party(party=foreign, by=None)] == [("vat_number", "vat-country")]
    northern = Company(name="Belfast", country="GB", vat_number="XI980780684")
    assert services.save_party(party=northern, by=None) == []


def test_a_chosen_vat_type_stays():
    company = Company(name="Chosen", country="BE", vat_number="BE0403019261", vat_type=VatType.CONTRACTOR)
    services.save_party(party=company, by=None)
    assert Party.objects.get().vat_type == "contractor"
    stored = Party.objects.get()
    stored.vat_type = VatType.UNKNOWN
    services.save_party(party=stored, by=None)
    assert Party.objects.get().vat_type == "unknown"


def test_what_cannot_be_saved():
    for party in (Company(name=""), Company(name="x", email="nobody"), Contact()):
        with pytest.raises(ValidationError):
            services.save_party(party=party, by=None)
    assert (Party.objects.count(), LogEntry.objects.count()) == (0, 0)


def test_recycle_bin_keeps_parties_with_documents_and_restores_the_others():
    user = f.UserFactory()
    free, used = f.PartyFactory(name="Free"), f.PartyFactory(name="Used")
    f.draft_invoice(party=used)
    LogEntry.objects.all().delete()
    outcome = binning.move_to_recycle_bin(parties=[free, used], by=user)
    assert ([p.name for p in outcome.moved], [(p.name, why) for p, why in outcome.kept]) == (
        ["Free"], [("Used", "Used is kept: sales documents point to it.")],
    )  # fmt: skip
    assert [p.name for p in Company.objects.all()] == ["Used"]
    assert binning.move_to_recycle_bin(parties=[free], by=user).moved == ()

    assert [p.name for p in binning.restore(parties=[free, used], by=user).restored] == ["Free"]
    assert set(Company.objects.values_list("name", flat=True)) == {"Free", "Used"}
    entries = [(e.action_flag, e.object_repr, e.change_message) for e in LogEntry.objects.order_by("pk")]
    assert entries == [
        (DELETION, "Free", "Moved to the recycle bin."),
        (CHANGE, "Free", "Restored from the recycle bin."),
    ]


def test_company_form():
    form = CompanyForm({"name": "Garage Claes", "country": "BE", "vat_number": "0403.019.261", "vat_type": "unknown"})
    assert form.is_valid(), form.errors
    assert (form.warnings, form.cleaned_data["vat_number"]) == ([], "BE0403019261")
    stored = Party.objects.get(pk=form.save().pk)
    assert (stored.vat_number, stored.vat_type, stored.enterprise_number) == (
        "BE0403019261",
        "vat_liable",
        "0403019261",
    )

    data = {"name": "Garage Claes", "country": "BE", "vat_number": "0403.019.262", "vat_type": "vat_liable"}
    form = CompanyForm(data, instance=Company.objects.get())
    assert form.is_valid()
    assert [w.code for w in form.warnings] == ["APP-201"]
    form.save()
    assert Party.objects.get().vat_number == "BE0403019262"
    assert "name" in CompanyForm({"vat_type": "unknown"}).errors


def test_contact_form():
    assert ContactForm({"vat_type": "unknown"}).errors["last_name"] == ["Fill in a first or a last name."]
    form = ContactForm({"first_name": "An", "last_name": "Peeters", "vat_type": "unknown", "country": "BE"})
    assert form.is_valid(), form.errors
    stored = Party.objects.get(pk=form.save().pk)
    assert (stored.kind, stored.name, stored.vat_type) == (PartyKind.PERSON, "An Peeters", "not_vat_liable")
