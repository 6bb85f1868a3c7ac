"""Takes secrets and personal data out of what is logged or kept: the one place that decides what must not be read.

Pure, and safe to apply twice. It errs towards hiding: a reference that looks like an IBAN disappears, a token that
looks like nothing does not stay because its name gives it away.
"""

import re
from collections.abc import Mapping
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place
EMAIL = "[e-mail]"
IBAN = "[iban]"
PHONE = "[phone]"

# Parts of a name that make its value a secret; compared without case, dashes, dots and underscores.
_TELLING_PARTS = (
    "password|passwd|passphrase|secret|token|authorization|authentication|cookie|credential|apikey|accesskey|"
    "privatekey|encryptionkey|sessionid|softwarehouseuuid|assertion|codeverifier|webserviceaccess"
)
_SECRET_NAME = re.compile(f"(?:{_TELLING_PARTS})")
_SECRET_NAMES = frozenset({"pwd", "pin", "sid", "auth", "session", "jwt", "signature", "dsn"})
# Names that hold such a part and no secret: kinds, times, and the numbers that fence off a slow worker.
_HARMLESS_NAMES = frozenset(
    {
        "tokentype",
        "tokenendpoint",
        "tokenurl",
        "tokenexpiresat",
        "fencingtoken",
        "leasetoken",
        "accesstokenexpiresat",
        "refreshtokenexpiresat",
    }
)
_PHONE_NAMES = ("phone", "mobile", "telefoon", "gsm", "fax")
_EMAIL_NAMES = ("email",)
_IBAN_NAMES = ("iban", "bankaccount", "bankrekening")
# The code of an OAuth redirect is a secret; an account code, a VAT code or an error code is not.
_OAUTH_NAMES = frozenset({"code", "state", "nonce"})
_OAUTH_COMPANIONS = frozenset({"grant_type", "redirect_uri", "client_id", "response_type", "state"})

_PLAIN_NAME = re.compile(r"[^a-z0-9]")


def _squash(name: str) -> str:
    return _PLAIN_NAME.sub("", name.lower())


def _mark_for(name: str) -> str | None:
    """Return what must stand in place of the value called `name`, or None when only the value itself can tell."""
    plain = _squash(name)
    if plain in _HARMLESS_NAMES:
        return None
    if plain in _SECRET_NAMES or _SECRET_NAME.search(plain):
        return SECRET
    if plain.endswith(_EMAIL_NAMES):
        return EMAIL
    if plain.endswith(_PHONE_NAMES) or plain.startswith(("phone", "mobile", "telephone")):
        return PHONE
    if plain.endswith(_IBAN_NAMES):
        return IBAN
    return None


# --- Values that give themselves away --------------------------------------------------------------------------------

_URL_USER = re.compile(r"(?<=://)[^\s/@:]++:[^\s/@]++@")
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s++|%20|\+)(?!\[)[A-Za-z0-9._~+/=%-]{6,}+")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]*+)?")
_FERNET = re.compile(r"\bgAAAA[A-Za-z0-9_=-]{20,}+")
# A domain may be cut off after its first letters, so no dot is asked for.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]++(?:@|\\u0040)\w[\w-]*+(?:\.[\w-]++)*+|(?<![\w.+-])[\w.+-]++%40\w[\w.-]*+")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])([A-Za-z]{2}[0-9]{2}(?:[ +]?[A-Za-z0-9]{4}){2,7}(?:[ +]?[A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])"
)
_PHONE = re.compile(
    r"(?<![\w+./-])(?:\+|%2B|00(?=[1-9]))[1-9](?:[ ./()-]{0,2}[0-9]){7,13}(?![0-9])"  # +32 475 12 34 56, 0032...
    r"|(?<![\w+./-])0[1-9][0-9]{0,2}[ /](?:[0-9]{2,3}[ .]?){2,3}[0-9]{2}(?![\w/])"  # 0475/12.34.56, 02 123 45 67
)
# Countries of the IBAN registry are two capitals; small letters count only when the check digits fit.
_LETTER = {chr(code): str(code - 55) for code in range(ord("A"), ord("Z") + 1)}


