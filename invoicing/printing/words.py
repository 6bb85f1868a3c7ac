"""The words on a document, in the customer's language and not in that of who prints it.

They are a table and not translations of the admin: a document that was sent must look the same when it is printed
again, whatever became of the admin's words meanwhile. A test keeps the three languages complete.
"""

from __future__ import annotations

from typing import Literal

Language = Literal["nl", "fr", "en"]

_WORDS: dict[str, tuple[str, str, str]] = {
    # key: nl, fr, en
    "invoice": ("Factuur", "Facture", "Invoice"),
    "credit-note": ("Creditnota", "Note de crédit", "Credit note"),
    "customer": ("Klant", "Client", "Customer"),
    "number": ("Nummer", "Numéro", "Number"),
    "date": ("Datum", "Date", "Date"),
    "due": ("Vervaldatum", "Échéance", "Due date"),
    "reference": ("Uw referentie", "Votre référence", "Your reference"),
    "credits": ("Crediteert factuur", "Crédite la facture", "Credits invoice"),
    "vat-number": ("Btw-nummer", "Numéro de TVA", "VAT number"),
    "enterprise-number": ("Ondernemingsnummer", "Numéro d’entreprise", "Enterprise number"),
    "vat-of": ("btw", "TVA", "VAT"),
    "description": ("Omschrijving", "Description", "Description"),
    "quantity": ("Aantal", "Quantité", "Quantity"),
    "price": ("Prijs", "Prix", "Price"),
    "discount-short": ("Korting", "Remise", "Disc."),
    "vat": ("Btw", "TVA", "VAT"),
    "amount": ("Bedrag", "Montant", "Amount"),
    "discount": ("Korting", "Remise", "Discount"),
    "lines": ("Som van de lijnen", "Somme des lignes", "Sum of the lines"),
    "net": ("Totaal zonder btw", "Total hors TVA", "Total excluding VAT"),
    "total": ("Totaal", "Total", "Total"),
    "rate": ("Btw-tarief", "Taux de TVA", "VAT rate"),
    "base": ("Maatstaf", "Base", "Taxable amount"),
    "vat-in": ("Btw in %s", "TVA en %s", "VAT in %s"),
    "payment": ("Betaling", "Paiement", "Payment"),
    "to-pay": ("Te betalen", "À payer", "To pay"),
    "account": ("Rekening", "Compte", "Account"),
    "in-name-of": ("Op naam van", "Au nom de", "In the name of"),
    "communication": ("Mededeling", "Communication", "Communication"),
    "scan": (
        "Scan met de app van uw bank.",
        "Scannez avec l’application de votre banque.",
        "Scan with your bank’s app.",
    ),
    "debit": (
        "Dit bedrag wordt via domiciliëring (automatische incasso) van uw rekening gehaald. U hoeft niets te doen.",
        "Ce montant sera prélevé sur votre compte par domiciliation. Vous n’avez rien à faire.",
        "This amount will be collected from your account by direct debit. You need not do anything.",
    ),
    "page": ("Pagina %s van %s", "Page %s sur %s", "Page %s of %s"),
    # Short names of rates without VAT.
    "S": ("", "", ""),
    "Z": ("0%", "0%", "0%"),
    "E": ("vrijgesteld", "exonéré", "exempt"),
    "AE": ("verlegd", "autoliq.", "reverse"),
    "K": ("intracom.", "intracom.", "intra-EU"),
    "G": ("uitvoer", "export.", "export"),
    "O": ("buiten btw", "hors TVA", "outside"),
}  # fmt: skip

_PLACES = {"nl": 0, "fr": 1, "en": 2}


def word(key: str, language: str) -> str:
    """Return the word of this key. KeyError: no such key."""
    return _WORDS[key][_PLACES.get(language, 2)]
