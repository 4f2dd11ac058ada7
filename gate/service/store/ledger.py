"""The ledger in the database: a part of the state is loaded, facts are appended, and what they change is written.

A scope is some customers with their partners, and some partners' stock. Loading it to change something locks it: first
partners, then customers, each in the order of their ids, so that nobody waits for one another.
"""

from collections.abc import Iterable

from gate.licence.facts import Fact
from gate.licence.state import State
from gate.service.store.engine import Transaction


async def load_state(
    tx: Transaction, *, partners: Iterable[str] = (), customers: Iterable[str] = (), lock: bool
) -> State:
    """The state of these customers (their devices, cameras, licences) and these partners (their stock). Ids that are
    not there are left out. With `lock` nobody else changes any of it before this transaction ends."""
    raise NotImplementedError


async def append(tx: Transaction, facts: Iterable[Fact], state: State) -> State:
    """Appends the facts and writes what they change in `state`, which must be loaded with a lock in this transaction.
    Gives the state afterwards. Raises LedgerError for facts that do not fit."""
    raise NotImplementedError
