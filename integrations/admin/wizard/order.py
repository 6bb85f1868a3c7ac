"""The steps in their order."""

from __future__ import annotations

from .ending import Automatic, Check, Import
from .filling import Accounts, Journals, VatCodes
from .frame import Step
from .starting import Access, AdministrationStep, SignIn, Situation

STEPS: tuple[Step, ...] = (
    Situation(),
    SignIn(),
    Access(),
    AdministrationStep(),
    Journals(),
    VatCodes(),
    Accounts(),
    Import(),
    Automatic(),
    Check(),
)
