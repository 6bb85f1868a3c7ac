"""French."""

DATE_FORMAT = "j b Y"
DATETIME_FORMAT = "j b Y, H:i"
