"""Who the parties are, and whether their numbers can be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from invoicing.peppol.checks.words import error, warning
from invoicing.peppol.document import Document, Finding, Identifier, Party, gettext_noop

# Accepted for electronic addresses since May 2026. 0193 (UBL.BE), 9956 and 9954 are among those that were taken out.
_SCHEME_CODES = (
    "0002 0007 0009 0060 0088 0096 0097 0106 0130 0135 0142 0151 0183 0184 0188 0190 0191 0192 0195 0196 "
    "0198 0199 0200 0201 0204 0208 0209 0210 0211 0216 0218 0221 0225 0230 0235 0240 0242 0244 0245 0246 "
    "0248 9910 9913 9914 9915 9918 9919 9920 9922 9923 9924 9925 9926 9927 9928 9929 9930 9931 9932 9933 "
    "9934 9935 9936 9937 9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948 9949 9950 9951 9952 9953 "
    "9957 9959 "
)
SCHEMES = frozenset(_SCHEME_CODES.split())
_VAT_NUMBER = re.compile(r"[A-Z]{2}.*")
_SEPA = "SEPA"


def _is_belgian_enterprise(value: str) -> bool:
    return bool(re.fullmatch(r"[01][0-9]{9}", value)) and int(value[8:]) == 97 - int(value[:8]) % 97


def _is_gln(value: str) -> bool:
    # Of any length: the rule asks only for the check digit, and official examples have longer ones.
    return bool(re.fullmatch(r"[0-9]{2,}", value)) and value[-1] == str(
        -sum(int(sign) * (3, 1)[index % 2] for index, sign in enumerate(reversed(value[:-1]))) % 10
    )


_Rule = tuple[str, Callable[[str], object], Callable[..., Finding], str]
_RULES: Mapping[str, _Rule] = {
    "0088": (
        "PEPPOL-COMMON-R040",
        _is_gln,
        error,
        gettext_noop("“%(value)s” is not a valid GLN."),
    ),
    "0208": (
        "PEPPOL-COMMON-R043",
        _is_belgian_enterprise,
        error,
        gettext_noop("“%(value)s” is not a valid Belgian enterprise number."),
    ),
    "0106": (
        "PEPPOL-COMMON-R054",
        re.compile(r"[0-9]{8}").fullmatch,
        warning,
        gettext_noop("“%(value)s” is not a valid Dutch KVK number."),
    ),
    "0190": (
        "PEPPOL-COMMON-R055",
        re.compile(r"[0-9]{20}").fullmatch,
        warning,
        gettext_noop("“%(value)s” is not a valid Dutch OIN."),
    ),
    "9944": (
        "PEPPOL-COMMON-R056-1",
        re.compile(r"NL[0-9]{9}B[0-9]{2}").fullmatch,
        warning,
        gettext_noop("“%(value)s” is not a valid Dutch VAT number."),
    ),
    "0217": (
        "PEPPOL-COMMON-R057",
        re.compile(r"[0-9]{12}").fullmatch,
        warning,
        gettext_noop("“%(value)s” is not a valid Dutch establishment number."),
    ),
}


def findings(document: Document) -> Iterator[Finding]:
    seller, buyer = document.seller, document.buyer
    yield from _endpoint(
        seller, "PEPPOL-EN16931-R020", "BR-62", gettext_noop("The seller has no electronic address."), "seller"
    )
    yield from _endpoint(
        buyer, "PEPPOL-EN16931-R010", "BR-63", gettext_noop("The buyer has no electronic address."), "buyer"
    )
    for party, place, codes in ((seller, "seller", ("BR-06", "BR-09")), (buyer, "buyer", ("BR-07", "BR-11"))):
        if not party.legal_name:
            yield error(codes[0], gettext_noop("The registered name is missing."), place)
        if not party.address.country:
            yield error(codes[1], gettext_noop("The country is missing in the address."), place)
    if not (seller.vat_number or seller.legal_id or any(each.scheme != _SEPA for each in seller.identifiers)):
        yield error(
            "BR-CO-26", gettext_noop("The seller has neither a VAT number nor another number to know it by."), "seller"
        )
    for named, place in ((seller, "seller"), (buyer, "buyer"), (document.tax_representative, "tax representative")):
        if named and named.vat_number and not _VAT_NUMBER.fullmatch(named.vat_number):
            yield error(
                "BR-CO-09",
                gettext_noop("The VAT number %(number)s does not begin with a country."),
                place,
                number=named.vat_number[:40],
            )
    if document.payee and not document.payee.called:
        yield error("BR-17", gettext_noop("The payee has no name."), "payee")
    if document.tax_representative:
        if not document.tax_representative.called:
            yield error("BR-18", gettext_noop("The tax representative has no name."), "tax representative")
        if not document.tax_representative.vat_number:
            yield error("BR-56", gettext_noop("The tax representative has no VAT number."), "tax representative")
    if document.delivery and document.delivery.address and not document.delivery.address.country:
        yield error("BR-57", gettext_noop("The country is missing in the address."), "delivery")
    for named, place in ((seller, "seller"), (buyer, "buyer"), (document.payee, "payee")):
        if named:
            yield from _numbers(named, place)


def _endpoint(party: Party, absent: str, unnamed: str, text: str, place: str) -> Iterator[Finding]:
    if party.endpoint is None:
        yield warning(absent, text, place)
    elif not party.endpoint.scheme:
        yield error(unnamed, gettext_noop("The electronic address does not say of which kind it is."), place)
    elif party.endpoint.scheme not in SCHEMES:
        yield warning(
            "PEPPOL-EN16931-CL008",
            gettext_noop("Electronic addresses of the kind %(scheme)s are not used any more."),
            place,
            scheme=party.endpoint.scheme[:10],
        )


def _numbers(party: Party, place: str) -> Iterator[Finding]:
    seen: set[Identifier] = set()
    for identifier in (party.endpoint, *party.identifiers, party.legal_id):
        if identifier is None or identifier in seen or identifier.scheme not in _RULES:
            continue
        seen.add(identifier)
        code, is_valid, say, text = _RULES[identifier.scheme]
        if not is_valid(identifier.value):
            yield say(code, text, place, value=identifier.value[:40])
