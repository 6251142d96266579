"""Does with Python asyncua what test/interop/protocol.ts asks for: a JSON request a line in, a JSON answer a line out."""

import asyncio
import base64
import json
import logging
import sys
from datetime import datetime, timezone

from asyncua import Client, ua
from asyncua.crypto import security_policies

# The answers say what went wrong; the library would tell every refusal that is provoked.
logging.disable(logging.CRITICAL)

CONDITION_ID = ua.AttributeIds.NodeId
LARGE_QUEUE = 1000
CONVERSIONS = {"ByteString": base64.b64decode, "LocalizedText": ua.LocalizedText, "Double": float, "Float": float}


def from_json(typed: dict) -> ua.Variant:
    kind, value = ua.VariantType[typed["type"]], typed["value"]
    convert = CONVERSIONS.get(typed["type"], lambda each: each)
    return ua.Variant([convert(each) for each in value] if isinstance(value, list) else convert(value), kind)


def to_json(value):
    if isinstance(value, list):
        return [to_json(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, ua.LocalizedText):
        return {"locale": value.Locale, "text": value.Text}
    if isinstance(value, ua.NodeId):
        return value.to_string()
    if isinstance(value, ua.StatusCode):
        return value.value
    if isinstance(value, ua.EnumValueType):
        return {"value": value.Value, "displayName": value.DisplayName.Text}
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def data_value(value: ua.DataValue) -> dict:
    told = {"status": value.StatusCode.value, "value": None}
    if value.Value is not None:
        told |= {"value": to_json(value.Value.Value), "type": value.Value.VariantType.name}
    for name, time in (("sourceTime", value.SourceTimestamp), ("serverTime", value.ServerTimestamp)):
        if time is not None:
            told[name] = to_json(time)
    return told


class Connection:
    def __init__(self, client: Client):
        self.client = client
        self.queues: dict[int, asyncio.Queue] = {}

    async def subscribe(self, item: ua.MonitoredItemCreateRequest) -> dict:
        queue = asyncio.Queue()
        wanted = ua.CreateSubscriptionParameters(50, 10_000, 50, 0, True, 0)
        subscription = await self.client.uaclient.create_subscription(wanted, lambda result: take_notifications(result, queue))
        self.queues[subscription.SubscriptionId] = queue
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters.QueueSize = LARGE_QUEUE
        asked = ua.CreateMonitoredItemsParameters(subscription.SubscriptionId, ua.TimestampsToReturn.Both, [item])
        (created,) = await self.client.uaclient.create_monitored_items(asked)
        created.StatusCode.check()
        return {"subscription": subscription.SubscriptionId}


def take_notifications(result: ua.PublishResult, queue: asyncio.Queue) -> None:
    for notification in result.NotificationMessage.NotificationData or []:
        if isinstance(notification, ua.DataChangeNotification):
            for item in notification.MonitoredItems:
                queue.put_nowait(data_value(item.Value))
        elif isinstance(notification, ua.EventNotificationList):
            for event in notification.Events:
                queue.put_nowait([to_json(field.Value) for field in event.EventFields])


CONNECTIONS: dict[str, Connection] = {}


async def hello(_request: dict) -> dict:
    return {"stack": "Python asyncua"}


async def endpoints(request: dict) -> dict:
    found = await Client(request["url"], timeout=8).connect_and_get_server_endpoints()
    return {"endpoints": [{"policy": each.SecurityPolicyUri, "mode": each.SecurityMode.value} for each in found]}


async def connect(request: dict) -> dict:
    client = Client(request["url"], timeout=15)
    application, user = request["application"], request.get("user")
    client.application_uri = application["uri"]
    if request["policy"] != "None":
        policy = getattr(security_policies, "SecurityPolicy" + request["policy"].replace("_", ""))
        await client.set_security(policy, application["certificate"], application["key"], mode=ua.MessageSecurityMode.SignAndEncrypt)
    if user and "password" in user:
        client.set_user(user["name"])
        client.set_password(user["password"])
    elif user:
        await client.load_client_certificate(user["certificate"])
        await client.load_private_key(user["key"])
    await client.connect()
    CONNECTIONS[request["connection"]] = Connection(client)
    return {}


async def translate(request: dict) -> dict:
    elements = [
        ua.RelativePathElement(ua.NodeId(ua.ObjectIds.HierarchicalReferences), False, True, ua.QualifiedName(step["name"], step["ns"]))
        for step in request["path"]
    ]
    path = ua.BrowsePath(ua.NodeId(ua.ObjectIds.RootFolder), ua.RelativePath(elements))
    (result,) = await of(request).client.uaclient.translate_browsepaths_to_nodeids([path])
    result.StatusCode.check()
    return {"node": to_json(result.Targets[0].TargetId)}


async def browse(request: dict) -> dict:
    references = await node(request, "node").get_references(ua.ObjectIds.HierarchicalReferences, ua.BrowseDirection.Forward)
    return {
        "children": [
            {"ns": each.BrowseName.NamespaceIndex, "name": each.BrowseName.Name, "node": to_json(each.NodeId)} for each in references
        ]
    }


async def read(request: dict) -> dict:
    return {"value": data_value(await node(request, "node").read_data_value(raise_on_bad_status=False))}


async def write(request: dict) -> dict:
    value = ua.DataValue(from_json(request["value"]), StatusCode=None)
    await node(request, "node").write_attribute(ua.AttributeIds.Value, value)
    return {}


async def call(request: dict) -> dict:
    wanted = ua.CallMethodRequest(
        node(request, "object").nodeid, node(request, "method").nodeid, [from_json(each) for each in request["arguments"]]
    )
    (result,) = await of(request).client.uaclient.call([wanted])
    result.StatusCode.check()
    return {"outputs": [to_json(each.Value) for each in result.OutputArguments]}


async def subscribe(request: dict) -> dict:
    item = ua.MonitoredItemCreateRequest(ua.ReadValueId(node(request, "node").nodeid, ua.AttributeIds.Value))
    item.RequestedParameters.ClientHandle = 1
    item.RequestedParameters.SamplingInterval = request["samplingMs"]
    return await of(request).subscribe(item)


async def subscribe_events(request: dict) -> dict:
    selected = [
        ua.SimpleAttributeOperand(
            ua.NodeId.from_string(field["type"]),
            [ua.QualifiedName(step["name"], step["ns"]) for step in field["path"]],
            ua.AttributeIds.Value if field["path"] else CONDITION_ID,
        )
        for field in request["fields"]
    ]
    item = ua.MonitoredItemCreateRequest(ua.ReadValueId(node(request, "node").nodeid, ua.AttributeIds.EventNotifier))
    item.RequestedParameters.ClientHandle = 1
    item.RequestedParameters.Filter = ua.EventFilter(selected)
    return await of(request).subscribe(item)


async def take(request: dict) -> dict:
    queue = of(request).queues[request["subscription"]]
    got = []
    try:
        got.append(await asyncio.wait_for(queue.get(), request["withinMs"] / 1000))
        while not queue.empty():
            got.append(queue.get_nowait())
    except asyncio.TimeoutError:
        pass
    return {"got": got}


async def close(request: dict) -> dict:
    await CONNECTIONS.pop(request["connection"]).client.disconnect()
    return {}


def of(request: dict) -> Connection:
    return CONNECTIONS[request["connection"]]


def node(request: dict, key: str):
    return of(request).client.get_node(request[key])


HANDLERS = {handler.__name__: handler for handler in (hello, endpoints, connect, translate, browse, read, write, call, subscribe, take, close)}
HANDLERS["subscribeEvents"] = subscribe_events


async def answer(request: dict) -> dict:
    try:
        return await HANDLERS[request["do"]](request)
    except ua.UaStatusCodeError as error:
        return {"status": error.code}
    except Exception as error:
        return {"failed": f"{type(error).__name__} {error}"}


async def main() -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await answer(json.loads(line))), flush=True)


asyncio.run(main())
