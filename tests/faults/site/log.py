import logging


class FailingHandler(logging.Handler):
    """A handler such as one that sends records to a server that is away."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ConnectionRefusedError("The log server is away.")
