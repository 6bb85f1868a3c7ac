"""Where people are sent to sign in at a bookkeeping tool: the hosts that a form of ours may lead to."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

# Exact Online has a site per country, with its own host; entities of other countries are not offered.
EXACT_SITES = {"BE": "be", "NL": "nl", "FR": "fr", "DE": "de"}
TWINFIELD = "https://login.twinfield.com"


def sign_in_urls(*, base_urls: Mapping[str, str], countries: Sequence[str]) -> list[str]:
    """Return the base URLs of the tools that sign in in the browser: by tool the set one, else its real ones."""
    exact = [f"https://start.exactonline.{EXACT_SITES[country]}" for country in countries if country in EXACT_SITES]
    real = {"exact": exact, "twinfield": [TWINFIELD]}
    return [url for tool, urls in real.items() for url in ([base_urls[tool]] if base_urls.get(tool) else urls)]


def origin(url: str) -> str:
    """Return scheme, host and port of `url`, as a content security policy names a source."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
