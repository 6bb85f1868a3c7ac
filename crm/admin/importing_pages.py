"""What the pages of an import show: columns, preview, progress, result. Each a few queries, whatever the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.figures import number
from integrations.models import Administration

from .. import merging
from ..importing import criteria, preview, services
from ..importing.criteria import Criterion, criterion_words, fact_words
from ..importing.fields import COMPANY_ID, EXTERNAL_ID, fields_for, label_of
from ..importing.filereader import CHOICES
from ..importing.words import note_words, refusal_words, shown_value
from ..models import ImportBatch, ImportRow, ImportState, PartyKind, RowOutcome, VatType

# Differences of one row that a page shows.
MOST_CHANGES = 8
PER_PAGE = 50
# What the name says already.
_PARTS = ("name", "first_name", "last_name")
ALL_ROWS = "all"
# Code pages by the names under which programs offer them.
_ENCODINGS = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "iso8859_15": "ISO 8859-15",
    "cp850": "DOS 850", "cp437": "DOS 437", "mac_roman": "Mac Roman",
}  # fmt: skip


def title(batch: ImportBatch) -> str:
    return _("Import contacts") if batch.kind == PartyKind.PERSON else _("Import companies")


def plural(batch: ImportBatch) -> str:
    return _("Contacts") if batch.kind == PartyKind.PERSON else _("Companies")


def upload_context() -> dict[str, Any]:
    return {"undo_days": settings.BOEKBRUG_IMPORT_UNDO_DAYS}


def term_names() -> dict[int, str]:
    return dict(apps.get_model("invoicing", "PaymentTerm").objects.values_list("pk", "name"))


# --- Columns ---


def columns_context(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    """A line per column: its header, first values, and the fields to choose from."""
    posted = request.POST if request.method == "POST" else None
    samples = batch.reading.get("samples", [])
    columns = []
    for index, column in enumerate(batch.mapping):
        meaning = posted.get(f"column-{index}", "") if posted else column["field"]
        values = [row[index] for row in samples if index < len(row) and row[index]][:3]
        columns.append(
            {
                "index": index,
                "header": column["header"] or _("Column %(n)s without a header") % {"n": index + 1},
                "field": meaning,
                "was_left_out": bool(column.get("left_out")),
                "samples": values,
            }
        )
    chosen = posted.get("administration", "") if posted else str(batch.administration_id or "")
    return {
        "columns": columns,
        "fields": [(found.key, capfirst(str(found.label))) for found in fields_for(batch.kind)],
        "administrations": Administration.objects.order_by("name", "pk"),
        "administration": chosen,
        "asks_administration": any(column["field"] in (EXTERNAL_ID, COMPANY_ID) for column in columns),
        "blank_empty": "blank_empty" in posted if posted else batch.blank_empty,
        "sheets": batch.reading.get("sheets", []),
        "sheet": posted.get("sheet", "") if posted else batch.reading.get("sheet", ""),
        "letters": _letters(batch),
        "encoding": posted.get("encoding", "") if posted else batch.reading.get("encoding", ""),
        "how": how_it_was_read(batch),
        "recognised": sum(1 for column in columns if column["field"]),
        "header_row": batch.reading.get("header_row", 0),
        "title_rows": bool(batch.reading.get("header_row")),
        "lacks_headers": not any(column["field"] or column["was_left_out"] for column in columns) and posted is None,
    }


def posted_columns(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    """What the columns page sends, as `services.set_up` takes it."""
    wanted = request.POST.get("administration", "")
    administration = Administration.objects.filter(pk=wanted if wanted.isdigit() else 0).first()
    return {
        "meanings": [request.POST.get(f"column-{index}", "") for index in range(len(batch.reading["headers"]))],
        "administration_id": administration.pk if administration else None,
        "blank_empty": "blank_empty" in request.POST,
    }


def posted_reading(request: HttpRequest, batch: ImportBatch) -> dict[str, str]:
    """Another sheet or other letters than the file was read with, as `services.read_anew` takes them; else empty."""
    offered = {"sheet": batch.reading.get("sheets", []), "encoding": [key for key, _name in _letters(batch)]}
    wished = {key: request.POST.get(key, "") for key, values in offered.items() if request.POST.get(key, "") in values}
    return wished if any(batch.reading.get(key, "") != value for key, value in wished.items()) else {}


def _letters(batch: ImportBatch) -> list[tuple[str, str]]:
    """The code pages to choose from; none where the file itself says which one it is."""
    encoding = batch.reading.get("encoding", "")
    return [(key, _ENCODINGS[key]) for key in CHOICES] if encoding in CHOICES else []


def how_it_was_read(batch: ImportBatch) -> str:
    """ "CSV, Windows-1252, columns cut at “;”" - how the bytes were taken, so that a person sees a wrong guess."""
    how = batch.reading
    if how.get("format") != "csv":
        return _("sheet %(sheet)s") % {"sheet": how.get("sheet", "")}
    signs = {"\t": _("tab"), ";": ";", ",": ",", "|": "|"}
    encoding = _ENCODINGS.get(how.get("encoding", ""), how.get("encoding", "").upper())
    return _("CSV, letters as %(encoding)s, columns cut at “%(sign)s”") % {
        "encoding": encoding, "sign": signs.get(how.get("delimiter", ""), how.get("delimiter", "")),
    }  # fmt: skip


# --- Preview ---


def preview_context(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    chosen = criteria.from_json(batch.criterion)
    rules = []
    for one in batch.summary.get("criteria", []):
        criterion = criteria.from_json(one)
        if criterion is None:
            continue
        rules.append(
            {
                "key": criterion.key,
                "words": criterion_words(criterion),
                "chosen": criterion == chosen,
                "counts": [(str(label), one["counts"].get(key, 0)) for key, label in RowOutcome.choices],
            }
        )
    counts = preview.chosen_counts(batch)
    shown = request.GET.get("show", "")
    if shown not in (*RowOutcome.values, ALL_ROWS):
        shown = next((one for one in ("edited", "added", "ambiguous", "wrong") if counts[one]), "unchanged")
    samples = batch.summary.get("samples", {}).get(chosen.key if chosen else "", {})
    rows = [row for one in RowOutcome.values if shown in (one, ALL_ROWS) for row in _as(one, samples.get(one, []))]
    rows = sorted(rows, key=lambda row: row["row"])[: preview.SHOWN]
    of = sum(counts.values()) if shown == ALL_ROWS else counts[shown]
    lacking = next(
        (one.get("lacking", 0) for one in batch.summary.get("criteria", []) if criteria.from_json(one) == chosen), 0
    )
    return {
        "used": ", ".join(capfirst(label_of(column["field"])) for column in batch.mapping if column["field"]),
        "rules": rules,
        "facts": [(fact, fact_words(fact)) for fact in criteria.facts_of(_fields(batch))],
        "outcomes": [str(label) for label in RowOutcome.labels],
        "chips": _chips(counts, shown),
        "shown": shown,
        "lines": [line for row in rows for line in _lines(row, term_names_of(request))],
        "shown_words": _shown_words(len(rows), of, shown),
        "has_more": of > len(rows),
        "left_out": _left_out_words(counts),
        "many_wrong": counts["wrong"] > len(rows) or counts["wrong"] * 10 > sum(counts.values()),
        "reasons": _reasons(batch.summary.get("reasons", {}).get(chosen.key if chosen else "", [])),
        "warned": _warned_words(batch.summary.get("warned")),
        "to_decide": sum(1 for row in samples.get("ambiguous", []) if _candidates(row)),
        "lacking": lacking,
        "lacking_words": _lacking_words(lacking, chosen),
        "button": _button(batch, counts),
        "undo_day": _undo_day(),
        "total": sum(counts.values()),
    }


def _reasons(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Why rows are left out, each with the number of rows and the first one as its example."""
    told = []
    for one in found:
        rows = ngettext("%(n)s row, row %(row)s:", "%(n)s rows, such as row %(row)s:", one["rows"])
        told.append(
            {"rows": rows % {"n": number(one["rows"]), "row": number(one["row"])}, "why": note_words(one["note"])}
        )
    return told


