"""The pages of an import, as each role gets them; a messy file of 2,000 rows on its whole way."""

import io
import random
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from config.admin.exports import write_csv
from crm import merging
from crm.admin import export
from crm.importing import working
from crm.models import Company, ImportBatch, ImportState
from integrations.models import Administration
from tests import factories
from tests.admin.conftest import people, sign_in  # noqa: F401 - fixtures

from .conftest import csv_bytes

pytestmark = pytest.mark.django_db


def belgian(n: int) -> str:
    base = f"{4_000_000 + n:08d}"
    return f"BE{base}{97 - int(base) % 97:02d}"


def messy(rows: int = 2_000) -> bytes:
    """Customers as an old program leaves them: three languages, missing numbers, near names, the same one twice."""
    dice = random.Random(7)
    words = ["Bakkerij", "Boulangerie", "Garage", "Café", "Société", "Hôtel", "Studio", "Transport"]
    forms = ["BV", "bvba", "NV", "SA", "SRL", "V.O.F.", ""]
    countries = ["België", "Belgique", "BE", "Belgium", "Nederland", "Pays-Bas", ""]
    found = []
    for n in range(rows):
        if found and dice.random() < 0.03:
            found.append(list(dice.choice(found)))
            continue
        number = "" if dice.random() < 0.4 else belgian(n)
        number = dice.choice([number, number.replace("BE", "BE "), number[2:], f"{number}9" if number else ""])
        name = (
            f"{dice.choice(words)} {dice.choice(['Peeters', 'Dubois', 'De Smet', 'Zoë'])} {n // 2} {dice.choice(forms)}"
        )
        mail = dice.choice([f"info{n}@example.com", "", "geen"])
        country = dice.choice(countries) if not number else "BE"
        found.append(
            [name.strip(), number, dice.choice(["1000", "B-9000", ""]), country, mail, dice.choice(["", "'+32 2"])]
        )
    return csv_bytes(["Naam", "Numéro de TVA", "Postcode", "Pays", "E-mail", "Telefoon"], found, encoding="cp1252")


def page(name: str, batch: ImportBatch) -> str:
    return reverse(f"admin:crm_importbatch_{name}", args=[batch.pk])


def test_a_messy_file_from_upload_to_undo(sign_in, client):  # noqa: F811
    boss = sign_in("boss")
    for n in range(0, 2_000, 4):
        factories.CompanyFactory(name=f"Klant {n}", vat_number=belgian(n))
    answer = boss.post(
        reverse("admin:crm_importbatch_add"), {"kind": "company", "file": SimpleUploadedFile("messy.csv", messy())}
    )
    batch = ImportBatch.objects.get()
    assert answer["Location"] == page("columns", batch)
    shown = boss.get(page("columns", batch)).content.decode()
    assert "6 of 6 recognised" in shown
    assert "Windows-1252" in shown
    form = {f"column-{n}": column["field"] for n, column in enumerate(batch.mapping)}
    assert boss.post(page("columns", batch), form)["Location"] == page("change", batch)
    assert "Working out what would change" in boss.get(page("change", batch)).content.decode()
    working.work(batch.pk)
    assert boss.get(page("progress", batch))["HX-Redirect"] == page("change", batch)
    boss.post(page("rule", batch), {"rule": "first:vat_number,name_postcode"})
    batch.refresh_from_db()
    assert batch.state == ImportState.READY
    for show in ("all", "added", "edited", "unchanged", "ambiguous", "wrong"):
        assert len(boss.get(page("change", batch), {"show": show}).content) < 300_000
    counts = next(one["counts"] for one in batch.summary["criteria"] if one["match"] == "first")
    assert all(counts.get(one, 0) > 20 for one in ("added", "edited", "ambiguous", "wrong"))
    lines = b"".join(boss.get(page("differences", batch), {"show": "left-out"}).streaming_content).decode().splitlines()
    assert len(lines) == 1 + counts["ambiguous"] + counts["wrong"]
    before = Company.objects.count()
    boss.post(page("run", batch))
    boss.post(page("run", batch))
    working.work(batch.pk)
    batch.refresh_from_db()
    assert batch.summary["counts"] == counts
    assert Company.objects.count() == before + counts["added"]
    assert len(boss.get(page("change", batch), {"show": "added"}).content) < 300_000
    name = batch.outcomes.filter(outcome="edited").first().name
    assert name in boss.get(page("change", batch), {"show": "all", "q": name}).content.decode()
    assert b"".join(boss.get(page("file", batch)).streaming_content) == messy()
    boss.post(page("undo", batch))
    working.work(batch.pk)
    assert Company.objects.count() == before


