"""An OPC UA client that shares no code with the module (Python asyncua) against a running ingest and cleared server.

Usage: stock_client.py PLANT.json

PLANT.json names the endpoints, the client's own certificate and key, the users and the nodes, see `Plant`. Each check
prints one line, `ok NAME` or `not ok NAME: REASON`; the last line is `N passed, N failed`. Exit code 0 only with none
failed and at least one passed.
"""

import asyncio
import json
import logging
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from asyncua import Client, ua
from asyncua.common.methods import call_method_full
from asyncua.crypto.security_policies import (
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)

POLICIES = (SecurityPolicyBasic256Sha256, SecurityPolicyAes128Sha256RsaOaep, SecurityPolicyAes256Sha256RsaPss)
TYPES_URI = "urn:dcmb:ua"
FAR_FUTURE_YEAR = 9000

# The checks say what went wrong; the library would tell every refusal that they provoke.
logging.disable(logging.CRITICAL)


@dataclass(frozen=True)
class Plant:
    """What a person would type into the client. Certificates and keys are paths of PEM files."""

    ingest: str
    """Endpoint URL."""
    cleared: str
    application_uri: str
    certificate: str
    key: str
    stranger_application_uri: str
    stranger_certificate: str
    """An application certificate that no server trusts."""
    stranger_key: str
    plc: dict
    """A user: {"name", "password"} or {"certificate", "key"}."""
    operator: dict
    manufacturer: dict
    """User of the cleared server."""
    namespace: str
    """URI of the instances."""
    channel: str
    stream: str
    tag: str
    """A Double tag that accepts `good_value` and refuses `bad_value` as out of range."""
    good_value: float
    bad_value: float


class Session:
    """One secured connection; closes what it opened."""

    def __init__(self, plant: Plant, url: str, user: dict | None, policy=SecurityPolicyBasic256Sha256, stranger: bool = False):
        self.plant, self.url, self.user, self.policy, self.stranger = plant, url, user, policy, stranger
        self.client = Client(url, timeout=8)

    async def __aenter__(self) -> "Session":
        plant, client = self.plant, self.client
        client.application_uri = plant.stranger_application_uri if self.stranger else plant.application_uri
        certificate = plant.stranger_certificate if self.stranger else plant.certificate
        key = plant.stranger_key if self.stranger else plant.key
        await client.set_security(self.policy, certificate, key, mode=ua.MessageSecurityMode.SignAndEncrypt)
        if self.user and "password" in self.user:
            client.set_user(self.user["name"])
            client.set_password(self.user["password"])
        elif self.user:
            await client.load_client_certificate(self.user["certificate"])
            await client.load_private_key(self.user["key"])
        await client.connect()
        self.index = await client.get_namespace_index(plant.namespace)
        return self

    async def __aexit__(self, *_) -> None:
        await self.client.disconnect()

    def node(self, path: str):
        return self.client.get_node(ua.NodeId(path, self.index))

    async def call(self, method: str, *arguments: ua.Variant):
        """Calls a method of the channel; gives the values of its output arguments."""
        channel = f"Channels/{self.plant.channel}"
        result = await call_method_full(self.node(channel), self.node(f"{channel}-{method}"), *arguments)
        return result.OutputArguments

    async def write(self, path: str, value: float, kind=ua.VariantType.Double) -> None:
        """Writes the value alone, as most PLCs do: no status, no timestamps."""
        data_value = ua.DataValue(ua.Variant(value, kind), StatusCode=None)
        await self.node(path).write_attribute(ua.AttributeIds.Value, data_value)


def at_ingest(plant: Plant, user: dict | None, **options) -> Session:
    return Session(plant, plant.ingest, user, **options)


def at_cleared(plant: Plant, user: dict | None, **options) -> Session:
    return Session(plant, plant.cleared, user, **options)


class CheckFailed(Exception):
    pass


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise CheckFailed(what)


async def denied(work, *statuses: str) -> None:
    """The work fails with one of these OPC UA statuses. Any other failure, or success, is not the denial asked for."""
    try:
        await work
    except ua.UaStatusCodeError as error:
        name = ua.StatusCode(error.code).name
        expect(name in statuses, f"answered {name} instead of {' or '.join(statuses)}")
        return
    raise CheckFailed(f"succeeded instead of {' or '.join(statuses)}")


async def no_session(session: Session) -> None:
    """No session comes about, whatever the client calls the failure."""
    try:
        async with session:
            pass
    except CheckFailed:
        raise
    except Exception:
        return
    raise CheckFailed("got a session")


CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


# The ingest server: a PLC writes, an operator watches and anchors.


