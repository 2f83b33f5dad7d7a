"""What can go wrong with the embedded servers, as one line for a person."""


class EmbeddedError(Exception):
    """The servers cannot be had; the message says why, and what to do about it."""