def _warned_words(warned: Mapping[str, Any] | None) -> str:
    """That country and VAT number of rows disagree, with the first as its example."""
    if not warned:
        return ""
    words = ngettext(
        "%(n)s row names another country than its VAT number; row %(row)s: %(why)s. It is imported as it stands, and "
        "no enterprise number is taken from it. Correct the file, or the company afterwards.",
        "%(n)s rows name another country than their VAT numbers; row %(row)s: %(why)s. They are imported as they "
        "stand, and no enterprise number is taken from them. Correct the file, or the companies afterwards.",
        warned["rows"],
    )
    return words % {"n": number(warned["rows"]), "row": number(warned["row"]), "why": note_words(warned["note"])}


def allowed(batch: ImportBatch, criterion: Criterion) -> Criterion | None:
    """The criterion, if the columns of the file can tell its facts."""
    facts = criteria.facts_of(_fields(batch))
    fits = criterion.facts and set(criterion.facts) <= set(facts)
    return criterion if fits and criterion.match in (criteria.ALL, criteria.ANY, criteria.FIRST) else None


def decide_context(batch: ImportBatch) -> dict[str, Any]:
    """The ambiguous rows with those of ours that they fit; the first fifty, the others follow once these are counted."""
    chosen = criteria.from_json(batch.criterion)
    samples = batch.summary.get("samples", {}).get(chosen.key if chosen else "", {}).get("ambiguous", [])
    rows = []
    for row in samples:
        if found := _candidates(row):
            rows.append(
                {
                    "number": row["row"],
                    "name": row["name"],
                    "why": note_words(row["notes"][0]),
                    "candidates": [(pk, name, _party_url(pk)) for pk, name in found],
                    "is_new": row["notes"][0]["reason"] == "row-twice",
                }
            )
    return {"rows": rows}


