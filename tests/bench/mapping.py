"""Generated documents through a tool's mapping into the sandbox's books: are they there to the cent, and how fast.

    python -m tests.bench.mapping --tool exact|octopus|twinfield|yuki --documents 100000 --json

Exits with 1 when a single one is not: total, base and VAT per VAT code with their signs, date, lengths and characters of
every text, and whatever the sandbox's own schema, lists and sums refuse. Prints the first failures. The same seed makes
the same documents. documents_per_second is of everything: making them, our provider, HTTP, the sandbox in the same
process, and comparing; it says how long a proof takes, not how fast the mapping is.
"""

from __future__ import annotations

import os
import secrets
import sys

from tests.bench.surroundings import arguments, peak_mb, show

_SHOWN = 20


def main() -> int:
    parser = arguments(__doc__ or "", documents=100_000)
    parser.add_argument("--tool", choices=["exact", "octopus", "twinfield", "yuki"], default="exact")
    parser.add_argument("--seed", default="", help="as printed by another run; none: a new one")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests.mapping.proving import prove

    seed = options.seed or secrets.token_hex(4)
    proof = prove(options.tool, options.documents, seed)
    for failure in proof.failures[:_SHOWN]:
        print(failure, file=sys.stderr)
    figures = {
        "tool": options.tool,
        "documents": proof.documents,
        "failures": len(proof.failures),
        "documents_per_second": round(proof.documents / proof.seconds, 1),
        "seconds": round(proof.seconds, 1),
        "seed": seed,
        "mb_sent": round(proof.bytes_sent / 10**6, 1),
        "peak_mb": round(peak_mb(), 1),
        "kinds": dict(proof.kinds),
    }
    show(figures, options.json)
    return 1 if proof.failures or proof.documents != options.documents else 0


if __name__ == "__main__":
    sys.exit(main())
