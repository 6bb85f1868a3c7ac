"""The reference material beside a checkout: vendors' data, public examples and rules. Only our copies of facts belong to it."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def beside(*path: str) -> Path:
    """A file or folder of ../shared. Skips where that folder is not there: the product does not need it.

    Where it is there, nothing in it may be missing in the continuous check, so that no test is left out in silence.
    """
    found = SHARED.joinpath(*path)
    if not found.exists():
        if os.environ.get("CI") and SHARED.exists():
            pytest.fail(f"../shared is here, and {'/'.join(path)} in it is not")
        pytest.skip(f"the reference material is not beside the project (../shared/{'/'.join(path)})")
    return found