def _checks_out(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    return int("".join(_LETTER.get(sign, sign) for sign in turned)) % 97 == 1


def _hide_iban(match: re.Match[str]) -> str:
    found = match.group(1)
    plain = found.replace(" ", "").replace("+", "")
    if len(plain) < 15:  # the shortest, Norway's
        return found
    if plain[:2].isupper() and sum(sign.isdigit() for sign in plain) >= 10:
        return IBAN
    return IBAN if _checks_out(plain.upper()) else found


def _redact_values(text: str) -> str:
    """Hide what gives itself away by its form."""
    if "://" in text:
        text = _URL_USER.sub(SECRET + "@", text)
    text = _SCHEME.sub(rf"\1\2{SECRET}", text)
    text = _JWT.sub(SECRET, text)
    text = _FERNET.sub(SECRET, text)
    if "@" in text or "%40" in text or "\\u0040" in text:
        text = _EMAIL.sub(EMAIL, text)
    text = _IBAN.sub(_hide_iban, text)
    return _PHONE.sub(PHONE, text)


# --- Values that their name gives away -------------------------------------------------------------------------------

_NAME = r"[A-Za-z][\w.:-]{0,80}"
# A quoted value may be cut off: it then ends with the text.
_QUOTED = re.compile(
    rf"""(?P<open>["'])(?P<name>{_NAME})(?P=open)(?P<gap>\s*+[:=,]\s*+)
    (?:"(?P<double>(?:[^"\\]|\\.)*+)(?:"|\\?$)|'(?P<single>(?:[^'\\]|\\.)*+)(?:'|\\?$)|(?P<bare>[^\s"',}}\]\[{{]++))""",
    re.X | re.S,
)
_ELEMENT = re.compile(rf"<(?P<name>{_NAME})(?P<attributes>(?:\s[^<>]*+)?)>(?P<value>[^<]++)(?=<|$)")
_ATTRIBUTE = re.compile(
    rf"""(?<=\s)(?P<name>{_NAME})(?P<gap>\s*+=\s*+)(?:"(?P<double>[^"]*+)(?:"|$)|'(?P<single>[^']*+)(?:'|$))"""
)
_HEADER = re.compile(r"(?im)^(?P<name>[A-Za-z][A-Za-z0-9-]{0,60})(?P<gap>:[ \t]*+)(?P<value>[^\r\n]++)")
_PAIR = re.compile(r"(?<![\w.%-])(?P<name>[A-Za-z][\w.-]{0,80})(?:=|: ?)")
_PAIR_VALUE = re.compile(r"[^\s&;,\"'<>\])}\[]++")
# JSON inside a JSON string.
_NESTED = re.compile(rf'\\"(?P<name>{_NAME})\\"(?P<gap>\s*+:\s*+)\\"(?P<value>(?:(?!\\").)++)(?:\\"|$)', re.S)
_OAUTH_PAIR = re.compile(r"(?P<name>(?<![\w.-])(?:code|state|nonce))=(?P<value>[^\s&;,\"'<>]++)")


def _sub_quoted(match: re.Match[str]) -> str:
    mark = _mark_for(match["name"])
    if mark is None:
        return match[0]
    start = f"{match['open']}{match['name']}{match['open']}{match['gap']}"
    if match["bare"] is not None:
        return match[0] if match["bare"] in ("null", "None", "true", "false") else f'{start}"{mark}"'
    value, quote = (match["double"], '"') if match["double"] is not None else (match["single"], "'")
    return f"{start}{quote}{mark}{quote}" if value else match[0]


def _sub_element(match: re.Match[str]) -> str:
    mark = _mark_for(match["name"].rpartition(":")[2])
    if mark is None or not match["value"].strip():
        return match[0]
    return f"<{match['name']}{match['attributes']}>{mark}"


def _sub_attribute(match: re.Match[str]) -> str:
    mark = _mark_for(match["name"].rpartition(":")[2])
    if mark is None or not (match["double"] or match["single"]):
        return match[0]
    quote = '"' if match["double"] is not None else "'"
    return f"{match['name']}{match['gap']}{quote}{mark}{quote}"


def _sub_nested(match: re.Match[str]) -> str:
    mark = _mark_for(match["name"])
    return match[0] if mark is None else f'\\"{match["name"]}\\"{match["gap"]}\\"{mark}\\"'


def _redact_pairs(text: str) -> str:
    """Hide the values of `name=value` and `name: value`. A harmless value is looked into: it may hold pairs."""
    kept: list[str] = []
    done = 0
    for match in _PAIR.finditer(text):
        if match.start() < done or (mark := _mark_for(match["name"])) is None:
            continue
        if value := _PAIR_VALUE.match(text, match.end()):
            kept += [text[done : match.end()], mark]
            done = value.end()
    return "".join([*kept, text[done:]])


def _sub_header(match: re.Match[str]) -> str:
    if _mark_for(match["name"]) != SECRET:
        return match[0]
    return f"{match['name']}{match['gap']}{SECRET}"


def redact_text(text: str) -> str:
    """Return `text` without secrets, e-mail addresses, IBANs and phone numbers.

    Reads JSON, XML, form bodies, addresses, header lines and prose alike, whole or cut off in the middle.
    """
    if not text:
        return text
    text = _HEADER.sub(_sub_header, text)
    if '\\"' in text:
        text = _NESTED.sub(_sub_nested, text)
    if '"' in text or "'" in text:
        text = _QUOTED.sub(_sub_quoted, text)
    if "<" in text:
        text = _ATTRIBUTE.sub(_sub_attribute, _ELEMENT.sub(_sub_element, text))
    if "=" in text or ":" in text:
        text = _redact_pairs(text)
    if "=" in text:
        text = _OAUTH_PAIR.sub(rf"\g<name>={SECRET}", text)
    return _redact_values(text)


def redact_value(value: Any, *, name: str = "") -> Any:
    """Return `value`, found under `name`, without what must not be read; containers are gone through, never changed."""
    mark = _mark_for(name) if name else None
    if mark is not None and value not in (None, "", True, False):
        return mark
    if isinstance(value, str):
        # str() also turns a quiet subclass of text into plain text before it is judged.
        return redact_text(str(value))
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return redact_mapping(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item) for item in value]
    return value


