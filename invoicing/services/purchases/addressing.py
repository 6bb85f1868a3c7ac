"""Which of our entities a document is addressed to."""

from __future__ import annotations

from dataclasses import dataclass

from crm.numbers import enterprise_number_of, normalise_enterprise_number, normalise_vat_number

from ...models import CompanyEntity, Quarantine
from ...peppol.document import Identifier, Party

BELGIAN_NUMBER, BELGIAN_VAT, DUTCH_NUMBER, DUTCH_VAT = "0208", "9925", "0106", "9944"
_ENTERPRISE_SCHEMES = {BELGIAN_NUMBER: "BE", DUTCH_NUMBER: "NL"}
_VAT_SCHEMES = {BELGIAN_VAT: "BE", DUTCH_VAT: "NL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The identifiers of a party, normalised so that two spellings of one compare equal. Any may be empty."""

    endpoint: str = ""  # "0208:0123456749", lower case
    vat: str = ""
    enterprise: str = ""

    def __bool__(self) -> bool:
        return bool(self.endpoint or self.vat or self.enterprise)

    @property
    def strongest(self) -> str:
        """One text for the party, that of the number that says most. Empty without any number."""
        if self.enterprise:
            return f"enterprise:{self.enterprise}"
        if self.vat:
            return f"vat:{self.vat}"
        return f"endpoint:{self.endpoint}" if self.endpoint else ""


def endpoint_text(identifier: Identifier | None) -> str:
    """A Peppol address as it is compared: network names regard no case (sheet on Peppol, section 4)."""
    if identifier is None or not identifier.value:
        return ""
    return "".join(str(identifier).split()).lower().removeprefix("iso6523-actorid-upis::")


def numbers_of(party: Party, envelope: Identifier | None = None) -> Numbers:
    """The numbers of a party of a document; the envelope's address is believed before the document's own."""
    endpoint = endpoint_text(envelope) or endpoint_text(party.endpoint)
    country = party.address.country.upper()
    vat = normalise_vat_number(party.vat_number, country)
    enterprise = ""
    for identifier in (party.legal_id, *party.identifiers, envelope, party.endpoint):
        if identifier is None or not identifier.value:
            continue
        value = identifier.value.strip()
        if identifier.scheme in _ENTERPRISE_SCHEMES and not enterprise:
            enterprise = normalise_enterprise_number(value, _ENTERPRISE_SCHEMES[identifier.scheme])
        elif identifier.scheme in _VAT_SCHEMES and not vat:
            vat = normalise_vat_number(value, _VAT_SCHEMES[identifier.scheme])
        elif identifier is party.legal_id and not identifier.scheme and not enterprise:
            # Without a scheme it may be the VAT number with its prefix.
            if value[:2].isalpha() and not vat:
                vat = normalise_vat_number(value, country)
            else:
                enterprise = normalise_enterprise_number(value, country)
    return Numbers(endpoint=endpoint, vat=vat, enterprise=enterprise or enterprise_number_of(vat))


def numbers_of_entity(entity: CompanyEntity) -> Numbers:
    vat = normalise_vat_number(entity.vat_number, entity.country)
    enterprise = normalise_enterprise_number(entity.enterprise_number, entity.country) or enterprise_number_of(vat)
    endpoint = "".join(entity.peppol_id.split()).lower()
    return Numbers(endpoint=endpoint, vat=vat, enterprise=enterprise)


def find_entity(
    buyer: Numbers, *, wanted: CompanyEntity | None = None, chosen: CompanyEntity | None = None
) -> tuple[CompanyEntity | None, str]:
    """Return the entity that the buyer's numbers name, or None with the reason to keep the document apart.

    Every number that we know has to name the same entity: a document for two of ours is nobody's. Entities that share
    a number (domain rules 10) are told apart by their other numbers, then by whoever brought the document. `wanted`: the
    entity whose access point delivered it; another one is not given to it, and not given away either. `chosen`: what a
    person said, which decides between entities and overrules no number.
    """
    entities = list(CompanyEntity.objects.all())
    named = {entity.pk: numbers_of_entity(entity) for entity in entities}
    named = {pk: numbers for pk, numbers in named.items() if _shared(buyer, numbers)}
    if not named:
        return None, Quarantine.NOT_OURS
    every = set().union(*(_shared(buyer, numbers) for numbers in named.values()))
    fitting = [entity for entity in entities if entity.pk in named and _shared(buyer, named[entity.pk]) == every]
    by_whom = wanted or chosen
    if len(fitting) > 1 and by_whom is not None:
        fitting = [entity for entity in fitting if entity.pk == by_whom.pk]
    if len(fitting) != 1:
        return None, Quarantine.SEVERAL
    (found,) = fitting
    if wanted is not None and wanted.pk != found.pk:
        return None, Quarantine.OTHER_ENTITY
    return found, ""


def _shared(one: Numbers, other: Numbers) -> set[str]:
    """The kinds of number that both have and that are equal."""
    kinds = ("endpoint", "vat", "enterprise")
    return {kind for kind in kinds if (mine := getattr(one, kind)) and mine == getattr(other, kind)}
