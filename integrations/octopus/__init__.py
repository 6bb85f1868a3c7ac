"""Octopus (Inaras, Belgium), REST service. What we know of it stands in `docs/octopus.md`."""
