"""Devices: whose they are, how many, what is stored of them, and when they go."""

import asyncio
import secrets
from dataclasses import replace
from uuid import uuid4

import pytest
from common.auth import Caller
from common.errors import NotFound
from common.events import UserUpdated
from cryptography.exceptions import InvalidTag
from e2e.push_receiver import PushReceiver, Reply
from notify import service
from notify.errors import EndpointRefused, TooManyDevices
from notify.models import DeviceRow
from notify.policy import MAX_DEVICES, Subscription
from notify.vault import Vault
from notify_stage import Stage
from sqlalchemy import select, text

pytestmark = pytest.mark.anyio


async def test_device_is_stored_without_anything_that_could_be_pushed_to(stage: Stage, receiver: PushReceiver) -> None:
    phone, user = receiver.subscribe(), stage.user()
    await stage.register(user, phone)
    async with stage.work.database.transaction() as session:
        stored = " ".join(map(str, (await session.execute(text("SELECT * FROM devices"))).one()))
        (row,) = (await session.scalars(select(DeviceRow))).all()
    known = phone.to_json()
    assert not [secret for secret in (phone.endpoint, *known["keys"].values()) if secret in stored]
    assert phone.endpoint.encode() not in row.sealed
    assert stage.work.backend.vault.open(row.sealed, device_id=row.id).endpoint == phone.endpoint


def test_sealed_subscription_opens_for_its_device_and_key_only() -> None:
    vault, device_id = Vault(["k" * 32]), uuid4()
    subscription = Subscription("https://fcm.googleapis.com/x", b"\x04" * 65, b"a" * 16)
    sealed = vault.seal(subscription, device_id=device_id)
    assert vault.open(sealed, device_id=device_id) == subscription
    for other, other_id in ((vault, uuid4()), (Vault(["l" * 32]), device_id)):
        with pytest.raises(InvalidTag):
            other.open(sealed, device_id=other_id)
    assert vault.seal(subscription, device_id=device_id) != sealed
    assert Vault(["l" * 32]).endpoint_hashes("https://x/") != vault.endpoint_hashes("https://x/")


async def test_device_outlives_a_change_of_the_key(stage: Stage, receiver: PushReceiver) -> None:
    phone, user = receiver.subscribe(), stage.user()
    first = await stage.register(user, phone)
    for number, keys in enumerate((["n" * 32, "e" * 32], ["n" * 32]), start=1):  # the tests' settings have the second
        stage.work = replace(stage.work, backend=replace(stage.work.backend, vault=Vault(keys)))
        await stage.send(user_id=user.user_id, template="test")
        async with stage.sending():
            await stage.pushed(phone, number=number)
        assert (await stage.register(user, phone)).id == first.id


async def test_same_endpoint_again_is_the_same_device_with_new_keys(stage: Stage, receiver: PushReceiver) -> None:
    phone, user = receiver.subscribe(), stage.user()
    first = await stage.register(user, phone)
    phone.auth = secrets.token_bytes(16)
    again = await stage.register(user, phone)
    assert (again.id, again.created_at) == (first.id, first.created_at)
    await stage.send(user_id=user.user_id, template="test")
    async with stage.sending():
        await stage.pushed(phone)


async def test_endpoint_that_another_user_registers_moves_with_nothing_of_the_one_before(
    stage: Stage, receiver: PushReceiver
) -> None:
    phone, before, after = receiver.subscribe(), stage.user(), stage.user()
    await stage.register(before, phone)
    old_id = await stage.send(user_id=before.user_id, template="please_call")
    await stage.register(after, phone)
    new_id = await stage.send(user_id=after.user_id, template="test")
    async with stage.sending():
        (push,) = await stage.pushed(phone)
        await asyncio.sleep(0.2)
    assert push.payload["notification_id"] == str(new_id)
    assert len(phone.pushes) == 1
    assert (await service.list_devices(stage.work, before)).items == []
    assert (await stage.row(old_id)).state == "no_device"


async def test_user_has_ten_devices_and_no_more(stage: Stage, receiver: PushReceiver) -> None:
    user = stage.user()
    phones = [receiver.subscribe() for _ in range(MAX_DEVICES + 3)]
    results = await asyncio.gather(*(stage.register(user, phone) for phone in phones), return_exceptions=True)
    assert sum(isinstance(result, TooManyDevices) for result in results) == 3
    assert sum(isinstance(result, DeviceRow) for result in results) == MAX_DEVICES == 10
    known = next(phone for phone, result in zip(phones, results, strict=True) if isinstance(result, DeviceRow))
    await stage.register(user, known)
    assert len((await service.list_devices(stage.work, user)).items) == 10


async def test_endpoint_that_two_users_register_at_once_has_one_owner(stage: Stage, receiver: PushReceiver) -> None:
    phone, users = receiver.subscribe(), [stage.user() for _ in range(6)]
    await asyncio.gather(*(stage.register(user, phone) for user in users))
    owners = [user for user in users if (await service.list_devices(stage.work, user)).items]
    assert len(owners) == 1