def _candidates(row: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Whom a person may choose from; rows that find one and the same company are decided in the file."""
    note = row["notes"][0] if row["notes"] else {}
    return (
        [tuple(found) for found in note.get("params", {}).get("names", [])] if note.get("reason") == "several" else []
    )


def term_names_of(request: HttpRequest) -> dict[int, str]:
    """The names of payment terms, asked once for a page."""
    kept: dict[int, str] | None = request.__dict__.get("_term_names")
    if kept is None:
        kept = request.__dict__["_term_names"] = term_names()
    return kept


def _fields(batch: ImportBatch) -> list[str]:
    return [column["field"] for column in batch.mapping if column["field"]]


def _as(outcome: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "outcome": outcome} for row in rows]


def _chips(counts: Mapping[str, int], shown: str) -> list[dict[str, Any]]:
    chips = [{"key": ALL_ROWS, "words": _("All"), "count": sum(counts.values())}]
    chips += [{"key": key, "words": str(label), "count": counts[key]} for key, label in RowOutcome.choices]
    return [{**chip, "active": chip["key"] == shown} for chip in chips]


def _lines(row: Mapping[str, Any], terms: Mapping[int, str]) -> list[dict[str, Any]]:
    """The lines of one row: what it is beside its first difference, a line for each other one, and what is to say."""
    remarks = "; ".join(filter(None, map(note_words, row["notes"])))
    start = {
        "row": row["row"],
        "name": row["name"],
        "url": _party_url(row["party"]) if row["party"] else "",
        "by": ", ".join(fact_words(fact) for fact in row["by"].split(",") if fact),
        "remarks": remarks,
        "outcome": row["outcome"],
        "label": str(RowOutcome(row["outcome"]).label),
    }
    changes = [(key, shown_value(key, old, terms), shown_value(key, new, terms)) for key, old, new in row["changes"]]
    if row["outcome"] == RowOutcome.ADDED:
        values = [
            f"{capfirst(label_of(key))}: {new}"
            for (key, _was, value), (_key, _old, new) in zip(row["changes"], changes, strict=True)
            if key not in _PARTS and new and value not in (False, VatType.UNKNOWN)
        ]
        return [{**start, "is_first": True, "summary": values}]
    lines: list[dict[str, Any]] = [
        {"field": capfirst(label_of(key)), "old": old, "new": new, "is_change": True}
        for key, old, new in changes[:MOST_CHANGES]
    ]
    if len(changes) > MOST_CHANGES:
        more = len(changes) - MOST_CHANGES
        lines.append({"field": ngettext("and %(n)d more field", "and %(n)d more fields", more) % {"n": more}})
    if not lines:
        lines = [{}]
    lines[0] |= {**start, "is_first": True}
    return lines


def _shown_words(rows: int, of: int, shown: str) -> str:
    words = {
        "added": _("First %(n)s of %(of)s added rows"),
        "edited": _("First %(n)s of %(of)s edited rows"),
        "unchanged": _("First %(n)s of %(of)s unchanged rows"),
        "ambiguous": _("First %(n)s of %(of)s ambiguous rows"),
        "wrong": _("First %(n)s of %(of)s wrong rows"),
    }
    values = {"n": number(rows), "of": number(of)}
    if of > rows:
        return words.get(shown, _("First %(n)s of %(of)s rows")) % values
    return ngettext("%(of)s row", "%(of)s rows", of) % values


def _left_out_words(counts: Mapping[str, int]) -> str:
    parts = []
    if ambiguous := counts["ambiguous"]:
        words = ngettext("%(n)s row is ambiguous", "%(n)s rows are ambiguous", ambiguous)
        parts.append(words % {"n": number(ambiguous)})
    if wrong := counts["wrong"]:
        parts.append(ngettext("%(n)s row is wrong", "%(n)s rows are wrong", wrong) % {"n": number(wrong)})
    return f"{', '.join(parts)}." if parts else ""


def _lacking_words(lacking: int, criterion: Criterion | None) -> str:
    """IMP-304: rows that nothing can be found by."""
    if not lacking or criterion is None:
        return ""
    words = ngettext(
        "%(n)s row has nothing to be found by (%(rule)s): it is added, or wrong.",
        "%(n)s rows have nothing to be found by (%(rule)s): they are added, or wrong.",
        lacking,
    )
    return words % {"n": number(lacking), "rule": criterion_words(criterion)}


def _button(batch: ImportBatch, counts: Mapping[str, int]) -> str:
    """ "Add 61 and edit 812"; empty where there is nothing to write."""
    values = {"a": number(counts["added"]), "b": number(counts["edited"])}
    person = batch.kind == PartyKind.PERSON
    if counts["added"] and counts["edited"]:
        words = _("Add %(a)s and edit %(b)s")
    elif counts["added"]:
        n = counts["added"]
        words = (
            ngettext("Add %(a)s contact", "Add %(a)s contacts", n)
            if person
            else ngettext("Add %(a)s company", "Add %(a)s companies", n)
        )
    elif counts["edited"]:
        n = counts["edited"]
        words = (
            ngettext("Edit %(b)s contact", "Edit %(b)s contacts", n)
            if person
            else ngettext("Edit %(b)s company", "Edit %(b)s companies", n)
        )
    else:
        return ""
    return words % values


def _undo_day() -> Any:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.localdate() + timedelta(days=settings.BOEKBRUG_IMPORT_UNDO_DAYS)


# --- While a task works ---


def working_context(batch: ImportBatch) -> dict[str, Any]:
    words = {
        ImportState.COUNTING: _("Working out what would change. Nothing is written yet."),
        ImportState.IMPORTING: _("Importing. All rows are written together at the end, or none."),
        ImportState.UNDOING: _("Undoing. All rows are taken back together at the end, or none."),
    }
    values = {"done": number(batch.done_rows), "of": number(batch.rows)}
    return {
        "working": words.get(ImportState(batch.state), ""),
        "counted": _("%(done)s of %(of)s rows read") % values,
        "waits": not batch.worker,
        "progress_url": reverse("admin:crm_importbatch_progress", args=[batch.pk]),
    }


# --- Result ---


def result_context(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    """What the import did: figures, rows of one outcome or found by a word, and the way back."""
    counts = {one: batch.summary.get("counts", {}).get(one, 0) for one in RowOutcome.values}
    shown = request.GET.get("show", "")
    if shown not in (*RowOutcome.values, ALL_ROWS, "kept"):
        shown = next((one for one in ("edited", "added") if counts[one]), ALL_ROWS)
    term = request.GET.get("q", "").strip()[:100]
    rows = services.rows_of(batch, "" if shown in (ALL_ROWS, "kept") else shown, term).order_by("number")
    if shown == "kept":
        rows = rows.filter(undone=False, outcome__in=(RowOutcome.ADDED, RowOutcome.EDITED))
    page = Paginator(rows.select_related("party__merged_into"), PER_PAGE).get_page(request.GET.get("p"))
    until = services.undo_until(batch)
    undone = batch.summary.get("undone", {})
    terms = term_names_of(request)
    return {
        "counts": [(key, str(label), counts[key]) for key, label in RowOutcome.choices],
        "previewed_words": _previewed_words(batch, counts),
        "chips": _result_chips(batch, counts, shown),
        "shown": shown,
        "term": term,
        "rows_page": page,
        "lines": [line for row in page for line in _result_lines(row, terms, request.get_full_path())],
        "until": until,
        "can_undo": services.can_undo(batch),
        "undone": undone,
        "failure": refusal_words(batch.error) if batch.error else "",
        "has_rows": batch.state in (ImportState.DONE, ImportState.UNDONE),
        "to_merge": shown == "added" and batch.state == ImportState.DONE,
    }


def undo_context(batch: ImportBatch) -> dict[str, Any]:
    counts = batch.summary.get("counts", {})
    return {"added": counts.get("added", 0), "edited": counts.get("edited", 0), "until": services.undo_until(batch)}


def _previewed_words(batch: ImportBatch, counts: Mapping[str, int]) -> str:
    """That the numbers differ from those of the preview, since something changed in between."""
    previewed = batch.summary.get("previewed")
    if not previewed or all(previewed.get(one, 0) == counts[one] for one in RowOutcome.values):
        return ""
    values = {"a": number(previewed.get("added", 0)), "b": number(previewed.get("edited", 0))}
    words = _("The preview said %(a)s added and %(b)s edited; companies were changed between the two.")
    return words % values


def _result_chips(batch: ImportBatch, counts: Mapping[str, int], shown: str) -> list[dict[str, Any]]:
    chips = _chips(counts, shown)
    if batch.state == ImportState.UNDONE and (kept := batch.summary.get("undone", {}).get("kept", 0)):
        chips.append({"key": "kept", "words": _("Not undone"), "count": kept, "active": shown == "kept"})
    return chips


def _result_lines(row: ImportRow, terms: Mapping[int, str], back: str) -> list[dict[str, Any]]:
    changes = [[key, row.old.get(key, ""), new] for key, new in row.new.items() if key not in ("links", "places")]
    if "first_name" in row.new and row.outcome == RowOutcome.EDITED:
        changes = [change for change in changes if change[1] != change[2]]
    stored = {
        "row": row.number, "name": row.name, "party": row.party_id, "by": row.found_by, "notes": row.notes,
        "outcome": row.outcome, "changes": changes,
    }  # fmt: skip
    lines = _lines(stored, terms)
    party = row.party
    if party is not None and party.merged_into_id is not None:
        survivor = merging.as_survivor(party)
        lines[0]["url"], lines[0]["survivor"] = "", survivor.name
        lines[0]["survivor_url"] = _party_url(survivor.pk) if survivor.deleted_at is None else ""
    elif party is None or party.deleted_at is not None:
        lines[0]["url"] = ""
    elif row.outcome == RowOutcome.ADDED and not row.undone:
        lines[0]["merge_url"] = merge_url(party.pk, party.kind, back)
    lines[0]["undone"] = row.undone
    return lines


def merge_url(pk: int, kind: str, back: str) -> str:
    """The page that merges this one with another; it returns to `back`."""
    name = "contact" if kind == PartyKind.PERSON else "company"
    try:
        url = reverse(f"admin:crm_{name}_merge", args=[pk])
    except NoReverseMatch:
        return ""
    from urllib.parse import urlencode

    return f"{url}?{urlencode({'next': back})}"


def _party_url(pk: int) -> str:
    return reverse("admin:crm_party_change", args=[pk])
