"""The verbs that pages and commands call. Keyword-only, checked, logged; each states its transaction."""

from ..sync.runs import AlreadyRunning, ModuleOff, NotReady, start_sync
from .connecting import (
    begin_sign_in,
    check_access,
    choose_administration,
    complete_sign_in,
    connection_of_sign_in,
    list_administrations,
    log_in,
    start_connection,
)
from .consequences import Consequences, consequences_of, linked_since
from .copying import CopyRow, compare_links, copy_links, sources_for
from .errors import ConnectError, NeedsConfirmation
from .importing import last_import, start_import
from .module import set_module, why_closed
from .notifying import mark_all_read, save_preference
from .parties import candidates, change_external_id, link_party
from .postings import (
    PostingError,
    exclude,
    include,
    link_to_existing,
    not_the_same,
    refresh_from_tool,
    retry,
    send_again,
)
from .previewing import PartyPreview, PreviewLine, preview, preview_parties
from .settings import (
    check_start_date,
    deactivate,
    finish_setup,
    link_ledger,
    link_vat,
    load_lists,
    missing_settings,
    reactivate,
    readings_left,
    save_settings,
)
from .watching import progress

__all__ = [
    "AlreadyRunning",
    "ConnectError",
    "Consequences",
    "CopyRow",
    "ModuleOff",
    "NeedsConfirmation",
    "NotReady",
    "PartyPreview",
    "PostingError",
    "PreviewLine",
    "begin_sign_in",
    "candidates",
    "change_external_id",
    "check_access",
    "check_start_date",
    "choose_administration",
    "compare_links",
    "complete_sign_in",
    "connection_of_sign_in",
    "consequences_of",
    "copy_links",
    "deactivate",
    "exclude",
    "finish_setup",
    "include",
    "last_import",
    "link_ledger",
    "link_party",
    "link_to_existing",
    "link_vat",
    "linked_since",
    "list_administrations",
    "load_lists",
    "log_in",
    "mark_all_read",
    "missing_settings",
    "not_the_same",
    "preview",
    "preview_parties",
    "progress",
    "reactivate",
    "readings_left",
    "refresh_from_tool",
    "retry",
    "save_preference",
    "save_settings",
    "send_again",
    "set_module",
    "sources_for",
    "start_connection",
    "start_import",
    "start_sync",
    "why_closed",
]
