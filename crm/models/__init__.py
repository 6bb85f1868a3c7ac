"""Customers and suppliers: one table of parties, seen as companies and as contacts."""

from .party import Company, CompanyContact, Contact, Party, PartyKind, VatType
from .tag import Tag

__all__ = ["Company", "CompanyContact", "Contact", "Party", "PartyKind", "Tag", "VatType"]