async def test_removing_a_device_stops_its_pushes(stage: Stage, receiver: PushReceiver) -> None:
    phone, user = receiver.subscribe(Reply(503, {"Retry-After": "0"})), stage.user()
    device = await stage.register(user, phone)
    async with stage.sending():
        notification_id = await stage.send(user_id=user.user_id, template="test")
        await stage.pushed(phone)
        await service.remove_device(stage.work, user, device_id=device.id)
        await asyncio.sleep(1.3)
    assert len(phone.pushes) == 1
    assert (await stage.row(notification_id)).state == "no_device"


async def test_device_of_another_looks_like_one_that_is_absent(stage: Stage, receiver: PushReceiver) -> None:
    owner = stage.user()
    device = await stage.register(owner, receiver.subscribe())
    for device_id in (device.id, uuid4()):
        with pytest.raises(NotFound):
            await service.remove_device(stage.work, stage.user(), device_id=device_id)
    assert len((await service.list_devices(stage.work, owner)).items) == 1


async def test_sign_out_removes_the_device_of_that_session_only(stage: Stage, receiver: PushReceiver) -> None:
    phone = stage.user()
    laptop = stage.user(user_id=phone.user_id)
    await stage.register(phone, receiver.subscribe())
    kept = await stage.register(laptop, receiver.subscribe())
    await stage.sign_out(phone)
    assert [row.id for row in (await service.list_devices(stage.work, laptop)).items] == [kept.id]


async def test_device_belongs_to_the_session_that_registered_it_last(stage: Stage, receiver: PushReceiver) -> None:
    browser, before = receiver.subscribe(), stage.user()
    after = stage.user(user_id=before.user_id)
    await stage.register(before, browser)
    await stage.register(after, browser)
    await stage.sign_out(before)
    assert len((await service.list_devices(stage.work, after)).items) == 1


def changed(user: Caller, *, disabled: bool) -> UserUpdated:
    """What auth tells when an administrator changed an account."""
    return UserUpdated(user_id=user.user_id, roles=sorted(user.roles), disabled=disabled, token_version=2)


async def test_disabled_account_has_no_devices_and_gets_no_pushes(stage: Stage, receiver: PushReceiver) -> None:
    user, other = stage.user(), stage.user()
    phone, laptop, kept = receiver.subscribe(), receiver.subscribe(), receiver.subscribe()
    for owner, browser in ((user, phone), (stage.user(user_id=user.user_id), laptop), (other, kept)):
        await stage.register(owner, browser)
    waiting = await stage.send(user_id=user.user_id, template="test")
    await stage.happen(changed(user, disabled=True))
    later = await stage.send(user_id=user.user_id, template="test")
    await stage.send(user_id=other.user_id, template="test")
    async with stage.sending():
        await stage.pushed(kept)
        await asyncio.sleep(0.2)
    assert (phone.pushes, laptop.pushes, len(kept.pushes)) == ([], [], 1)
    assert [(await stage.row(one)).state for one in (waiting, later)] == ["no_device", "no_device"]
    assert (await service.list_devices(stage.work, user)).items == []


async def test_account_that_changes_otherwise_keeps_its_devices(stage: Stage, receiver: PushReceiver) -> None:
    user = stage.user()
    device = await stage.register(user, receiver.subscribe())
    await stage.happen(changed(user, disabled=False))
    assert [row.id for row in (await service.list_devices(stage.work, user)).items] == [device.id]


async def test_disabling_that_is_told_late_leaves_what_is_newer(stage: Stage, receiver: PushReceiver) -> None:
    user = stage.user()
    older = await stage.register(user, receiver.subscribe())
    newer = await stage.register(user, receiver.subscribe())
    assert older.created_at < newer.created_at
    await stage.happen(changed(user, disabled=True), at=older.created_at)
    assert [row.id for row in (await service.list_devices(stage.work, user)).items] == [newer.id]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:192.168.0.1"])
async def test_push_service_at_an_inner_address_is_refused_at_registration(
    stage: Stage, receiver: PushReceiver, address: str
) -> None:
    phone = receiver.subscribe()
    phone.endpoint = "https://inner.push.apple.com/x"
    stage.dns.addresses["inner.push.apple.com"] = ["8.8.8.8", address]
    with pytest.raises(EndpointRefused):
        await stage.register(stage.user(), phone)


async def test_push_service_that_does_not_resolve_just_now_can_be_registered(
    stage: Stage, receiver: PushReceiver
) -> None:
    phone = receiver.subscribe()
    phone.endpoint = "https://web.push.apple.com/x"
    await stage.register(stage.user(), phone)
    assert stage.dns.asked == ["web.push.apple.com"]


async def test_devices_come_in_pages_oldest_first(stage: Stage, receiver: PushReceiver) -> None:
    user = stage.user()
    wanted = [(await stage.register(user, receiver.subscribe())).id for _ in range(5)]
    await stage.register(stage.user(), receiver.subscribe())
    pages = [await service.list_devices(stage.work, user, limit=2)]
    while (cursor := pages[-1].next_cursor) and len(pages) < 4:
        pages.append(await service.list_devices(stage.work, user, cursor=cursor, limit=2))
    assert [[device.id for device in page.items] for page in pages] == [wanted[:2], wanted[2:4], wanted[4:]]
    assert (await service.list_devices(stage.work, user, limit=5)).next_cursor is None
