"""Sandbox: the bookkeeping tools' own side, over real HTTP, on this machine.

It is the demo's counterpart, the tests' counterpart and the fault bench. It shares no code with the vendor
packages and needs neither Django's settings nor a database: standard library only.

Start
    python manage.py sandbox --port 9100 --state FILE        (port 0: any free one)
    python -m integrations.sandbox --port 0 [--books exact-be] [--no-limits]
        both print "sandbox listening on http://127.0.0.1:PORT"
    from integrations.sandbox.server import Sandbox
    with Sandbox(port=0, state=None, books=["exact-be"]) as box: box.base_url ...
State lives in memory, with `state` also in an SQLite file that survives a restart (books, tokens, switches,
rights, the clock's offset; not the request log, ordered faults and call counts).

Exact Online lives under /exact: take base_url + "/exact" in place of https://start.exactonline.XX.
    app demo-client / demo-secret (redirects: any http://127.0.0.1… or http://localhost… address), webhook secret
    demo-webhook-secret; app other-client / other-secret (https://other.example/callback);
    users demo / demo and clerk / clerk; divisions 3120451 (main), 3120452, 2987310, 2987311 (archived).
    Consent by script: POST the authorisation address (with its query) and the form fields username, password,
    decision=allow|refuse; the answer is the redirect. Or switch auto_consent, or POST /_sandbox/token.

    A spent error budget is answered with 429, an empty body and no rate headers (the real signature is unknown).

Twinfield lives under /twinfield: take base_url + "/twinfield" in place of https://login.twinfield.com; its validation of
a token names the cluster, base_url + "/twinfield/cluster". Apps, users and redirects as above; offices NLA990310 (main)
and 001. Switches: `twinfield/switches.py`. Its control verbs ("vendor": "twinfield"; "division" is the office): pay,
unpay, propose (in a payment run), delete_entry, close_period, access (bar a user from an office), revoke (consent
withdrawn), token (also {"scopes": []}), limits, touch {"table": dimensions|daybooks|vatcodes, "code": "DEB/1000", …},
seed {"parties": n | [{"type": "DEB", "name", …}], "entries": n | [{"journal", "relation", "date", "reference", "credit",
"lines": [{"account", "vat_code", "net", "vat"}]}]}.

Octopus lives under /octopus: take base_url + "/octopus" in place of https://service.inaras.be/octopus-rest-api/v1.
    software house 5d0b9a41-2f7d-4e0c-b35a-106b1f8a527c; users demo@U1 / demo and clerk@U1 / clerk; dossiers 99000101
    (months, empty), 99000102 (quarters), 99000199 (years, no journal that takes sales bookings).
    Error codes of -900 and below, and the answer when a quota is passed, are invented: the vendor's are not known.

Control endpoints (JSON in and out; a wrong call gets {"error": text} and 4xx). "vendor" defaults to "exact".
    POST   /_sandbox/reset         {"books": ["exact-be", "octopus", …]}: fresh books, tokens, switches, faults, clock
    POST   /_sandbox/clock         {"advance_seconds": n}; GET shows it
    GET    /_sandbox/settings      all switches by vendor
    POST   /_sandbox/settings      {"exact": {switch: value}} or {switch: value}; the switches stand below
    GET    /_sandbox/requests      ?since=seq&vendor=; {"last_seq", "requests": [seq, time, finished, vendor, method,
                                   path, query, body, body_bytes, status (null: nothing was answered), fault, ms]}
    DELETE /_sandbox/requests
    POST   /_sandbox/faults        one object or a list; GET what is left; DELETE clears
           {"kind", "method", "path" (regular expression, searched in path?query), "body_contains", "vendor",
            "times": 1, "skip": 0, and per kind "seconds", "when": before|after, "status", "body", "headers", "apply"}
           kinds: delay, drop_before, drop_after (applied, then hang-up), status, truncate, garbage, expired_token,
           empty_list, rate_minute, rate_day
    GET    /_sandbox/books/exact   ?division=&parts=parties,entries,vat,terms,documents,totals; money as text
    POST   /_sandbox/pay           {"reference" | "entry_id", "amount": none for all, "date", "division",
                                   "kind": sales|purchase}
    POST   /_sandbox/unpay         the same entry, opened again
    POST   /_sandbox/term_status   {"reference", "status": 20|30|40}: selected or processed, which is not paid
    POST   /_sandbox/delete_entry  {"reference" | "entry_id"}: as a person at the tool would, no rule asked
    POST   /_sandbox/process_entry {"reference"}: Status 50
    POST   /_sandbox/close_period  {"division", "year", "period", "journals": none for all, "closed": true}
    POST   /_sandbox/rights        {"user", "division": none for all, "resource": "salesentry/SalesEntries",
                                   "actions": ["GET"], "allowed": false}: GET answers an empty list, writing 403,
                                   UserHasRights tells the truth
    POST   /_sandbox/access        {"user", "division", "allowed": false, "reason": "NoDivisionAccess"}: 403, `Reason`
    POST   /_sandbox/current       {"user", "division"}: the user opened another division, CurrentDivision moves
    POST   /_sandbox/token         {"user", "client_id"}: a pair of tokens without the consent page
    POST   /_sandbox/seed          {"division", "accounts": n | [objects with the service's property names],
                                   "entries": n | [{"kind": invoice|purchase_invoice, "journal", "relation":
                                   id|code|name, "date", "due_date", "reference", "currency", "rate", "open", "number",
                                   "lines": [{"account", "vat_code", "net", "vat"}]}]}
    POST   /_sandbox/touch         {"table": accounts|glaccounts|journals|vatcodes|paymentconditions, "code",
                                   "division", "values": {property: value} | "delete": true}: changed at the tool
    POST   /_sandbox/move_division {"division"}: new row versions, DivisionMoveDate set
    POST   /_sandbox/limits        {} shows call and error counts, {"clear": true} forgets them
    GET    /                       the page for people: books, Pay, Pay part, Take back

Verbs of Octopus ("vendor": "octopus"; "division" is the dossier)
    pay, unpay, delete_entry       as above; GET /_sandbox/books/octopus has the same shape, signs follow the effect
    match          {"reference", "with": reference of a credit note}
    book           {"division", "journal", "relation": id|name, "date", "due_date", "reference", "credit", "currency",
                   "rate", "open", "lines": [[account, VAT code, net, VAT]]}: by hand, no rule asked
    seed           {"division", "relations": n | [objects], "entries": n | [as for book]}
    close_period   {"division", "bookyear", "until": period key, "journals": none for all, "secure": false} or
                   {"bookyear_closed": true}
    lock_journal   {"division", "journal", "locked": true}: 403, somebody has it open
    touch          {"table": relations|accounts|vatcodes|journals|bookings, "code", "division", "bookyear",
                   "values": {column: value} | "delete": true}
    rights         {"user", "read_only": true};  access {"user", "division", "allowed": false}
    password       {"user", "password"}: changed there; shows the failed attempts
    token          {"user"}: a token without a password; {"revoke": true} ends them all
    limits         {} shows today's counts, {"clear": true} forgets them

Switches of Exact (default first; `exact/switches.py` explains each)
    language nl|en; token_seconds 600; earliest_refresh_seconds 570; refresh_token_days 30; code_seconds 180;
    too_early_status 400|401; wrong_client_status 400|401; bad_code_body empty|json; auto_consent false;
    new_consent_kills_old false; limits true; minute_limit 60; day_limit 5000; error_budget true; error_budget_limit 10;
    error_block_seconds 3600; error_block_scope endpoint|key; missing_scopes []; require_select true;
    accounts_need_filter false; bare_arrays top|never|always; page_size, bulk_page_size null; read_page_size 60|null;
    percentages fraction|percent; rights_shape object|bare|list|text; readonly_in_post ignore|refuse;
    foreign_reference refuse|null; entry_id_from_caller true; answer_lines deferred|expanded; type_in_post ignore|flip;
    entry_status 20|50; return_journals false; rate_direction multiply|divide; check_vat_numbers true;
    unique_reference false; payables_is_fully_paid true; timestamp_moves_on_match true

Switches of Octopus (default first; `octopus/switches.py` explains each)
    token_seconds 600; limits true; quota_scale 1; quota_scope dossier|login; quota_status 429|400|403;
    time_zone Europe/Brussels|UTC; error_text technicalInfo|errorMessage; read_only_status 403|401; house_status 401|400;
    relation_not_found empty|404; vat_search as_typed|normalised; merge keep|blank; duplicate_vat create|refuse;
    search_field_length, comment_length, file_bytes null; long_comment cut|refuse; vat_credit_types false;
    inactive_vat_codes false; expiry_before_date refuse|accept; check_totals true; credit_note_read as_sent|negative;
    balanced_side credit|debet; rate_direction multiply|divide; closed_status 400|403

Yuki lives under /yuki: take base_url + "/yuki/be" or "/yuki/nl" in place of https://api.yukiworks.XX; "/yuki" alone takes
the keys of both. Keys 7b3d0e61-5a52-4c0e-9d2f-0b1e5c6a11be (Belgium: administrations
6e24b17f-be9e-52ea-951e-1b7ff46978ac and 01e0ee34-5608-5abb-86f8-ebfac0ec2600, one domain) and
2f9c4a70-8e17-4b7b-a6d3-91d40c7e22a1 (Netherlands: 52d699f6-07fc-5a24-a9cd-5bad171587a6, and
375145f6-ffc1-5add-8f12-ba9fa0847928 out of use). "entry_id" of an invoice is its number, "division" the administration.

Control verbs of Yuki ("vendor": "yuki"), beside pay, unpay and delete_entry as above:
    POST   /_sandbox/hide          {"reference", "hidden": true}: gone from the open items without any matching
    POST   /_sandbox/close_period  {"division", "until"} or {"year", "period"}: locked up to that day
    POST   /_sandbox/touch         {"table": accounts|vatcodes|contacts, "code", "division", "values" | "delete": true}
    POST   /_sandbox/seed          {"division", "accounts": n | [objects], "entries": n | [{"reference", "relation",
                                   "date", "kind", "lines": [[account, "type:percentage", net, vat]]}]}
    POST   /_sandbox/key           {"key", "division", "administrations", "services", "more": [domains], "delete"}
    POST   /_sandbox/drop_sessions {}: every session ends
    POST   /_sandbox/book_upload   {"division", "document", "contact", "reference", "date", "lines"}
    POST   /_sandbox/refile        {"document" or "file_name", "folder", "rename"}: moved, renamed; "delete": true
    POST   /_sandbox/limits        {} shows the calls of today, {"clear": true}, {"spend": n}

Switches of Yuki (default first; `yuki/switches.py` explains each)
    limits true; daily_limit 1000; session_seconds 86400; stop_after 6; rest absent|listed; result_as_text false;
    line_amounts used|ignored; rounding line|rate; open_delay_seconds, transactions_delay_seconds,
    archive_delay_seconds 0; credit_open_type 6|7; credit_amounts negative|positive; credit_outstanding true;
    empty_check wrapper|nothing; matching_shown true; vat_on_transactions both|base|none; negative_quantity true;
    name_match_gets_code true; new_contact_text created|updated|silent; records_most 500; first_record 1|0;
    contacts_past_end empty|repeat; missing_right fault|403; limit_signal fault|429; duplicate_references refuse|accept
"""
