"""The refusals of the verbs: what a person reads when a step cannot be done now."""


class ConnectError(Exception):
    """A step of connecting that cannot be done now; the text says why and what to do."""
