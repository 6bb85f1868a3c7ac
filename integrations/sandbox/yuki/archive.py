"""Archive.asmx: what was filed, and uploads that somebody at the tool books later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..store import Row
from . import entries
from .soap import Fault, element, parent
from .world import Administration, Domain, new_id

_PLAIN = ' xmlns=""'
_KINDS = {0: "Document", 2: "Purchase invoice", 6: "Sales invoice"}
LARGEST = 3 * 1024 * 1024  # bytes before base64; a request of four megabytes is refused there


def folders(domain: Domain) -> str:
    """Return the folders of the archive."""
    inner = "".join(
        parent(
            "DocumentFolder",
            element("Description", name) + element("Icon", "label.png") + element("ProcessedByYuki", "True"),
            f' ID="{key}"',
        )
        for key, name in domain.info["folders"]
    )
    return parent("DocumentFolders", inner, _PLAIN)


def in_folder(domain: Domain, wanted: dict[str, Any], *, by_change: bool) -> str:
    """Return documents of a folder by date, or those changed since; of every administration of the domain."""
    rows = [
        row
        for row in domain["archive"]
        if row["folder"] == wanted["folderID"] and domain.world.is_due(row, "archive_delay_seconds")
    ]
    if by_change:
        since: datetime = wanted["modifiedSince"]
        rows = [row for row in rows if datetime.fromisoformat(row["modified"]) >= since]
    else:
        start, end = wanted["startDate"].date().isoformat(), wanted["endDate"].date().isoformat()
        rows = [row for row in rows if start <= row["date"] <= end]
    column = {"Created": "created", "Modified": "modified", "DocumentDate": "date", "ContactName": "contact"}
    order = wanted["sortOrder"]
    rows.sort(
        key=lambda row: (row[column[order.removesuffix("Asc").removesuffix("Desc")]], row["ID"]),
        reverse=order.endswith("Desc"),
    )
    first = max((wanted["startRecord"] or 0) - domain.world.settings["first_record"], 0)
    count = min(wanted["numberOfRecords"] or 0, domain.world.settings["records_most"])
    return documents(rows[first : first + count])


def documents(rows: list[Row]) -> str:
    """Return documents as the archive lists them."""
    inner = "".join(
        parent(
            "Document",
            element("Subject", row["subject"])
            + element("DocumentDate", row["date"])
            + element("Amount", row["amount"])
            + element("Folder", row["folder"], ID=row["folder"])
            + element("Tab")
            + element("Type", row["type"])
            + element("TypeDescription", _KINDS.get(row["type"], "Document"))
            + element("FileName", row["file_name"])
            + element("ContactName", row["contact"])
            + element("Reference", row["reference"])
            + element("Created", row["created"])
            + element("Modified", row["modified"]),
            f' ID="{row["ID"]}"',
        )
        for row in rows
    )
    return parent("Documents", inner, _PLAIN)


def upload(administration: Administration, wanted: dict[str, Any]) -> str:
    """Keep a file, or two that belong together, and return the id of the new document."""
    pairs = [
        (wanted.get(f"fileName{place}"), wanted.get(f"data{place}"))
        for place in ("", "1", "2")
        if wanted.get(f"fileName{place}") or wanted.get(f"data{place}")
    ]
    if not pairs or any(not name or not data for name, data in pairs):
        raise Fault("The document has no name or no data.")
    if any(len(data or b"") > LARGEST for _, data in pairs):
        raise Fault("Maximum request length exceeded.")
    if wanted["folder"] not in {key for key, _ in administration.domain.info["folders"]}:
        raise Fault(f"Folder {wanted['folder']} does not exist.")
    names = [(str(name), (data or b"").hex()) for name, data in pairs]
    row = entries.file_document(
        administration,
        new_id(),
        folder=wanted["folder"],
        file_name=names[0][0],
        data=names[0][1],
        attachment=names[1] if len(names) > 1 else None,
        amount=wanted.get("amount", entries.ZERO),
    )
    return str(row["ID"])
