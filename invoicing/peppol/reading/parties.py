"""Sellers, buyers and who else stands in a document, with their addresses."""

from __future__ import annotations

from invoicing.peppol.document import Address, Contact, Delivery, Identifier, Party
from invoicing.peppol.reading.source import Source


def trading_party(around: Source, name: str) -> Party:
    """Seller or buyer, without whom there is no invoice."""
    return party(around.only_part(name).only_part("Party"))


def party(source: Source) -> Party:
    vat_number = tax_number = ""
    for registration in source.parts("PartyTaxScheme"):
        scheme = registration.part("TaxScheme")
        number = registration.identifier("CompanyID")
        # Without a scheme it is what everybody means by it.
        if scheme is None or scheme.identifier("ID").upper() in ("", "VAT"):
            vat_number = vat_number or number
        else:
            tax_number = tax_number or number
    legal = next(source.parts("PartyLegalEntity"), None)
    contact = next(source.parts("Contact"), None)
    names = (part.line("Name") for part in source.parts("PartyName"))
    return Party(
        endpoint=source.with_scheme("EndpointID"),
        identifiers=tuple(filter(None, (part.with_scheme("ID") for part in source.parts("PartyIdentification")))),
        name=next(filter(None, names), ""),
        legal_name=legal.line("RegistrationName") if legal else "",
        legal_id=legal.with_scheme("CompanyID") if legal else None,
        legal_form=legal.line("CompanyLegalForm") if legal else "",
        vat_number=vat_number,
        tax_number=tax_number,
        address=address(source.part("PostalAddress")) or Address(),
        contact=Contact(
            name=contact.line("Name"), phone=contact.line("Telephone"), email=contact.line("ElectronicMail")
        )
        if contact
        else Contact(),
    )


def address(source: Source | None) -> Address | None:
    if source is None:
        return None
    country = source.part("Country")
    line = source.part("AddressLine")
    return Address(
        # The house number apart is the way of UBL.BE.
        street=" ".join(filter(None, (source.line("StreetName"), source.line("BuildingNumber")))),
        additional_street=source.line("AdditionalStreetName"),
        line=line.line("Line") if line else "",
        city=source.line("CityName"),
        postcode=source.line("PostalZone"),
        subdivision=source.line("CountrySubentity"),
        country=country.identifier("IdentificationCode").upper()[:2] if country else "",
    )


def delivery(source: Source | None) -> Delivery | None:
    if source is None:
        return None
    location = source.part("DeliveryLocation")
    receiver = source.part("DeliveryParty")
    place: Identifier | None = location.with_scheme("ID") if location else None
    return Delivery(
        day=source.day("ActualDeliveryDate"),
        location=place,
        address=address(location.part("Address")) if location else None,
        party_name=party(receiver).called if receiver else "",
    )