@check
async def plc_writes_a_tag(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await plc.write(f"Tags/{plant.tag}", plant.good_value)


@check
async def every_offered_security_policy_works(plant: Plant):
    for policy in POLICIES:
        async with at_ingest(plant, plant.plc, policy=policy) as plc:
            await plc.write(f"Tags/{plant.tag}", plant.good_value)


@check
async def plc_cannot_read_the_raw_tag(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await denied(plc.node(f"Tags/{plant.tag}").read_value(), "BadNotReadable", "BadUserAccessDenied")


@check
async def plc_cannot_follow_the_raw_tag(plant: Plant):
    values = []

    class Handler:
        def datachange_notification(self, node, value, data):
            values.append(value)

    async with at_ingest(plant, plant.plc) as plc:
        subscription = await plc.client.create_subscription(50, Handler())
        try:
            await subscription.subscribe_data_change(plc.node(f"Tags/{plant.tag}"), sampling_interval=0)
        except ua.UaStatusCodeError:
            return
        for _ in range(3):
            await plc.write(f"Tags/{plant.tag}", plant.good_value)
            await asyncio.sleep(0.2)
    expect(all(value is None for value in values), "a notification carried the raw value")


@check
async def a_wrong_type_is_refused(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await denied(plc.write(f"Tags/{plant.tag}", 1, ua.VariantType.Int32), "BadTypeMismatch")


@check
async def an_array_is_refused(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await denied(plc.write(f"Tags/{plant.tag}", [plant.good_value, plant.good_value]), "BadTypeMismatch")


@check
async def a_value_out_of_range_is_refused(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await denied(plc.write(f"Tags/{plant.tag}", plant.bad_value), "BadOutOfRange")


@check
async def a_value_that_is_not_finite_is_refused(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await denied(plc.write(f"Tags/{plant.tag}", float("nan")), "BadOutOfRange")


@check
async def plc_cannot_call_anchor(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc:
        await denied(plc.call("Anchor"), "BadUserAccessDenied", "BadNotExecutable")


@check
async def operator_sees_status_and_count_but_not_the_value(plant: Plant):
    async with at_ingest(plant, plant.plc) as plc, at_ingest(plant, plant.operator) as operator:
        count = operator.node(f"Tags/{plant.tag}-AcceptedCount")
        before = await count.read_value()
        await plc.write(f"Tags/{plant.tag}", plant.good_value)
        expect(await count.read_value() > before, "the accepted write was not counted")
        await operator.node(f"Tags/{plant.tag}-LastTime").read_value()
        await denied(operator.node(f"Tags/{plant.tag}").read_value(), "BadNotReadable", "BadUserAccessDenied")


@check
async def operator_cannot_write_a_tag(plant: Plant):
    async with at_ingest(plant, plant.operator) as operator:
        await denied(operator.write(f"Tags/{plant.tag}", plant.good_value), "BadUserAccessDenied")


@check
async def operator_calls_anchor_and_gets_a_batch_number_at_once(plant: Plant):
    async with at_ingest(plant, plant.operator) as operator:
        started = asyncio.get_running_loop().time()
        (batch,) = await operator.call("Anchor")
        took = asyncio.get_running_loop().time() - started
        expect(isinstance(batch, int) and batch >= 0, "the answer is no batch number")
        expect(took < 5, f"took {took:.1f} s")


@check
async def manufacturer_cannot_write_at_the_ingest_server(plant: Plant):
    try:
        async with at_ingest(plant, plant.manufacturer) as manufacturer:
            await denied(manufacturer.write(f"Tags/{plant.tag}", plant.good_value), "BadUserAccessDenied")
    except CheckFailed:
        raise
    except Exception:
        return  # not even a session


@check
async def a_wrong_password_gets_no_session(plant: Plant):
    await no_session(at_ingest(plant, {"name": plant.plc.get("name", "plc"), "password": "not the password"}))


@check
async def an_anonymous_user_gets_no_session(plant: Plant):
    await no_session(at_ingest(plant, None))
    await no_session(at_cleared(plant, None))


@check
async def an_untrusted_application_gets_no_session(plant: Plant):
    await no_session(at_ingest(plant, plant.plc, stranger=True))
    await no_session(at_cleared(plant, plant.manufacturer, stranger=True))


@check
async def an_unsecured_session_is_refused_while_discovery_is_open(plant: Plant):
    for url in (plant.ingest, plant.cleared):
        endpoints = await Client(url, timeout=8).connect_and_get_server_endpoints()
        modes = {endpoint.SecurityMode for endpoint in endpoints}
        expect(modes == {ua.MessageSecurityMode.SignAndEncrypt}, f"{url} offers {modes}")
        client = Client(url, timeout=8)
        try:
            await client.connect()
        except Exception:
            continue
        await client.disconnect()
        raise CheckFailed(f"{url} gave an unsecured session")


# The cleared server: the manufacturer reads the condition and its evidence, and can change nothing.


async def current_condition(cleared: Session) -> tuple[ua.DataValue, ua.DataValue]:
    """Code and text of the stream's condition, once there is one."""
    stream = f"Channels/{cleared.plant.channel}/Streams/{cleared.plant.stream}"
    for _ in range(100):
        code = await cleared.node(f"{stream}-ConditionCode").read_data_value(raise_on_bad_status=False)
        if code.StatusCode.is_good():
            text = await cleared.node(f"{stream}-Condition").read_data_value()
            return code, text
        await asyncio.sleep(0.2)
    raise CheckFailed(f"no condition after 20 s, status {code.StatusCode.name}")


@check
async def manufacturer_reads_the_condition(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        code, text = await current_condition(cleared)
        expect(code.Value.VariantType == ua.VariantType.Int32, "the code is no Int32")
        expect(bool(text.Value.Value.Text), "the text is empty")
        for value in (code, text):
            stamp = value.SourceTimestamp
            expect(stamp is not None and stamp.year < FAR_FUTURE_YEAR, "no usable source timestamp")
            expect(value.ServerTimestamp is None or value.ServerTimestamp.year < FAR_FUTURE_YEAR, "an unusable server timestamp")
        age = datetime.now(timezone.utc) - code.SourceTimestamp.replace(tzinfo=timezone.utc)
        expect(timedelta(0) < age < timedelta(minutes=10), f"the grid time is off by {age}")


@check
async def the_code_has_its_text_in_the_enumeration(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        code, text = await current_condition(cleared)
        types = await cleared.client.get_namespace_index(TYPES_URI)
        expect(types > 0, "the type namespace is missing")
        stream = f"Channels/{plant.channel}/Streams/{plant.stream}"
        values = await (await cleared.node(f"{stream}-ConditionCode").get_child("0:EnumValues")).read_value()
        names = {value.Value: value.DisplayName.Text for value in values}
        expect(code.Value.Value in names, f"code {code.Value.Value} has no name")


@check
async def manufacturer_follows_the_condition(plant: Plant):
    seen = asyncio.Queue()

    class Handler:
        def datachange_notification(self, node, value, data):
            seen.put_nowait(data.monitored_item.Value)

    async with at_cleared(plant, plant.manufacturer) as cleared:
        await current_condition(cleared)
        subscription = await cleared.client.create_subscription(50, Handler())
        stream = f"Channels/{plant.channel}/Streams/{plant.stream}"
        await subscription.subscribe_data_change(cleared.node(f"{stream}-GridTime"))
        first = await asyncio.wait_for(seen.get(), 20)
        second = await asyncio.wait_for(seen.get(), 70)
        expect(second.Value.Value > first.Value.Value, "grid times do not advance")


@check
async def manufacturer_cannot_write_a_cleared_node(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        stream = f"Channels/{plant.channel}/Streams/{plant.stream}"
        await denied(cleared.write(f"{stream}-ConditionCode", 0, ua.VariantType.Int32), "BadNotWritable", "BadUserAccessDenied")


@check
async def manufacturer_fetches_a_delivery(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        await current_condition(cleared)
        batch = await cleared.node(f"Channels/{plant.channel}-LastBatch-BatchId").read_value()
        (package,) = await cleared.call("FetchDelivery", ua.Variant(batch, ua.VariantType.UInt32))
        expect({"header", "delivery"} <= set(json.loads(package)), "the package has no header or no delivery")


@check
async def a_batch_that_does_not_exist_is_not_found(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        await denied(cleared.call("FetchDelivery", ua.Variant(4_000_000_000, ua.VariantType.UInt32)), "BadNotFound", "BadNoData")


@check
async def a_junk_receipt_is_refused(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        await denied(cleared.call("Acknowledge", ua.Variant("{}", ua.VariantType.String)), "BadInvalidArgument")


@check
async def the_cleared_server_has_no_raw_node_and_no_anchor(plant: Plant):
    async with at_cleared(plant, plant.manufacturer) as cleared:
        await denied(cleared.node(f"Tags/{plant.tag}").read_value(), "BadNodeIdUnknown")
        await denied(cleared.write(f"Tags/{plant.tag}", plant.good_value), "BadNodeIdUnknown")
        await denied(cleared.call("Anchor"), "BadMethodInvalid", "BadNodeIdUnknown", "BadNotSupported")


@check
async def plc_gets_no_session_at_the_cleared_server(plant: Plant):
    await no_session(at_cleared(plant, plant.plc))


async def run(plant: Plant) -> int:
    passed = failed = 0
    for function in CHECKS:
        name = function.__name__.replace("_", " ")
        try:
            await asyncio.wait_for(function(plant), 120)
        except Exception as error:
            failed += 1
            reason = " ".join(f"{type(error).__name__} {error}".split())
            print(f"not ok {name}: {reason}", flush=True)
        else:
            passed += 1
            print(f"ok {name}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.exit(asyncio.run(run(Plant(**json.load(file)))))
