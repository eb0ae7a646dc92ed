"""`Decline`: what a filter raises if it is not sure of its answer."""


class Decline(Exception):  # noqa: N818 - it is no error: the request is simply forwarded
    """A filter is not certain of its answer, so the request goes to the model.

    `reason` is a short phrase for the log, of a fixed vocabulary per filter ("unknown command"); it never quotes
    the request.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
