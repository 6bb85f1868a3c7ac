"""Yuki: keys and sessions, web services, mapping, provider."""
