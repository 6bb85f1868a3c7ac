"""The fields that a column can fill, and the headers by which each is recognised in English, Dutch and French.

Source: S-062, S-072; domain rules 13.2 and 13.5. Headers are compared by `crm.names.name_key`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from ..models import PartyKind, RememberedHeader
from ..names import name_key

EXTERNAL_ID, TAGS, TERM = "external_id", "tags", "payment_term"
# Of a contact: the company it works at, told by any of these, and what it does there.
COMPANY, COMPANY_VAT, COMPANY_ID, ROLE = "company_name", "company_vat_number", "company_external_id", "role"
AT_COMPANY = (COMPANY_ID, COMPANY_VAT, COMPANY)
# What is no column of a party.
ASIDE = frozenset({EXTERNAL_ID, TAGS, *AT_COMPANY, ROLE})
LANGUAGES = ("en", "nl", "fr")
_KEY_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`key` is the party's own column where it has one. `headers` are name keys, without the label's own."""

    key: str
    label: str | Promise
    headers: tuple[str, ...] = ()
    kind: str = "text"  # which reader of `crm.importing.values` takes its cells
    length: int = 200
    people: bool | None = None  # only of contacts, only of companies, or of both


FIELDS: tuple[Field, ...] = (
    Field(key="name", label=_("name"), headers=(
        "naam", "nom", "company", "company name", "bedrijf", "bedrijfsnaam", "firma", "firmanaam", "naam bedrijf",
        "entreprise", "societe", "raison sociale", "nom de l entreprise", "nom de la societe", "denomination",
        "customer name", "klant", "klantnaam", "naam klant", "client", "nom du client", "full name", "volledige naam",
        "nom complet", "relatie", "relatienaam", "account name", "organisation", "organisatie",
    )),
    Field(key="first_name", label=_("first name"), length=100, people=True, headers=(
        "firstname", "given name", "voornaam", "prenom",
    )),
    Field(key="last_name", label=_("last name"), length=100, people=True, headers=(
        "lastname", "surname", "family name", "achternaam", "familienaam", "nom de famille",
    )),
    Field(key=COMPANY, label=_("company"), people=True, headers=(
        "company", "company name", "employer", "werkgever", "bedrijf", "bedrijfsnaam", "firma", "firmanaam", "naam bedrijf",
        "entreprise", "societe", "raison sociale", "nom de l entreprise", "nom de la societe", "employeur",
        "organisation", "organisatie", "account name", "customer name", "klantnaam", "nom du client",
    )),
    Field(key=ROLE, label=_("role at the company"), people=True, length=80, headers=(
        "job title", "title", "function", "position", "functie", "rol", "functietitel", "fonction", "poste",
    )),
    Field(key=COMPANY_VAT, label=_("VAT number of the company"), people=True, kind="vat_number", length=24, headers=(
        "company vat", "company vat number", "btw nummer bedrijf", "btw bedrijf", "btw nummer van het bedrijf",
        "tva societe", "tva entreprise", "numero de tva de la societe", "numero de tva de l entreprise",
    )),
    Field(key=COMPANY_ID, label=_("external ID of the company"), people=True, kind="number", length=60, headers=(
        "company external id", "company number in the accounting package", "extern id bedrijf", "klantnummer bedrijf",
        "id externe societe", "identifiant externe de l entreprise", "numero client entreprise",
    )),
    Field(key=EXTERNAL_ID, label=_("external ID"), kind="number", length=60, headers=(
        "externalid", "extern id", "externe id", "identifiant externe", "id externe", "customer number", "customer no",
        "customer nr", "klantnummer", "klantnr", "klant nr", "numero client", "numero de client", "no client",
        "accounting package customer number", "klantnummer boekhoudpakket", "octopus id", "exact id", "yuki id",
        "twinfield id", "exact online id", "relatienummer", "relatie nr", "relation number", "debiteurnummer",
        "debiteurennummer", "debtor number", "debtor code", "debiteur nr", "contact code", "customer code",
        "klantcode", "code client", "relatiecode", "numero de compte", "account code",
    )),
    Field(key="vat_number", label=_("VAT number"), kind="vat_number", length=24, headers=(
        "vat", "vat no", "vat nr", "vat id", "vat number", "btw", "btw nummer", "btwnummer", "btw nr", "btw id",
        "ondernemingsnummer btw", "tva", "numero de tva", "numero tva", "no tva", "n tva", "num tva", "tax number",
    )),
    Field(key="enterprise_number", label=_("enterprise number"), kind="enterprise_number", length=24, headers=(
        "ondernemingsnummer", "ondernemingsnr", "kbo", "kbo nummer", "kbonummer", "kvk", "kvk nummer", "kvknummer",
        "bce", "numero bce", "numero d entreprise", "no entreprise", "company number", "company registration number",
        "registration number", "coc number", "coc", "chamber of commerce number", "siren", "siret", "cbe number", "cbe",
    )),
    Field(key="street", label=_("street and number"), headers=(
        "street", "address", "address line 1", "straat", "straat en nummer", "straat en huisnummer", "adres",
        "adresregel 1", "rue", "rue et numero", "adresse",
    )),
    Field(key="postcode", label=_("postcode"), kind="postcode", length=16, headers=(
        "postal code", "zip", "zip code", "zipcode", "post code", "postnummer", "code postal", "cp",
    )),
    Field(key="city", label=_("city"), length=100, headers=(
        "town", "place", "stad", "plaats", "gemeente", "woonplaats", "ville", "localite", "commune",
    )),
    Field(key="country", label=_("country"), kind="country", length=2, headers=(
        "country code", "land", "landcode", "pays", "code pays",
    )),
    Field(key="language", label=_("language"), kind="language", length=2, headers=(
        "language code", "taal", "taalcode", "langue", "code langue",
    )),
    Field(key="email", label=_("e-mail"), kind="email", length=254, headers=(
        "email", "e mail address", "email address", "mail", "mailadres", "e mailadres", "emailadres", "e mail adres",
        "courriel", "adresse e mail", "adresse email",
    )),
    Field(key="phone", label=_("phone"), length=40, headers=(
        "telephone", "phone number", "telephone number", "telefoon", "telefoonnummer", "tel", "gsm", "mobile",
        "numero de telephone",
    )),
    Field(key="website", label=_("website"), kind="website", headers=(
        "web", "url", "site", "web site", "webpagina", "site web", "site internet", "homepage",
    )),
    Field(key="iban", label=_("IBAN"), kind="iban", length=34, headers=(
        "bank account", "iban number", "bankrekening", "rekeningnummer", "bankrekeningnummer", "compte bancaire",
        "numero iban",
    )),
    Field(key="bic", label=_("BIC"), kind="bic", length=11, headers=("swift", "bic code", "bic swift", "swift code")),
    Field(key="peppol_id", label=_("Peppol ID"), kind="compact", length=60, headers=(
        "peppol", "peppolid", "peppol nummer", "peppol identifier", "identifiant peppol",
    )),
    Field(key="vat_type", label=_("VAT type"), kind="vat_type", headers=(
        "btw type", "btw plicht", "btw regime", "btw stelsel", "type tva", "regime tva", "vat liability",
        "type de tva", "regime de tva",
    )),
    Field(key="is_customer", label=_("customer"), kind="yes_no", headers=("is klant", "is customer", "est client")),
    Field(key="is_supplier", label=_("supplier"), kind="yes_no", headers=(
        "is supplier", "leverancier", "is leverancier", "fournisseur", "est fournisseur",
    )),
    Field(key=TERM, label=_("payment term"), kind="payment_term", headers=(
        "payment terms", "payment condition", "betaaltermijn", "betalingstermijn", "betalingsvoorwaarde",
        "delai de paiement", "conditions de paiement", "condition de paiement",
    )),
    Field(key=TAGS, label=_("tags"), kind="tags", headers=("tag", "labels", "etiketten", "etiquettes")),
    Field(key="notes", label=_("notes"), kind="note", length=10_000, headers=(
        "note", "remark", "remarks", "comment", "comments", "nota", "notities", "opmerking", "opmerkingen",
        "remarque", "remarques", "commentaire", "commentaires",
    )),
)  # fmt: skip
BY_KEY = {found.key: found for found in FIELDS}
# "klant" and "client" head a column of yes and no in our own export, and one of names in other programs' files.
_NAME_OR_CUSTOMER = frozenset({"klant", "client", "customer"})
# Beside a column of first names these head the last name; alone they head the whole one.
_LAST_OR_WHOLE = frozenset({"name", "naam", "nom"})
NAME_PARTS = frozenset({"first_name", "last_name"})


