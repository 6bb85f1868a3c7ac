"""What a person would most likely choose in the wizard, each with its reason. Reads rows, asks no tool, saves nothing.

A suggestion is made when exactly one row fits; of two that fit equally a person chooses. Source: S-087, S-089,
S-114, S-115, S-119; ui sheet, section 4.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.names import name_key
from crm.numbers import normalise_vat_number
from invoicing.models import CompanyEntity, PaymentTerm, VatCategory, VatRate

from ..base.records import AccountKind, AdministrationRecord, JournalKind, PaymentMethod
from ..models import Journal, LinkDirection, ToolLedgerAccount, ToolPaymentTerm, VatCode
from ..sync.terms import OfferedTerm, OwnTerm, match_payment_term


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`code` is the tool's code, empty where a person has to choose; `reason` is a sentence for the page."""

    code: str
    reason: str
    candidates: tuple[str, ...] = ()

    @property
    def needs_a_person(self) -> bool:
        return not self.code and len(self.candidates) > 1


NOTHING = Suggestion("", "")

# --- what a rate, a VAT code or an account is for, by its words in Dutch, French and English ------------------------

_EU = re.compile(
    r"\bintra-? ?(c|eu\b|ue\b)|binnen (de )?eu|\beu\b|\bicp\b|\bue\b|européenne|europese unie|european union", re.I
)
_SERVICE = re.compile(r"dienst|service|prestation", re.I)
_OUTSIDE = re.compile(
    r"uitvoer|export|invoer|\bimport(?!an)|extra-?commun|derde land|pays tiers|third countr"
    r"|buiten (de )?(eu|europ)|hors (de )?(l'|la )?(ue|eu|union|cee|europe)\b|outside (of )?(the )?(eu|europ)"
    r"|\b(niet|non|not)[ -]((binnen|in|within) )?((de|the) )?(eu|ue)\b",
    re.I,
)
_WITHIN_EXPORT = re.compile(r"(export|uitvoer)\w*( \w+)? (binnen|within|intra)|(?<!not )within", re.I)
_TRIANGLE = re.compile(r"driehoek|triang", re.I)
_REVERSE = re.compile(r"verlegd|verlegging|mede-?contract|co-?contract|reverse charge|auto-?liquid", re.I)
_EXEMPT = re.compile(r"vrijgesteld|exon[ée]r|exempt|art\. ?44", re.I)
_OUT_OF_SCOPE = re.compile(r"toepassingsgebied|hors champ|niet onderworpen|geen btw|not subject", re.I)
_DISTANCE = re.compile(r"afstand|distance|installat", re.I)
_OLD = re.compile(r"\boude?\b|niet gebruiken|niet meer|tot (oktober )?\d{4}|ancien|\bold\b", re.I)
# Codes beside the ordinary one of their percentage, which a person has to ask for: schemes, limits, purposes.
_APART = re.compile(
    r"\bm?oss\b|\bmarge|\bmargin|aftrekb|déductib|deductib|autokost|voiture|invester|investiss|investment"
    r"|bedrijfsmiddel|immobilis|\bincl|\btvac\b|\bttc\b|kasticket",
    re.I,
)
_DISCOUNT = re.compile(r"korting|rabat|ristorn|remise|escompte|discount|réduction", re.I)
# Discounts for early payment, and those that others give us, are no discounts on what is sold.
_OTHER_DISCOUNT = re.compile(
    r"betaling|contant|financ|escompte|paiement|payment|ontvangen|verkregen|obten|received|inkoop|aankoop|achat|purchase",
    re.I,
)
_CREDIT = re.compile(r"[ck]r[ée]die?t|\bavoirs?\b", re.I)
_RETURN = re.compile(r"retour|return", re.I)
_SALES_NAME = re.compile(r"verkoop|verkopen|vente|sales|omzet|revenue|factu|invoice", re.I)
_PURCHASE_NAME = re.compile(r"aankoop|aankopen|inkoop|inkopen|achat|purchase", re.I)
_SPECIAL = re.compile(
    r"valuta|winkel|kassa|intercompany|btw|usd|contant|\bm?oss\b|devise|dagontvangst|recettes|webshop|pro-?forma", re.I
)
# Of a code that is listed for both directions, its name may still say which one it is for.
_SALES_ONLY = re.compile(r"verko|omzet|levering|uitvoer|export|vente|livraison|sales|supply|supplies", re.I)
_PURCHASE_ONLY = re.compile(
    r"aanko|inko|verwerving|invoer|\bimport(?!an)|voorbelasting|achat|acquisition|purchas", re.I
)

