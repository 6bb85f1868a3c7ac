"""Customers and suppliers: one table of parties, seen as companies and as contacts; merges, segments and imports."""

from .binning import BinJob
from .duplicates import DuplicateJob, DuplicatePair, PairState
from .importing import ImportBatch, ImportRow, ImportState, RememberedHeader, RowOutcome
from .merging import Merge
from .party import Company, CompanyContact, Contact, Party, PartyKind, VatType
from .segments import BinnedParty, Segment
from .tag import Tag

__all__ = [
    "BinJob",
    "BinnedParty",
    "Company",
    "CompanyContact",
    "Contact",
    "DuplicateJob",
    "DuplicatePair",
    "ImportBatch",
    "ImportRow",
    "ImportState",
    "Merge",
    "PairState",
    "Party",
    "PartyKind",
    "RememberedHeader",
    "RowOutcome",
    "Segment",
    "Tag",
    "VatType",
]