def fields_for(kind: str) -> list[Field]:
    """The fields that a file of companies or of contacts can fill."""
    people = kind == PartyKind.PERSON
    return [found for found in FIELDS if found.people in (None, people)]


def header_key(header: str) -> str:
    """The form in which headers are compared and remembered."""
    return name_key(header)[:_KEY_LENGTH]


@dataclass(slots=True)
class Guess:
    """What the headers of a file seem to mean."""

    mapping: list[dict[str, str]] = field(default_factory=list)
    administration: int | None = None  # that a header of external IDs names


def guess(
    kind: str, headers: Sequence[str], samples: Sequence[Sequence[str]], administrations: Iterable[tuple[int, str]]
) -> Guess:
    """Return a field per column: as a person said before, else by its name. No field is given to two columns.

    `administrations` are those whose external IDs may come: key and name. Our own export names them in its headers.
    """
    own = {found.key for found in fields_for(kind)}
    remembered = dict(
        RememberedHeader.objects.filter(kind=kind, header_key__in=[header_key(h) for h in headers]).values_list(
            "header_key", "field"
        )
    )
    names = _names(kind)
    numbers = _number_headers(administrations)
    found, taken = Guess(), set[str]()
    parts = {remembered.get(key, names.get(key, "")) for key in map(header_key, headers) if key not in _LAST_OR_WHOLE}
    for column, header in enumerate(headers):
        key = header_key(header)
        meant = remembered.get(key)
        if meant != "" and kind == PartyKind.PERSON and key in _LAST_OR_WHOLE:
            meant = "last_name" if "first_name" in parts and "last_name" not in parts else "name"
        administration = None
        if meant is None and key in numbers:
            meant, administration = EXTERNAL_ID, numbers[key]
        if meant is None and key in _NAME_OR_CUSTOMER:
            meant = "is_customer" if _is_yes_no(samples, column) else "name"
        if meant is None:
            meant = names.get(key, "")
        if meant in taken or meant not in own:
            meant = ""
        if meant:
            taken.add(meant)
            found.administration = administration or found.administration
        found.mapping.append({"header": header[:200], "field": meant})
        if remembered.get(key) == "" and (names.get(key) in own or key in numbers or key in _NAME_OR_CUSTOMER):
            # It would be recognised: a person is told why it is not.
            found.mapping[-1]["left_out"] = "last time"
    if kind == PartyKind.PERSON and "name" in taken and taken & NAME_PARTS:
        _take_one_name(found.mapping, taken)
    return found