# An account for one rate alone.
_ONE_RATE = re.compile(r"\d ?%|\bhoo?ge?\b|\blaa?ge?\b|nultarief|taux zéro|zero rate", re.I)
# Words of the Dutch rates, where accounts name these instead of a percentage.
_DUTCH_WORDS = {Decimal(21): re.compile(r"\bhoo?ge?\b", re.I), Decimal(9): re.compile(r"\blaa?ge?\b", re.I)}


def _sense_of_words(text: str) -> str:
    """The special treatment that a text names; empty for an ordinary one."""
    text = re.sub(r"\b([eu])\. ?([eu])\b\.?", r"\1\2", text, flags=re.I)
    for sense, pattern in (("triangle", _TRIANGLE), ("distance", _DISTANCE), ("scope", _OUT_OF_SCOPE)):
        if pattern.search(text):
            return sense
    if _OUTSIDE.search(text) and not _WITHIN_EXPORT.search(text):
        return "export"
    if _EU.search(text):
        return "eu-services" if _SERVICE.search(text) else "eu-goods"
    if _REVERSE.search(text):
        return "reverse"
    if _EXEMPT.search(text):
        return "exempt"
    return "apart" if _APART.search(text) else ""


def _sense_of_rate(rate: VatRate) -> str:
    named = _sense_of_words(rate.name)
    match rate.category:
        case VatCategory.S:
            return ""
        case VatCategory.Z:
            return "zero"
        case VatCategory.E:
            return "exempt"
        case VatCategory.AE:
            return "eu-services" if named.startswith("eu-") else "reverse"
        case VatCategory.K:
            return named if named in ("triangle", "eu-services") else "eu-goods"
        case VatCategory.G:
            return "export"
    return named or "scope"


def _reason(sense: str, direction: str) -> str:
    sales = direction == LinkDirection.SALES
    reasons = {
        "": _("Same percentage, exclusive, sales") if sales else _("Same percentage, exclusive, purchases"),
        "zero": _("Zero rate, sales") if sales else _("Zero rate, purchases"),
        "exempt": _("Exempt from VAT"),
        "reverse": _("Reverse charge, sales") if sales else _("Reverse charge, purchases"),
        "eu-goods": _("Intra-EU supply of goods") if sales else _("Intra-EU purchase of goods"),
        "eu-services": _("Services within the EU, sales") if sales else _("Services within the EU, purchases"),
        "triangle": _("Triangular supply"),
        "export": _("Export outside the EU") if sales else _("Import from outside the EU"),
        "distance": _("Distance sales and installation in the EU"),
        "scope": _("Not subject to VAT"),
    }
    return reasons[sense]


def _chosen(fitting: Sequence[str], reason: str) -> Suggestion:
    """The only one that fits with its reason, or the question which of several."""
    if len(fitting) == 1:
        return Suggestion(fitting[0], reason, (fitting[0],))
    if not fitting:
        return NOTHING
    if len(fitting) == 2:
        words = _("Two fit: %(a)s and %(b)s. You decide.") % {"a": fitting[0], "b": fitting[1]}
    else:
        shown = ", ".join(fitting[:4]) + (" …" if len(fitting) > 4 else "")
        words = _("%(n)d fit: %(codes)s. You decide.") % {"n": len(fitting), "codes": shown}
    return Suggestion("", words, tuple(fitting))


# --- VAT codes -----------------------------------------------------------------------------------------------------


def hidden_because(code: VatCode, country: str) -> str:
    """Why a code is not offered to an entity of `country`: inclusive, inactive or foreign; empty when it is."""
    if code.inclusive:
        return "inclusive"
    if not code.active:
        return "inactive"
    if code.country and code.country != country:
        return "foreign"
    return ""


def suggest_vat_code(rate: VatRate, percentage: Decimal | None, direction: str, codes: Iterable[VatCode]) -> Suggestion:
    """The code of the tool that belongs to `rate` in `direction`; of old and foreign codes none is suggested.

    A standard rate needs the same percentage and no special treatment; the other categories are told apart by
    what the code is for, since they all say nought on sales.
    """
    if percentage is None:
        return NOTHING
    sense = _sense_of_rate(rate)
    fitting = []
    for code in codes:
        if hidden_because(code, rate.country) or code.direction not in ("both", direction) or _OLD.search(code.name):
            continue
        if not _named_for_other_direction(code, direction) and _is_for(code, rate, sense, percentage, direction):
            fitting.append(code)
    if sense == "export" and rate.category == VatCategory.O:
        # Services that we give, not goods. In Belgium both go into box 47, so the code of goods does where it is alone.
        services = [code for code in fitting if _SERVICE.search(code.name) and direction == LinkDirection.SALES]
        fitting = services or (fitting if rate.country == "BE" and direction == LinkDirection.SALES else [])
    return _chosen([code.code for code in fitting], _reason(sense, direction))