def test_the_preview_tells_each_reason_once(sign_in, story):  # noqa: F811
    rows = [[f"Klant {n}", "geen" if n < 4 else f"{n}@example.com", "Mars" if n == 9 else ""] for n in range(20)]
    told = story().table(["Naam", "E-mail", "Land"], [*rows, ["Klant 5", "5@example.com", ""]]).count()
    shown = text_of(sign_in("boss").get(page("change", told.batch)))
    assert "1 row is ambiguous, 5 rows are wrong." in shown
    assert "4 rows, such as row 2: e-mail: “geen” is not an e-mail address" in shown
    assert "1 row, row 11: country: “Mars” is not a country" in shown
    assert "1 row, row 22: the same as row 7 of the file, which is added" in shown
    assert shown.count("is not an e-mail address") == 1


def test_a_payment_term_may_be_its_days(story):
    thirty = factories.PaymentTermFactory(code="N30", name="Thirty days", days=30)
    factories.PaymentTermFactory(code="A", days=45)
    factories.PaymentTermFactory(code="B", days=45)
    factories.PaymentTermFactory(code="EOM", kind="end_of_month", days=60)
    words = ["30", "30 dagen", "30 jours", "N30", "45", "60 days"]
    told = story().table(["Naam", "Betaaltermijn"], [[f"Klant {word}", word] for word in words]).count().write()
    assert told.result == {"added": 4, "wrong": 2}
    assert list(Company.objects.values_list("payment_term_id", flat=True)) == [thirty.pk] * 4


@pytest.mark.parametrize(("role", "sees"), [("boss", True), ("staff", False), ("accountant", False)])
def test_the_lists_lead_to_the_import(sign_in, role, sees):  # noqa: F811
    client = sign_in(role)
    for model, kind in (("company", "company"), ("contact", "person")):
        url = reverse("admin:crm_importbatch_add") + f"?kind={kind}"
        shown = client.get(reverse(f"admin:crm_{model}_changelist")).content.decode()
        assert (url in shown) is sees
        if sees:
            assert f'<option value="{kind}" selected>' in client.get(url).content.decode()


def test_a_row_leads_to_whom_its_company_is_part_of_now(sign_in, story):  # noqa: F811
    told = story().table(["Naam"], [["Peeters"]]).count().write()
    added, second, last = Company.objects.get(), factories.CompanyFactory(), factories.CompanyFactory(name="Garage Z")
    merging.merge(winner=second, loser=added, by=told.by)
    merging.merge(winner=last, loser=second, by=told.by)
    shown = sign_in("boss").get(page("change", told.batch)).content.decode()
    url = reverse("admin:crm_party_change", args=[last.pk])
    assert f'now part of <a href="{url}">Garage Z</a>' in shown
    assert reverse("admin:crm_party_change", args=[added.pk]) not in shown
    assert "Merge with" not in shown


def test_the_administration_is_asked_for_where_it_lacks(sign_in, story):  # noqa: F811
    for n in range(2):
        Administration.objects.create(tool="exact", site="be", external_id=str(n), name=f"Books {n}", country="BE")
    told = story().table(["Naam", "Klantnr"], [["X", "1"]])
    answer = sign_in("boss").post(page("columns", told.batch), {"column-0": "name", "column-1": "external_id"})
    shown = answer.content.decode()
    assert 'aria-describedby="administration-lacks" autofocus' in shown
    assert shown.count("Choose the administration that the external IDs belong to.") == 2


