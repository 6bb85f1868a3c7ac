"""Where the bookkeeping tools live: the hosts that outgoing calls and sign-in redirects may reach."""

from collections.abc import Sequence
from urllib.parse import urlsplit

# Exact Online has a site per country, with its own host; entities of other countries are not offered.
EXACT_SITES = {"BE": "be", "NL": "nl", "FR": "fr", "DE": "de"}


def exact_base_urls(*, base_url: str, countries: Sequence[str]) -> list[str]:
    """Return the base URLs of Exact Online that this installation may talk to: the set one, else one per country."""
    if base_url:
        return [base_url]
    return [f"https://start.exactonline.{EXACT_SITES[country]}" for country in countries if country in EXACT_SITES]


def origin(url: str) -> str:
    """Return scheme, host and port of `url`, as a content security policy names a source."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
