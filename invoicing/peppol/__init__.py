"""Electronic invoices in UBL: reading what arrives, checking it, writing our own. Pure: no database, no settings, no network."""
