"""Segments: saved rules that choose companies and contacts."""

from .choosing import Fitting, bounded_count, fitting, parties_in, visible_to
from .fields import Field, Operator, register
from .rules import RuleProblem, RulesBroken, cleaned, condition, sentences
from .saving import copy_segment, save_segment

__all__ = [
    "Field",
    "Fitting",
    "Operator",
    "RuleProblem",
    "RulesBroken",
    "bounded_count",
    "cleaned",
    "condition",
    "copy_segment",
    "fitting",
    "parties_in",
    "register",
    "save_segment",
    "sentences",
    "visible_to",
]
