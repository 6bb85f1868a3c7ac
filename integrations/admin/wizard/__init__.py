"""The set-up of a connection, step by step: each saved by itself, none before the ones ahead of it.

`frame` knows the order and what every step's page shows; the steps stand in `starting` (up to the administration),
`filling` (settings and links) and `ending` (import, nights, check). Source: S-073 to S-126; ui sheet, section 4.5.
"""

from .frame import UNFINISHED, Wizard, place_of, resume, run_step
from .starting import after_sign_in

__all__ = ["UNFINISHED", "Wizard", "after_sign_in", "place_of", "resume", "run_step"]