def _named_for_other_direction(code: VatCode, direction: str) -> bool:
    if code.direction != "both":
        return False
    sales, purchase = _SALES_ONLY.search(code.name) is not None, _PURCHASE_ONLY.search(code.name) is not None
    return (purchase and not sales) if direction == LinkDirection.SALES else (sales and not purchase)


def _is_for(code: VatCode, rate: VatRate, sense: str, percentage: Decimal, direction: str) -> bool:
    """Whether a code that is offered says the same as the rate."""
    theirs = _sense_of_words(code.name)
    if theirs == "apart" and code.country and code.country == rate.country:
        theirs = ""  # a one-stop-shop code of the very country that the rate is of
    if sense in ("", "zero"):
        return code.percentage == percentage and not theirs and not code.reverse_charge
    if theirs != sense:
        return False
    if direction == LinkDirection.PURCHASE and sense not in ("exempt", "scope"):
        # A code for both directions that says nothing of purchases was most likely made for sales.
        return code.direction != "both" or sense not in ("export", "triangle", "distance")
    # Goods that leave the Union and services to abroad are reported apart.
    if sense == "export" and _SERVICE.search(code.name) and not _SERVICE.search(rate.name):
        return False
    return not code.percentage


# --- ledger accounts -------------------------------------------------------------------------------------------------


def suggest_account(
    rate: VatRate,
    percentage: Decimal | None,
    direction: str,
    accounts: Iterable[ToolLedgerAccount],
    used: Mapping[str, int],
) -> Suggestion:
    """The account for lines of `rate`: the one most of our lines with that rate have, else the one that names it."""
    offered = usable_accounts(accounts, direction)
    here = {account.code for account in offered}
    most = sorted(((n, code) for code, n in used.items() if code in here), key=lambda pair: (-pair[0], pair[1]))
    if most and (len(most) == 1 or most[0][0] > most[1][0]):
        number, code = most[0]
        return Suggestion(code, _("On %(n)d of your lines with this rate") % {"n": number}, (code,))
    sense = _sense_of_rate(rate)
    fitting = [
        account.code
        for account in offered
        # Costs have percentages and foreign words in their names for many a reason; only those of purchases count.
        if (direction == LinkDirection.SALES or _PURCHASE_NAME.search(account.name))
        and _account_names(account, rate, sense, percentage)
    ]
    return _chosen(fitting, _("Its name says the same"))


def usable_accounts(accounts: Iterable[ToolLedgerAccount], direction: str) -> list[ToolLedgerAccount]:
    """Active accounts that document lines of a direction may use without more being asked."""
    kind = AccountKind.REVENUE if direction == LinkDirection.SALES else AccountKind.COST
    return [
        account
        for account in accounts
        if account.active and account.bookable and not account.needs_cost_centre and account.kind == kind
    ]


def _account_names(account: ToolLedgerAccount, rate: VatRate, sense: str, percentage: Decimal | None) -> bool:
    name = account.name
    if _OLD.search(name) or _DISCOUNT.search(name):
        return False
    theirs = _sense_of_words(name)
    if sense == "zero":
        return theirs == "" and re.search(r"nultarief|taux zéro|zero rate|\b0 ?%", name, re.I) is not None
    if sense:
        return theirs == sense
    if theirs or percentage is None:
        return False
    figure = f"{percentage.normalize():f}"
    if re.search(rf"(?<![\d,.]){re.escape(figure)} ?%", name.replace(",", ".")):
        return True
    word = _DUTCH_WORDS.get(percentage.normalize()) if rate.country == "NL" else None
    return word is not None and word.search(name) is not None


def suggest_discount_account(accounts: Iterable[ToolLedgerAccount]) -> Suggestion:
    """The revenue account whose name speaks of discounts given."""
    offered = usable_accounts(accounts, LinkDirection.SALES)
    fitting = [
        account.code
        for account in offered
        if _DISCOUNT.search(account.name) and not _OTHER_DISCOUNT.search(account.name) and not _OLD.search(account.name)
    ]
    return _chosen(fitting, _("Its name speaks of discounts"))


