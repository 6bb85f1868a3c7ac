"""Octopus as the registry lists it."""

from __future__ import annotations

from ..base.provider import Provider
from ..base.records import CatalogueKind
from ..base.signin import Opening, SignInKind, Site, Tool, ToolRight
from .auth import CREDENTIAL_FIELDS, OctopusSignIn
from .limits import ACCOUNTS, BOOKYEARS, CURRENCIES, JOURNALS, LIMITS, VAT_CODES
from .matching import party_number
from .provider import OctopusProvider
from .rights import RIGHTS

_HOUR = 3600


def _open(opening: Opening) -> Provider:
    return OctopusProvider(opening)


OCTOPUS = Tool(
    key=OctopusProvider.key,
    label="Octopus",
    sign_in=SignInKind.PASSWORD,
    sites=(Site(code="be", label="Belgium", base_url="https://service.inaras.be/octopus-rest-api/v1"),),
    capabilities=OctopusProvider.capabilities,
    limits=LIMITS,
    open=_open,
    log_in=OctopusSignIn,
    credential_fields=CREDENTIAL_FIELDS,
    rights=tuple(ToolRight(code=right.code, right=right.right, needed_for=right.needed_for) for right in RIGHTS),
    sign_in_hint="Use an Octopus user of type U or K; an accountant's user (B) needs the web service module.",
    where_rights_are_given="Management > Users",
    where_to_look="Management > Journals",
    # A hint beside the account's own number: Belgian charts number revenue this way.
    revenue_prefixes={"BE": ("70",)},
    problem_codes={
        "period-closed": "PER-501",
        "period-missing": "PER-506",
        "cost-centre": "LED-607",
        "number-in-books": "NUM-520",
    },
    party_number=party_number,
    list_operations={
        CatalogueKind.LEDGER_ACCOUNTS.value: ACCOUNTS,
        CatalogueKind.VAT_CODES.value: VAT_CODES,
        CatalogueKind.CURRENCIES.value: CURRENCIES,
        CatalogueKind.JOURNALS.value: JOURNALS,
        CatalogueKind.FISCAL_PERIODS.value: BOOKYEARS,
    },
    # Two readings a day of each of the first three are all there are, and one of them is for people.
    list_seconds={
        CatalogueKind.LEDGER_ACCOUNTS.value: 20 * _HOUR,
        CatalogueKind.VAT_CODES.value: 20 * _HOUR,
        CatalogueKind.CURRENCIES.value: 30 * 24 * _HOUR,
        CatalogueKind.JOURNALS.value: 6 * _HOUR,
        CatalogueKind.FISCAL_PERIODS.value: 6 * _HOUR,
    },
)
