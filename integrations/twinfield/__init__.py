"""Twinfield: OpenID Connect, and SOAP services on the cluster that a sign-in belongs to."""
