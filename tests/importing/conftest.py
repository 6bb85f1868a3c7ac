"""An import from the first byte to the last row, with the queue's task worked off by the test itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.importing import services, working
from crm.importing.criteria import Criterion
from crm.models import ImportBatch, ImportState, PartyKind
from tests import factories

CsvRows = Sequence[Sequence[str]]


def csv_bytes(headers: Sequence[str], rows: CsvRows, *, delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=delimiter)
    table.writerow(headers)
    table.writerows(rows)
    return text.getvalue().encode(encoding)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    """Uploads go where the test ends them."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was handed to the queue."""
    found: list[int] = []
    monkeypatch.setattr(working, "queue", found.append)
    return found


@pytest.fixture
def boss(db: None) -> Any:
    return factories.UserFactory(username="importer")


class Story:
    """One file on its way. `queued` are tasks that a worker would take."""

    def __init__(self, by: Any) -> None:
        self.by = by
        self.batch = ImportBatch()

    def upload(self, data: bytes, name: str = "customers.csv", kind: str = PartyKind.COMPANY) -> Story:
        self.batch = services.upload(kind=kind, file=SimpleUploadedFile(name, data), by=self.by)
        return self

    def table(self, headers: Sequence[str], rows: CsvRows, **options: Any) -> Story:
        return self.upload(csv_bytes(headers, rows), **options)

    @property
    def meanings(self) -> list[str]:
        return [column["field"] for column in self.batch.mapping]

    def count(self, **options: Any) -> Story:
        wanted = {"meanings": self.meanings, "administration_id": self.batch.administration_id, "blank_empty": False}
        services.set_up(batch=self.batch, **{**wanted, **options})
        return self.work()

    def work(self) -> Story:
        working.work(self.batch.pk)
        self.batch = ImportBatch.objects.get(pk=self.batch.pk)
        assert self.batch.state != ImportState.FAILED, self.batch.error
        return self

    def by_rule(self, match: str, *facts: str) -> Story:
        services.choose(batch=self.batch, criterion=Criterion(match, facts))
        self.batch.refresh_from_db()
        return self.work() if self.batch.state == ImportState.COUNTING else self

    def counts(self, match: str, *facts: str) -> dict[str, int]:
        for one in self.batch.summary["criteria"]:
            if (one["match"], tuple(one["fields"])) == (match, facts):
                return one["counts"]
        raise AssertionError(f"{match} {facts} was not counted: {self.batch.summary['criteria']}")

    def write(self) -> Story:
        assert services.start(batch=self.batch, by=self.by)
        return self.work()

    def undo(self) -> Story:
        assert services.start_undo(batch=self.batch, by=self.by)
        return self.work()

    def row(self, number: int) -> Any:
        return self.batch.outcomes.get(number=number)

    @property
    def result(self) -> dict[str, int]:
        return self.batch.summary["counts"]


@pytest.fixture
def story(boss: Any) -> Callable[[], Story]:
    return lambda: Story(boss)
