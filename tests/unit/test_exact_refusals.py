"""Every row of the table that turns a refusal's text into a sentence of our catalogue."""

import pytest

from integrations.exact.refusals import REFUSALS, catalogue_code

SALES = "salesentry/SalesEntries"
PURCHASE = "purchaseentry/PurchaseEntries"
ACCOUNTS = "crm/Accounts"
ME = "current/Me"

KNOWN = [
    ("AUT-404", ACCOUNTS, "Wrong division"),
    ("AUT-404", SALES, "Onjuiste administratie"),
    ("AUT-405", ME, "User is not active"),
    ("AUT-405", ME, "Gebruiker is niet actief"),
    ("AUT-406", "documents/Documents", "Not allowed: Document type"),
    ("AUT-406", "documents/Documents", "Niet toegestaan: Documenttype"),
    ("PER-502", SALES, "Period closed: 2024 / 03"),
    ("PER-502", SALES, "Periode gesloten: 2024 / 03"),
    ("PER-502", SALES, "De periode 2024-03 is afgesloten"),
    ("PER-502", SALES, "Période clôturée : 2024 / 03"),
    ("PER-502", SALES, "Boekjaar 2023 is gesloten"),
    ("PER-503", SALES, "Unknown: Financial year (Period/date table)"),
    ("PER-503", SALES, "Onbekend: Boekjaar (periode-/datumtabel)"),
    ("PER-503", SALES, "Ongeldig: Boekjaar"),
    ("PER-503", SALES, "Bestaat niet: Periode 2031 / 01"),
    ("PER-503", PURCHASE, "Does not exist: Period 2031 / 01"),
    ("LED-602", SALES, "Ongeldig: Grootboekrekeningtype"),
    ("LED-602", SALES, "Invalid: G/L account type"),
    ("LED-602", SALES, "Invalid: type of ledger account"),
    ("LED-602", SALES, "Grootboekrekening 400000: soort ongeldig"),
    ("LED-603", SALES, "Geblokkeerd: Grootboekrekening"),
    ("LED-603", SALES, "Blocked: G/L account"),
    ("VAT-624", SALES, "Not allowed: VAT-code"),
    ("VAT-624", SALES, "Niet toegestaan: Btw-code"),
    ("VAT-624", SALES, "Wrong type of VAT account"),
    ("JRN-514", SALES, "The account 400100 differs from that of the journal"),
    ("JRN-514", SALES, "De rekening van de debiteur wijkt af van die van het dagboek"),
    ("LED-604", SALES, "Not found: Account - G/L account sales"),
    ("LED-604", SALES, "Verplicht: Grootboekrekening"),
    ("LED-604", PURCHASE, "Mandatory: G/L account"),
    ("LED-601", SALES, "Bestaat niet: Grootboekrekening"),
    ("LED-601", SALES, "Does not exist: G/L account"),
    ("LED-601", SALES, "G/L account 700999 could not be found"),
    ("LED-601", SALES, "Ongeldig: Grootboekrekening"),
    ("JRN-512", SALES, "Verplicht: Dagboek"),
    ("JRN-512", SALES, "Mandatory: Journal"),
    ("JRN-511", SALES, "Ongeldig: Dagboek"),
    ("JRN-511", SALES, "Invalid journal. The journal must be a cash journal."),
    ("JRN-511", SALES, "Bestaat niet: Dagboek"),
    ("JRN-511", SALES, "Blocked: Journal"),
    ("PAR-642", ACCOUNTS, "Ongeldig: Btw-nummer"),
    ("PAR-642", ACCOUNTS, "Invalid: VAT number"),
    ("PAR-642", ACCOUNTS, "Invalide : Numéro de TVA"),
    ("VAT-621", SALES, "Btw-regel is niet gelijk aan de som van de basisregels"),
    ("VAT-621", SALES, "The VAT line does not equal the sum of the base lines"),
    ("VAT-620", SALES, "Ongeldig: Btw-percentage"),
    ("VAT-620", SALES, "Invalid reference: VAT code"),
    ("VAT-620", SALES, "Verplicht: Btw-code"),
    ("VAT-620", SALES, "Does not exist: VAT code"),
    ("VAT-620", SALES, "Geblokkeerd: Btw-code"),
    ("MND-655", SALES, "Machtiging is niet volledig"),
    ("MND-655", SALES, "Already exists: Mandate reference"),
    ("PAR-643", SALES, "Verplicht: Betalingsconditie"),
    ("PAR-643", SALES, "Mandatory: Payment condition"),
    ("PAR-643", ACCOUNTS, "Bestaat niet: Betalingsconditie"),
    ("APP-210", SALES, "Bestaat niet: Valuta"),
    ("APP-210", SALES, "Mandatory: Exchange rate"),
    ("LED-607", SALES, "Verplicht: Kostenplaats"),
    ("LED-607", PURCHASE, "Mandatory: Cost center"),
    ("NUM-520", SALES, "Gegeven bestaat reeds."),
    ("NUM-520", SALES, "Data already exists"),
    ("NUM-520", SALES, "Boekstuknummer in gebruik"),
    ("PAR-640", ACCOUNTS, "Gegeven bestaat reeds."),
    ("PAR-640", ACCOUNTS, "Data already exists"),
    ("APP-205", ACCOUNTS, "Ongeldig: E-mail"),
    ("APP-205", ACCOUNTS, "Invalid: Email address"),
    ("PAR-640", SALES, "Ongeldig: Factuur voor (Type)"),
    ("PAR-640", SALES, "Invalid: Invoice to (Type)"),
    ("PAR-640", PURCHASE, "Ongeldig: Leverancier (Type)"),
    ("PAR-640", SALES, "Geblokkeerd: Relatie"),
    ("PAR-640", PURCHASE, "Blocked: Account"),
    ("PAR-641", SALES, "Bestaat niet: Klant"),
    ("PAR-641", PURCHASE, "Does not exist: Supplier"),
    ("PAR-641", ACCOUNTS, "Not found"),
    ("APP-217", PURCHASE, "Factuurnummer verplicht"),
    ("APP-217", PURCHASE, "Mandatory: Invoice number"),
]


@pytest.mark.parametrize(("code", "resource", "message"), KNOWN)
def test_known_refusals_get_their_sentence(code, resource, message):
    assert catalogue_code(message, resource) == code


@pytest.mark.parametrize("message", ["", "Reeds verwerkt", "Er is iets misgegaan (4711)", "Something else entirely"])
def test_the_table_is_closed_what_it_does_not_know_stays_unknown(message):
    assert catalogue_code(message, SALES) == "ALL-999"


def test_every_row_is_met_by_an_example():
    """A row that no example reaches first is dead, or hidden by one above it."""
    from integrations.exact import refusals

    reached = set()
    for _, resource, message in KNOWN:
        words, scope = refusals._plain(message), refusals._scope(resource)
        reached.add(
            next(
                number
                for number, row in enumerate(REFUSALS)
                if row.scope in (refusals.ANY, scope) and row.pattern.search(words)
            )
        )
    assert sorted(set(range(len(REFUSALS))) - reached) == []
