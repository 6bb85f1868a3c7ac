"""Connections, mirrors of the tools' lists, links, postings, runs and issues."""

from .catalogue import FiscalPeriod, Journal, ToolLedgerAccount, ToolPaymentTerm, VatCode
from .connection import Administration, CallCounter, Connection, ConnectionStatus, Grant, GrantStatus, SignInAttempt
from .issues import Issue
from .links import ContactLink, LedgerLink, LinkDirection, LinkRole, PartyLink, ReleasedLink, ToolParty, VatLink
from .module import Module
from .notifications import Notification, NotificationKind, NotificationPreference, NotificationTarget
from .postings import IN_BOOKS, SENT, BookedReference, Posting, PostingState, SettlementItem, Unplaced
from .runs import UNFINISHED, Exchange, Heartbeat, RunState, RunStep, RunTrigger, SyncRun, WaitsFor

__all__ = [
    "IN_BOOKS",
    "SENT",
    "UNFINISHED",
    "Administration",
    "BookedReference",
    "CallCounter",
    "Connection",
    "ConnectionStatus",
    "ContactLink",
    "Exchange",
    "FiscalPeriod",
    "Grant",
    "GrantStatus",
    "Heartbeat",
    "Issue",
    "Journal",
    "LedgerLink",
    "LinkDirection",
    "LinkRole",
    "Module",
    "Notification",
    "NotificationKind",
    "NotificationPreference",
    "NotificationTarget",
    "PartyLink",
    "Posting",
    "PostingState",
    "ReleasedLink",
    "RunState",
    "RunStep",
    "RunTrigger",
    "SettlementItem",
    "SignInAttempt",
    "SyncRun",
    "ToolLedgerAccount",
    "ToolParty",
    "ToolPaymentTerm",
    "Unplaced",
    "VatCode",
    "VatLink",
    "WaitsFor",
]
