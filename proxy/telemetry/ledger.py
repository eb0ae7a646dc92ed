"""The ledger: every request is entered when it comes, and told of when it has ended, to all who keep count."""

from collections.abc import Callable

from proxy.exchange import STOPPED, Exchange, Record
from proxy.logs.observe import Logger, log_request
from proxy.telemetry.tally import Tally

Teller = Callable[[Exchange, Record], None]
"""Is told of a request that has ended; must neither wait nor raise."""


class Ledger:
    """The one place where requests begin and end. `tellers` are told after the log and the counts."""

    def __init__(self, log: Logger, tally: Tally) -> None:
        self._log, self.tally = log, tally
        self.running: dict[str, Exchange] = {}
        """Requests that are being served, by id."""
        self.tellers: list[Teller] = []

    def began(self, exchange: Exchange) -> None:
        self.running[exchange.id] = exchange
        self.tally.running += 1

    def set_aside(self, exchange: Exchange) -> None:
        """This one goes on for as long as somebody looks on, and serves nothing: it is logged, and counted nowhere."""
        del self.running[exchange.id]
        self.tally.running -= 1

    def ended(self, exchange: Exchange, now: float) -> None:
        """`now` on the clock of `exchange.started`."""
        counts = self.running.pop(exchange.id, None) is not None
        record = exchange.record(now)
        log_request(self._log, record)
        if not counts:
            return
        self.tally.running -= 1
        self.tally.count(record)
        for tell in self.tellers:
            tell(exchange, record)

    def cut_short(self, now: float) -> None:
        """The process ends at once: what is running has ended too."""
        for exchange in list(self.running.values()):
            exchange.status, exchange.error = exchange.status or 503, STOPPED
            self.ended(exchange, now)