def _take_one_name(mapping: list[dict[str, str]], taken: set[str]) -> None:
    """Leave the whole name out where both parts of it have columns, else the one part."""
    spare = {"name"} if taken >= NAME_PARTS else NAME_PARTS
    for column in mapping:
        if column["field"] in spare:
            column["field"] = ""


def recognised(kind: str, cells: Iterable[str]) -> int:
    """How many fields these cells name, if they are headers."""
    names = _names(kind)
    return len({meant for cell in cells if (meant := names.get(header_key(cell)))})


def remember(kind: str, mapping: Iterable[dict[str, str]]) -> None:
    """Keep what a person said each header means, for the next file. A header that occurs twice is not kept."""
    meant: dict[str, str] = {}
    twice = set()
    for column in mapping:
        key = header_key(column["header"])
        if key in meant:
            twice.add(key)
        if key:
            meant[key] = column["field"]
    rows = [
        RememberedHeader(kind=kind, header_key=key, field=value) for key, value in meant.items() if key not in twice
    ]
    RememberedHeader.objects.bulk_create(
        rows, update_conflicts=True, update_fields=["field"], unique_fields=["kind", "header_key"]
    )


def label_of(key: str) -> str:
    """The name of a field for people; an unknown key stands for itself."""
    found = BY_KEY.get(TERM if key == f"{TERM}_id" else key)
    return str(found.label) if found else key


def _names(kind: str) -> dict[str, str]:
    names: dict[str, str] = {}
    # In a file of contacts "company" heads the company and not the name.
    own = sorted(fields_for(kind), key=lambda found: found.people is None)
    for found in own:
        for text in (*found.headers, found.key.replace("_", " ")):
            names.setdefault(text, found.key)
    for language in (*LANGUAGES, get_language() or "en"):
        with override(language):
            for found in own:
                names.setdefault(header_key(str(found.label)), found.key)
    return names


def _number_headers(administrations: Iterable[tuple[int, str]]) -> dict[str, int]:
    """The headers under which our own export tells the external IDs of each administration, in every language."""
    rows = list(administrations)
    found: dict[str, int] = {}
    for language in (*LANGUAGES, get_language() or "en"):
        with override(language):
            for pk, name in rows:
                title = gettext("External ID in %(administration)s") % {"administration": name}
                found.setdefault(header_key(title), pk)
    return found


def _is_yes_no(samples: Sequence[Sequence[str]], column: int) -> bool:
    from .values import is_yes_no

    cells = [row[column] for row in samples if column < len(row) and row[column]]
    return bool(cells) and all(is_yes_no(cell) for cell in cells)
