"""The official rules of EN 16931 and Peppol, run as they are published. Optional: rule files and saxonche may be absent.

The rules change twice a year, so they are files in a folder and not code: CEN-EN16931-UBL.xslt and
PEPPOL-EN16931-UBL.xslt, directly in it or in a folder per release, of which the last by name counts.
Only text that our own hardened parser wrote goes to the processor: left alone it would read files that a document names.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from invoicing.peppol.checks.formal import is_formal
from invoicing.peppol.document import Finding, Level, gettext_noop
from invoicing.peppol.reading.guard import parse, payload
from invoicing.peppol.reading.limits import Clock, Limits, Refusal

_FILES = ("CEN-EN16931-UBL.xslt", "PEPPOL-EN16931-UBL.xslt")
_FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"
_NO_DOCUMENT_TYPE = (
    "http://saxon.sf.net/feature/parserFeature?uri=http%3A//apache.org/xml/features/disallow-doctype-decl"
)
_STEP = re.compile(r"\*:(\w+)\[namespace-uri\(\)='[^']*'\]")
_FIRST = re.compile(r"\[1\]")
_PLACE = 200
_NO_PROCESSOR = "saxonche is not installed (extra peppol-validation)."
_FINDINGS = 200

# The processor is not known to be safe in several threads: one document at a time in a process.
_lock = threading.Lock()
_compiled: dict[Path, _Rules] = {}


class NotAvailable(Exception):
    """The check cannot run here: no saxonche, or no rule files. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialCheck:
    """What the rules of `release` (the folder's name) say; `findings` as published, in English."""

    release: str
    findings: tuple[Finding, ...]

    @property
    def is_valid(self) -> bool:
        return not any(finding.level is Level.ERROR for finding in self.findings)


def check(xml: bytes, rules: Path) -> OfficialCheck:
    """Run the rules in folder `rules` over a UBL document. Errors: NotAvailable.

    A document that cannot be checked (no XML that we read, an amount that is no number) has one finding, `not-checkable`.
    The first call in a process takes about half a second and 140 MB; later ones some milliseconds.
    """
    folder = rules_folder(rules)
    try:
        root, _envelope = payload(parse(xml, Limits(), Clock(Limits().seconds)))
    except Refusal as refusal:
        return OfficialCheck(release=folder.name, findings=(_not_checkable(refusal.text % refusal.values),))
    text = etree.tostring(root, encoding="unicode")
    with _lock:
        compiled = _compiled.get(folder)
        if compiled is None:
            compiled = _compiled[folder] = _Rules(folder)
        # Those that touch the booking first, so that none of them is cut off.
        found = sorted(
            compiled.findings(text), key=lambda finding: (finding.level is not Level.ERROR, is_formal(finding.code))
        )
        return OfficialCheck(release=folder.name, findings=tuple(found[:_FINDINGS]))


def rules_folder(rules: Path) -> Path:
    """Return the folder that holds the rule files. Errors: NotAvailable."""
    if not rules.is_dir():
        raise NotAvailable(f"There is no folder {rules}.")
    for folder in (rules, *sorted((each for each in rules.iterdir() if each.is_dir()), reverse=True)):
        if all((folder / name).is_file() for name in _FILES):
            return folder.resolve()
    raise NotAvailable(f"There are no rule files ({', '.join(_FILES)}) in {rules}.")


def require(rules: Path) -> None:
    """Raise NotAvailable, with the reason, where a check could not run."""
    rules_folder(rules)
    if importlib.util.find_spec("saxonche") is None:
        raise NotAvailable(_NO_PROCESSOR)


class _Rules:
    """The compiled rules of one folder."""

    def __init__(self, folder: Path) -> None:
        try:
            from saxonche import PySaxonProcessor
        except ImportError as error:
            raise NotAvailable(_NO_PROCESSOR) from error
        self._processor: Any = PySaxonProcessor(license=False)
        self._processor.set_configuration_property(_NO_DOCUMENT_TYPE, "true")
        compiler = self._processor.new_xslt30_processor()
        self._sheets = [compiler.compile_stylesheet(stylesheet_file=str(folder / name)) for name in _FILES]

    def findings(self, text: str) -> Iterator[Finding]:
        try:
            node = self._processor.parse_xml(xml_text=text)
            reports = [sheet.transform_to_string(xdm_node=node) for sheet in self._sheets]
        except Exception as error:  # whatever the processor raises means the same: the rules could not be applied
            yield _not_checkable(str(error))
            return
        for report in reports:
            for failed in etree.fromstring(report.encode()).iter(_FAILED):
                yield _finding(failed)


def _finding(failed: etree._Element) -> Finding:
    code = failed.get("id") or ""
    said = " ".join("".join(str(part) for part in failed.itertext()).split())
    return Finding(
        code=code,
        level=Level.WARNING if failed.get("flag") == "warning" else Level.ERROR,
        text=said.removeprefix(f"[{code}]").lstrip("- "),
        place=_FIRST.sub("", _STEP.sub(r"\1", failed.get("location") or "")).strip("/")[:_PLACE],
    )


def _not_checkable(reason: str) -> Finding:
    return Finding(
        code="not-checkable",
        level=Level.ERROR,
        text=gettext_noop("The official rules could not be applied to this document: %(reason)s"),
        values={"reason": " ".join(reason.split())[:300]},
    )
