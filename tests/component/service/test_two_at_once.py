"""Two who want the same: one wins, the other is told so; nothing ever falls below nothing."""

import asyncio
from collections import Counter

from argon2 import PasswordHasher
from sqlalchemy import func, select

from gate.clock import SimulatedClock
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.service.operations.allocation import Allocate, Allocated, allocate
from gate.service.operations.bindings import MoveBinding, bind
from gate.service.operations.customers import add_customer
from gate.service.operations.devices import RegisterDevice, register_device
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import MoveStock, move_stock
from gate.service.seed import SIGN_INS, seed_demo
from gate.service.store import schema
from gate.service.store.engine import Store, open_store
from gate.sign_in.passwords import Passwords
from tests.component.service.site import NOON, Site


async def _left(store: Store) -> int:
    async with store.read() as tx:
        return int(await tx.scalar(select(func.coalesce(func.sum(schema.stock.c.quantity), 0))))


async def test_of_many_processes_that_allocate_the_last_licences_as_many_win_as_there_are(
    site: Site, service_database: str
) -> None:
    partner = await site.partner()
    customers = [await site.customer(partner) for _ in range(4)]
    await site.stock(partner, 5)
    stores = [open_store(service_database) for _ in range(3)]

    async def take(number: int) -> object:
        customer = customers[number % len(customers)].customer
        assert customer is not None
        request = Allocate(customer=customer, kind="edge", months=12)
        async with stores[number % len(stores)].begin() as tx:
            return await allocate(tx, partner, request, site.now, site.rules)

    results = await asyncio.gather(*(take(number) for number in range(12)))
    for store in stores:
        await store.close()
    won = [one for one in results if isinstance(one, Allocated)]
    lost = Counter(one.code for one in results if isinstance(one, Refusal))
    assert len(won) == 5 and lost == {"NO_STOCK": 7}
    assert sorted(one.stock_left for one in won) == [0, 1, 2, 3, 4]
    assert await _left(site.store) == 0


async def test_stock_that_is_moved_and_allocated_at_once_is_given_out_once(site: Site, service_database: str) -> None:
    primary = await site.partner()
    secondary = await site.partner(of=primary)
    customer = await site.customer(primary)
    await site.stock(primary, 1)
    other = open_store(service_database)
    assert secondary.partner and customer.customer
    move = MoveStock(target=secondary.partner, kind="edge", months=12, quantity=1)
    give = Allocate(customer=customer.customer, kind="edge", months=12)

    async def moving() -> object:
        async with other.begin() as tx:
            return await move_stock(tx, primary, move, site.now, site.rules)

    async def giving() -> object:
        async with site.store.begin() as tx:
            return await allocate(tx, primary, give, site.now, site.rules)

    results = await asyncio.gather(moving(), giving())
    await other.close()
    refused = [one for one in results if isinstance(one, Refusal)]
    assert [one.code for one in refused] == ["NO_STOCK"] and refused[0].status == 409


async def test_one_licence_is_bound_to_one_camera_however_many_ask(site: Site) -> None:
    partner = await site.partner()
    customer = await site.customer(partner)
    await site.stock(partner, 1)
    licence = (await site.allocated(partner, customer)).licences[0].id
    device = await site.device(customer, cameras=3)

    async def take(camera: str) -> object:
        async with site.store.begin() as tx:
            request = MoveBinding(licence=licence, camera=CameraKey(device, camera))
            return await bind(tx, customer, request, site.now, site.rules)

    results = await asyncio.gather(*(take(camera) for camera in ("cam1", "cam2", "cam3")))
    assert sorted(one.code for one in results if isinstance(one, Refusal)) == ["ALREADY_BOUND", "ALREADY_BOUND"]


async def test_one_device_goes_to_one_of_two_customers_who_give_its_code_at_once(
    site: Site, service_database: str
) -> None:
    partner = await site.partner()
    await site.stock(partner, 2)
    customers = [await site.customer(partner), await site.customer(partner)]
    for customer in customers:
        await site.allocated(partner, customer)
    label, _ = site.label()
    await site.announced(label)
    stores = [site.store, open_store(service_database)]

    async def claim(number: int) -> object:
        async with stores[number].begin() as tx:
            return await register_device(tx, customers[number], RegisterDevice(code=label.code), site.now, site.rules)

    results = await asyncio.gather(claim(0), claim(1))
    await stores[1].close()
    assert [one.code for one in results if isinstance(one, Refusal)] == ["REGISTERED_ELSEWHERE"]


async def test_one_address_makes_one_account(site: Site) -> None:
    partner = await site.partner()
    request = site.user("same")

    async def add() -> object:
        async with site.store.begin() as tx:
            return await add_customer(tx, partner, request, site.now, site.rules)

    results = await asyncio.gather(*(add() for _ in range(3)))
    assert sorted(one.code for one in results if isinstance(one, Refusal)) == ["EMAIL_TAKEN", "EMAIL_TAKEN"]
    async with site.store.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(schema.customers)) == 1


async def test_processes_that_start_at_once_put_the_demos_people_in_once(
    service_store: Store, service_database: str
) -> None:
    stores = [service_store, open_store(service_database), open_store(service_database)]
    clock, passwords = SimulatedClock(NOON), Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    done = await asyncio.gather(*(seed_demo(store, passwords, clock, Rules()) for store in stores))
    for store in stores[1:]:
        await store.close()
    assert sorted(done) == [False, False, True]
    async with service_store.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(schema.users)) == len(SIGN_INS)
