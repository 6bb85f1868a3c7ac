"""Octopus in the sandbox: the REST service, dossiers and books. Start with `service.py`."""

from .service import OctopusVendor

__all__ = ["OctopusVendor"]
