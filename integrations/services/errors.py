"""The refusals of the verbs: what a person reads when a step cannot be done now."""


class ConnectError(Exception):
    """A step of connecting that cannot be done now; the text says why and what to do."""


class NeedsConfirmation(ConnectError):
    """Something allowed but unusual, which a person has to say yes to; `doubts` says why, a sentence each."""

    def __init__(self, doubts: list[str], *, name: str) -> None:
        super().__init__(" ".join(doubts))
        self.doubts, self.name = doubts, name
