"""What operators see of the engagement index: metrics (EI-13.2) and events. No resident in any of them (EI-13.1)."""

from typing import Any

from prometheus_client import CollectorRegistry

from vaxel.adapters.tallies import Count, Spread
from vaxel.adapters.telemetry import Log
from vaxel.masking import masked


class IndexEvents:
    """Counts and logs what the index does."""

    def __init__(self, log: Log, registry: CollectorRegistry) -> None:
        self._log = log
        labels = ("contract", "domain", "outcome")
        self.transactions = Count("vaxel_index_transactions", "Transactions of answered and refused requests", labels)
        self.sizes = Spread("vaxel_index_batch_size", "Transactions applied at once", "kind", (1, 10, 100, 1000, 5000))
        self.delays = Spread(
            "vaxel_index_delay_seconds", "Seconds from answer to effect", "kind", (0.01, 0.1, 0.5, 1, 5, 10, 60, 600)
        )
        self.finds = Spread(
            "vaxel_index_find_seconds", "Seconds of FindContent", "kind", (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.1, 1)
        )
        self.rows = Count("vaxel_index_found_rows", "Rows that FindContent answered")
        self.notifications = Count("vaxel_index_notifications", "Notified transactions", ("subscriber", "outcome"))
        self.dead = Count("vaxel_index_dead_letters", "Notifications that became dead letters", ("subscriber",))
        self.breaches = Count("vaxel_index_rule_breaches", "Engagements that break their domain's rules", ("sender",))
        for tally in (
            self.transactions,
            self.sizes,
            self.delays,
            self.finds,
            self.rows,
            self.notifications,
            self.dead,
            self.breaches,
        ):
            registry.register(tally)

    def received(self, contract: str, domain: str, outcome: str, count: int) -> None:
        """Transactions were answered (`ok`) or refused (the code)."""
        self.transactions.add(contract, domain, outcome, amount=count)

    def applied(self, transactions: int, delay_s: float) -> None:
        """Transactions took effect."""
        self.sizes.add("applied", transactions)
        self.delays.add("applied", delay_s)

    def found(self, rows: int, seconds: float) -> None:
        """A FindContent was answered."""
        self.finds.add("find", seconds)
        self.rows.add(amount=rows)

    def broken(self, sender: str, breaches: int) -> None:
        """Engagements break their domain's rules (EI-10.1)."""
        self.breaches.add(sender, amount=breaches)

    def notified(self, subscriber: str, outcome: str, count: int, comment: str, causes: list[str]) -> None:
        """An attempt to notify; `causes` are the correlation ids of what is told (EI-8.10)."""
        self.notifications.add(subscriber, outcome, amount=count)
        level = "info" if outcome == "delivered" else "warning"
        fields: dict[str, Any] = {"transactions": count, "comment": masked(comment), "causes": causes}
        self._log.event("index.notification", level, subscriber=subscriber, outcome=outcome, **fields)

    def died(self, subscriber: str, count: int) -> None:
        """Notifications became dead letters."""
        self.dead.add(subscriber, amount=count)
        self._log.event("index.dead-letters", level="error", subscriber=subscriber, transactions=count)

    def trouble(self, what: str, error: Exception) -> None:
        """Something of the index cannot go on now, and is tried again."""
        cause = error.__cause__ or error
        self._log.event("index.trouble", level="error", part=what, reason=type(cause).__name__)

    def told(self, action: str, **fields: Any) -> None:
        """Something else that operators want to know."""
        self._log.event(action, **fields)