def suggest_default_account(accounts: Iterable[ToolLedgerAccount], used: Mapping[str, int]) -> Suggestion:
    """The revenue account that most of our lines have, unless its name is about some of them only.

    It takes every line that nothing else names an account for, so one of a single rate or treatment would be wrong
    unseen; for the same reason none is taken from the chart.
    """
    names = {a.code: a.name for a in usable_accounts(accounts, LinkDirection.SALES) if not _OLD.search(a.name)}
    most = sorted(((n, code) for code, n in used.items() if code in names), key=lambda pair: (-pair[0], pair[1]))
    if not most or (len(most) > 1 and most[0][0] == most[1][0]):
        return NOTHING
    number, code = most[0]
    if _DISCOUNT.search(names[code]) or _ONE_RATE.search(names[code]) or _sense_of_words(names[code]):
        return NOTHING
    return Suggestion(code, _("On %(n)d of your lines") % {"n": number}, (code,))


# --- journals and the administration -----------------------------------------------------------------------------------


def suggest_journals(journals: Iterable[Journal]) -> dict[str, Suggestion]:
    """Journals by usual names, for the keys of `save_settings`: invoice, credit_note, and the two of purchases."""
    active = [journal for journal in journals if journal.active and not _OLD.search(journal.name)]
    sales = [journal for journal in active if journal.kind == JournalKind.SALES]
    purchases = [journal for journal in active if journal.kind == JournalKind.PURCHASE]
    return {
        "invoice": _journal(sales, lambda name: not _CREDIT.search(name), _SALES_NAME),
        "credit_note": _journal(sales, lambda name: bool(_CREDIT.search(name)), _SALES_NAME),
        "purchase_invoice": _journal(purchases, lambda name: not _CREDIT.search(name), _PURCHASE_NAME),
        "purchase_credit_note": _journal(purchases, lambda name: bool(_CREDIT.search(name)), _PURCHASE_NAME),
    }


def _journal(journals: Sequence[Journal], wanted: Callable[[str], bool], usual: re.Pattern[str]) -> Suggestion:
    fitting = [j for j in journals if wanted(j.name) and not _SPECIAL.search(j.name) and not _RETURN.search(j.name)]
    named = [journal for journal in fitting if usual.search(journal.name)]
    # Without a usual name only the one journal of its kind is meant for sure.
    alone = [journal for journal in journals if wanted(journal.name)] == fitting and len(fitting) == 1
    chosen = named or (fitting if alone else [])
    return _chosen([journal.code for journal in chosen], _("Usual name") if named else _("The only one"))


def suggest_administration(entity: CompanyEntity, records: Sequence[AdministrationRecord]) -> Suggestion:
    """The open administration with the entity's VAT number, else with its name; never one with another number."""
    own = normalise_vat_number(entity.vat_number, entity.country)
    numbers = {r.external_id: normalise_vat_number(r.vat_number, r.country) for r in records if r.is_open}
    opened = [r for r in records if r.is_open and (not own or numbers[r.external_id] in ("", own))]
    same = [r for r in opened if own and numbers[r.external_id] == own]
    if len(same) == 1:
        return Suggestion(same[0].external_id, _("Same VAT number"), (same[0].external_id,))
    named = [r.external_id for r in same or opened if name_key(r.name) == name_key(entity.name)]
    if len(named) == 1:
        return Suggestion(named[0], _("Same name"), tuple(named))
    if len(numbers) == len(opened) == 1:
        return Suggestion(opened[0].external_id, _("The only open one"), (opened[0].external_id,))
    return NOTHING


def suggest_payment_term(own: PaymentTerm | None, offered: Iterable[ToolPaymentTerm]) -> Suggestion:
    """The tool's term that equals our standard one, by the rule documents go by (S-101)."""
    if own is None:
        return NOTHING
    terms = [
        OfferedTerm(
            code=term.code,
            days=term.days,
            month_ends=term.month_ends,
            method=PaymentMethod(term.method),
            has_discount=term.has_discount,
            active=term.active,
        )
        for term in offered
    ]
    found = match_payment_term(OwnTerm(kind=own.kind, days=own.days, direct_debit=own.direct_debit), terms)
    if found is None:
        return NOTHING
    return Suggestion(found.code, _("The same as your standard term, %(term)s") % {"term": own}, (found.code,))
