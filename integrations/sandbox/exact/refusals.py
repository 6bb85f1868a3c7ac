"""The ways in which the service says no, with its wording in Dutch and English.

Confirmed wordings are marked; the others follow the same pattern and are UNSURE, so no client may rely on them.
"""

from __future__ import annotations

import json

from ..messages import JSON, Headers, Response

# (Dutch, English); {0}, {1} are filled in
TEXTS: dict[str, tuple[str, str]] = {
    "exists": ("Gegeven bestaat reeds.", "Data already exists"),  # confirmed
    "mandatory": ("Verplicht: {0}", "Mandatory: {1}"),  # confirmed pattern
    "invalid": ("Ongeldig: {0}", "Invalid: {1}"),  # confirmed pattern
    "not_allowed": ("Niet toegestaan: {0}", "Not allowed: {1}"),  # confirmed pattern
    "unknown": ("Bestaat niet: {0}", "Does not exist: {1}"),
    "blocked": ("Geblokkeerd: {0}", "Blocked: {1}"),
    "period_closed": ("Periode gesloten: {0}", "Period closed: {0}"),
    "period_unknown": ("Bestaat niet: Periode {0}", "Does not exist: Period {0}"),
    "processed": ("Reeds verwerkt", "Already processed"),  # confirmed in Dutch
    "in_use": ("Niet toegestaan: Verwijderen. In gebruik: {0}", "Not allowed: Delete. In use: {1}"),
    "journal_type": ("Ongeldig: Dagboek", "Invalid journal. The journal must be a {1} journal."),  # confirmed
    "unbalanced": ("Deze boeking is niet in evenwicht - Verschil: {0}", "This entry is not balanced - Difference: {0}"),
}

FIELDS: dict[str, tuple[str, str]] = {
    "account": ("Relatie", "Account"),
    "amount": ("Bedrag", "Amount"),
    "bank_account": ("Bankrekening", "Bank account"),
    "code": ("Code", "Code"),
    "contact_name": ("Naam", "Name"),
    "cost_centre": ("Kostenplaats", "Cost center"),
    "currency": ("Valuta", "Currency"),
    "customer": ("Klant", "Customer"),
    "description": ("Omschrijving", "Description"),
    "document": ("Document", "Document"),
    "document_type": ("Documenttype", "Document type"),
    "entry": ("Boeking", "Entry"),
    "entry_number": ("Boekstuknummer", "Entry number"),
    "file": ("Bestand", "File"),
    "file_name": ("Bestandsnaam", "File name"),
    "gl_account": ("Grootboekrekening", "G/L account"),
    "gl_type": ("Grootboekrekeningtype", "G/L account type"),
    "invoice_to_type": ("Factuur voor (Type)", "Invoice to (Type)"),
    "journal": ("Dagboek", "Journal"),
    "lines": ("Regels", "Lines"),
    "name": ("Naam", "Name"),
    "payment_condition": ("Betalingsconditie", "Payment condition"),
    "rate": ("Wisselkoers", "Exchange rate"),
    "status": ("Status", "Status"),
    "subject": ("Onderwerp", "Subject"),
    "supplier": ("Leverancier", "Supplier"),
    "supplier_type": ("Leverancier (Type)", "Supplier (Type)"),
    "vat_amount": ("Btw-bedrag", "VAT amount"),
    "vat_code": ("Btw-code", "VAT code"),
    "vat_number": ("Btw-nummer", "VAT number"),
    "topic": ("Onderwerp", "Topic"),
    "callback": ("Callback-URL", "Callback URL"),
}


class Refusal(Exception):
    """The service refuses: HTTP status, message (None: empty body), optional `Reason` header."""

    def __init__(self, status: int, text: str | None = None, reason: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.reason = reason

    def response(self) -> Response:
        """Return the HTTP answer in the service's error shape."""
        headers: Headers = [("Reason", self.reason)] if self.reason else []
        if self.text is None:
            return Response(self.status, b"", "", headers)
        body = {"error": {"code": "", "message": {"lang": "", "value": self.text}}}
        return Response(self.status, json.dumps(body, ensure_ascii=False).encode(), JSON, headers)


class Malformed(Refusal):
    """400: the request itself is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__(400, text)


class Stream(Malformed):
    """400: the body cannot be used; all these texts begin alike."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Error processing request stream. {text}")


class Business(Refusal):
    """500: a rule of the books says no. The text is made in the user's language when the answer is written."""

    def __init__(self, text: str, *fields: str) -> None:
        super().__init__(500)
        self.key = text
        self.fields = fields

    def in_language(self, language: str) -> Refusal:
        """Return the refusal with its message in `nl` or `en`."""
        column = 0 if language == "nl" else 1
        parts = [FIELDS.get(name, (name, name)) for name in self.fields] or [("", "")]
        first = parts[0]
        return Refusal(500, TEXTS[self.key][column].format(*(first if first[0] != first[1] else (first[0], first[0]))))