def text_of(answer) -> str:
    return " ".join(re.sub("<[^>]+>", "", answer.content.decode()).split())


def test_a_refused_file_is_told_and_not_kept(sign_in, files):  # noqa: F811
    answer = sign_in("boss").post(
        reverse("admin:crm_importbatch_add"),
        {"kind": "company", "file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04 no")},
    )
    assert "The file is damaged" in answer.content.decode()
    assert not ImportBatch.objects.exists()
    assert not list(files.rglob("*.*"))


def test_hostile_text_is_text(sign_in, story):  # noqa: F811
    told = story().table(["Name"], [["<script>alert(1)</script>"], ["=cmd|' /C calc'!A0"]], name="<b>.csv").count()
    boss = sign_in("boss")
    shown = boss.get(page("change", told.batch)).content.decode()
    assert "<script>alert" not in shown
    assert "<b>.csv" not in shown
    lines = b"".join(boss.get(page("differences", told.batch)).streaming_content).decode()
    assert "'=cmd" in lines
    told.write()
    assert Company.objects.filter(name="=cmd|' /C calc'!A0").exists()


@pytest.mark.parametrize("role", ["staff", "accountant"])
def test_who_may_not_import_looks_on(sign_in, story, role):  # noqa: F811
    told = story().table(["Name"], [["X"]]).count()
    client = sign_in(role)
    assert client.get(page("change", told.batch)).status_code == 200
    for name in ("columns", "file", "differences", "decide", "undo"):
        assert client.get(page(name, told.batch)).status_code == 403
    for name in ("rule", "run", "cancel", "undo", "decide", "columns"):
        assert client.post(page(name, told.batch)).status_code == 403
    assert client.get(reverse("admin:crm_importbatch_add")).status_code == 403
    assert not Company.objects.exists()


def test_the_pages_ask_a_constant_number_of_questions(sign_in, story, django_assert_max_num_queries):  # noqa: F811
    told = story().table(["Name"], [[f"Klant {n}"] for n in range(200)]).count()
    boss = sign_in("boss")
    boss.get(page("change", told.batch))
    with django_assert_max_num_queries(16):
        boss.get(page("change", told.batch))
    told.write()
    with django_assert_max_num_queries(16):
        boss.get(page("change", told.batch))


def test_other_letters_are_read_anew(sign_in, story):  # noqa: F811
    told = story().upload(csv_bytes(["Naam"], [["Garage Dor\u00da"], ["Peeters"]], encoding="cp850"))
    assert told.batch.reading["encoding"] == "cp1252"
    boss = sign_in("boss")
    shown = boss.get(page("columns", told.batch)).content.decode()
    assert 'for="encoding">Letters<' in shown
    assert "Garage Doré" in shown
    answer = boss.post(page("columns", told.batch), {"column-0": "name", "encoding": "cp850"})
    assert answer["Location"] == page("columns", told.batch)
    assert "Garage DorÚ" in boss.get(page("columns", told.batch)).content.decode()
    boss.post(page("columns", told.batch), {"column-0": "name", "encoding": "cp850", "anew": "1"})
    told.batch.refresh_from_db()
    assert told.batch.state == ImportState.UPLOADED
    refused = boss.post(page("columns", told.batch), {"column-0": "name", "encoding": "utf-8"})
    assert "cannot be read with these letters" in refused.content.decode()
    boss.post(page("columns", told.batch), {"column-0": "name", "encoding": "cp850"})
    told.work().write()
    assert Company.objects.filter(name="Garage DorÚ").exists()


def test_letters_that_the_file_names_are_not_asked_for(sign_in, story):  # noqa: F811
    told = story().upload(csv_bytes(["Naam"], [["Café"]], encoding="utf-8-sig"))
    assert 'name="encoding"' not in sign_in("boss").get(page("columns", told.batch)).content.decode()


