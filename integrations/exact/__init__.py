"""Exact Online: OAuth2 and the OData (version 2) REST service of one country site."""