def redact_mapping(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a copy of `mapping` (headers, parameters, decoded JSON, log fields) without what must not be read."""
    names = {str(key) for key in mapping}
    # "code" beside "grant_type" is a sign-in; beside "description" it is a customer's number.
    sign_in = bool(names & _OAUTH_COMPANIONS)
    result = {}
    for key, value in mapping.items():
        if sign_in and key in _OAUTH_NAMES and value:
            result[key] = SECRET
        else:
            result[key] = redact_value(value, name=str(key))
    return result


# --- Calls that are kept ---------------------------------------------------------------------------------------------

PERSONAL = "[personal]"
# What says who somebody is and where he lives, by the names that the tools use; line texts often do too.
_PERSONAL_NAME = (
    r"(?:(?:full|first|last|middle|account|customer|supplier|contact)?_?name|address(?:line)?_?[1-3]?|street|postcode|"
    r"zipcode|city|description|subject|contact|notes|remarks|data[12]?|documentbase64)"
)
_PERSONAL_JSON = re.compile(rf'(?i)("{_PERSONAL_NAME}"\s*+:\s*+)"(?:[^"\\]|\\.)++(?:"|\\?$)')
_PERSONAL_XML = re.compile(rf"(?i)(<(?:\w+:)?{_PERSONAL_NAME}(?:\s[^<>]*+)?>)[^<]++(?=<|$)")


def redact_call(text: str) -> str:
    """Return the body of a kept call without secrets and without who it was about: codes and amounts stay."""
    if '"' in text:
        text = _PERSONAL_JSON.sub(rf'\1"{PERSONAL}"', text)
    if "<" in text:
        text = _PERSONAL_XML.sub(rf"\1{PERSONAL}", text)
    return redact_text(text)