def test_a_title_above_the_headers_is_no_row(sign_in, story):  # noqa: F811
    rows = [["Klantenlijst 2026"], ["Naam", "Postcode", "Land"], ["Peeters", "1000", "BE"], ["Claes", "9000", "BE"]]
    told = story().upload(csv_bytes(rows[0], rows[1:]))
    assert told.meanings == ["name", "postcode", "country"]
    assert told.batch.rows == 2
    assert "Row 2 of the file was taken as its headers" in text_of(sign_in("boss").get(page("columns", told.batch)))
    told.count().write()
    assert sorted(Company.objects.values_list("name", "postcode")) == [("Claes", "9000"), ("Peeters", "1000")]
    assert [told.row(number).name for number in (3, 4)] == ["Peeters", "Claes"]


def test_a_file_whose_first_row_names_nothing_says_so(sign_in, story):  # noqa: F811
    told = story().table(["Peeters BV", "1000"], [["Claes", "9000"]])
    assert "No header was recognised." in text_of(sign_in("boss").get(page("columns", told.batch)))


def test_a_column_that_was_left_out_last_time_is_marked(sign_in, story):  # noqa: F811
    story().table(["Naam", "Adres", "Kleur"], [["Peeters", "Kerkstraat 1", "rood"]]).count(meanings=["name", "", ""])
    told = story().table(["Naam", "Adres", "Kleur"], [["Peeters", "Kerkstraat 1", "rood"]])
    assert told.meanings == ["name", "", ""]
    assert text_of(sign_in("boss").get(page("columns", told.batch))).count("Left out last time") == 1


def test_a_vat_number_of_another_country_is_told_and_comes_back_unchanged(sign_in, story):  # noqa: F811
    headers = ["Naam", "Btw-nummer", "Ondernemingsnummer", "Land"]
    told = story().table(headers, [["Peeters", belgian(1), "", "NL"], ["Claes", belgian(2), "", "BE"]]).count()
    shown = text_of(sign_in("boss").get(page("change", told.batch)))
    assert (
        f"1 row names another country than its VAT number; row 2: VAT number {belgian(1)} does not fit the country, "
        in shown
    )
    told.write()
    assert told.result == {"added": 2}
    kept = dict(Company.objects.values_list("name", "enterprise_number"))
    assert kept == {"Peeters": "", "Claes": belgian(2)[2:]}
    # What an earlier version filled in comes back, too.
    Company.objects.filter(name="Peeters").update(enterprise_number=belgian(1)[2:])
    rows = [["Peeters", belgian(1), belgian(1)[2:], "NL"], ["Claes", belgian(2), belgian(2)[2:], "BE"]]
    again = story().table(headers, rows).count().by_rule("all", "vat_number")
    assert again.counts("all", "vat_number") == {"unchanged": 2}


@pytest.mark.parametrize("language", ["en", "nl", "fr"])
def test_our_own_csv_comes_back_unchanged(story, language):
    thirty = factories.PaymentTermFactory(code="N30", days=30)
    factories.CompanyFactory(name="Peeters; Claes, en co", street="Kerkstraat 1", city="Liège", payment_term=thirty)
    factories.CompanyFactory(name="=Som BV", phone="+32 2 123", vat_type="vat_liable")
    file = io.BytesIO()
    columns = export.columns()
    with translation.override(language):
        rows = ([column.value(party) for column in columns] for party in export.with_their_facts(Company.objects.all()))
        write_csv(file, [str(column.title) for column in columns], rows)
        told = story().upload(file.getvalue())
        assert "" not in told.meanings
        told.count().by_rule("all", "vat_number")
    assert told.counts("all", "vat_number") == {"unchanged": 2}


def test_a_file_of_what_was_imported_heads_the_old_values_before(sign_in, story):  # noqa: F811
    told = story().table(["Naam"], [["Peeters"]]).count()
    boss = sign_in("boss")

    def titles() -> list[str]:
        lines = b"".join(boss.get(page("differences", told.batch)).streaming_content).decode("utf-8-sig")
        return lines.splitlines()[0].split(",")[5:7]

    assert titles() == ["Now", "After"]
    told.write()
    assert titles() == ["Before", "After"]
