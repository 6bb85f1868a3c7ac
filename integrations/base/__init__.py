"""The line between the engine and the tools: records, interface, errors, HTTP. Knows no vendor and no ORM."""
