"""OCPP 1.6-J: the central system that chargers connect to; it keeps their energy registers and steers nothing.

A meter value, start or stop is answered only when its readings are on disk. If they cannot be kept, the
connection is closed without an answer: the charger holds the message and sends it again. The point of a
register is ``charger/connector``, with the location behind it where that is not the outlet.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import http
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, DataTransferStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHeader
from websockets.headers import parse_authorization_basic
from websockets.http11 import Request, Response

from tanlin.kernel.errors import Text
from tanlin.meter.adapters import polling
from tanlin.meter.gateways import RAW_LENGTH, Field, Full, Reject, Sample, Sink, Source
from tanlin.meter.protocols import ocpp16
from tanlin.meter.protocols.faults import fault

HOST = Field(
    "host",
    Text("监听地址", "Listen on"),
    default="127.0.0.1",
    help=Text(
        "充电桩直接连接时填 0.0.0.0；经反向代理（TLS）时不改。",
        "0.0.0.0 if chargers connect directly; leave it behind a proxy with TLS.",
    ),
)
PORT = Field("port", Text("端口", "Port"), "number", 9000)
CHARGERS = Field(
    "chargers",
    Text("充电桩编号", "Ids of chargers"),
    "lines",
    help=Text("每行一个；其他的不予接入。", "One a line; others are turned away."),
    required=True,
)
TAGS = Field(
    "tags",
    Text("允许的卡号", "Cards that may charge"),
    "lines",
    help=Text("每行一个；留空则都允许。", "One a line; empty: all of them."),
)
PASSWORD = Field(
    "password",
    Text("密码（Basic Auth，用户名为充电桩编号）", "Password (basic auth; the user is the charger's id)"),
    "secret",
)
_HEARTBEAT_SECONDS = 300
_TRY_LATER = 1013


class Ocpp:
    """Chargers that speak OCPP 1.6-J."""

    title = Text("充电桩（OCPP 1.6-J）", "Chargers (OCPP 1.6-J)")
    fields = (HOST, PORT, CHARGERS, TAGS, PASSWORD)

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Raises BadInput."""
        return {
            "host": polling.text(config, HOST),
            "port": int(polling.number(config, PORT, 1, 65535)),
            "chargers": "\n".join(polling.lines(config, CHARGERS)),
            "tags": "\n".join(polling.lines(config, TAGS)),
        }

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        """Serve until stopped. Raises BadInput where the port cannot be had."""
        config = self.check(source.config)
        central = _Central(config, source.secret, sink)
        try:
            server = await serve(
                central.serve,
                config["host"],
                config["port"],
                subprotocols=["ocpp1.6"],  # type: ignore[list-item]
                process_request=central.admit,
            )
        except OSError as error:
            raise fault("meter.port_taken", found=f"{config['host']}:{config['port']}") from error
        async with server:
            central.report()
            await stop.wait()


class _Central:
    """Who may connect, who is connected, and which connectors are out of order."""

    def __init__(self, config: Mapping[str, Any], password: str, sink: Sink) -> None:
        self.chargers = frozenset(polling.lines(config, CHARGERS))
        self.tags = frozenset(polling.lines(config, TAGS))
        self.password, self.sink = password, sink
        self.connected: set[ServerConnection] = set()
        self.faulted: set[str] = set()

    def report(self) -> None:
        error = fault("meter.charger_fault", found=", ".join(sorted(self.faulted))) if self.faulted else None
        self.sink.report("connected" if self.connected else "waiting", error)

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """None for a known charger with the right password, else the answer that turns it away."""
        charger = _charger(request)
        if charger not in self.chargers:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "Unknown charger\n")
        if self.password and not self._is_known(charger, request.headers.get("Authorization", "")):
            answer = connection.respond(http.HTTPStatus.UNAUTHORIZED, "Wrong password\n")
            answer.headers["WWW-Authenticate"] = 'Basic realm="ocpp", charset="UTF-8"'
            return answer
        return None

    def _is_known(self, charger: str, authorization: str) -> bool:
        try:
            user, password = parse_authorization_basic(authorization)
        except InvalidHeader:
            return False
        return user == charger and hmac.compare_digest(password.encode(), self.password.encode())

    async def serve(self, connection: ServerConnection) -> None:
        """One charger until it goes away."""
        assert connection.request is not None
        self.connected.add(connection)
        self.report()
        try:
            await _Charger(_charger(connection.request), connection, self).start()
        except ConnectionClosed:
            return  # chargers come and go; the page shows whether any is there
        finally:
            self.connected.discard(connection)
            self.report()


def _charger(request: Request) -> str:
    return unquote(request.path.split("?")[0].rstrip("/").rsplit("/", 1)[-1])


class _Charger(ChargePoint):
    """One charger's connection."""

    def __init__(self, charger: str, connection: ServerConnection, central: _Central) -> None:
        super().__init__(charger, connection)
        self.central = central

    @on(Action.boot_notification)
    def on_boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(_now(), _HEARTBEAT_SECONDS, RegistrationStatus.accepted)

    @on(Action.heartbeat)
    def on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(_now())

    @on(Action.status_notification, skip_schema_validation=True)
    def on_status(self, connector_id: int, status: str, **_: Any) -> call_result.StatusNotification:
        change = self.central.faulted.add if status == "Faulted" else self.central.faulted.discard
        change(f"{self.id}/{connector_id}")
        self.central.report()
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, id_tag: str) -> call_result.Authorize:
        return call_result.Authorize(self._tag(id_tag))

    @on(Action.data_transfer)
    def on_data_transfer(self, **_: Any) -> call_result.DataTransfer:
        return call_result.DataTransfer(DataTransferStatus.unknown_vendor_id)

    @on(Action.start_transaction, skip_schema_validation=True)
    async def on_start(
        self, connector_id: int, id_tag: str, meter_start: int, timestamp: str, **_: Any
    ) -> call_result.StartTransaction:
        await self._keep(connector_id, [_meter_value(timestamp, meter_start)])
        number = ocpp16.transaction_id(self.id, connector_id, timestamp, meter_start)
        return call_result.StartTransaction(number, self._tag(id_tag))

    @on(Action.meter_values, skip_schema_validation=True)
    async def on_meter_values(
        self, connector_id: int, meter_value: list[Any], **_: Any
    ) -> call_result.MeterValues:
        await self._keep(connector_id, meter_value)
        return call_result.MeterValues()

    @on(Action.stop_transaction, skip_schema_validation=True)
    async def on_stop(
        self,
        transaction_id: int,
        meter_stop: int,
        timestamp: str,
        transaction_data: Sequence[Any] = (),
        **_: Any,
    ) -> call_result.StopTransaction:
        values = [*transaction_data, _meter_value(timestamp, meter_stop)]
        await self._keep(ocpp16.connector_of(transaction_id), values)
        return call_result.StopTransaction()

    def _tag(self, tag: str) -> IdTagInfo:
        is_known = not self.central.tags or tag in self.central.tags
        return IdTagInfo(AuthorizationStatus.accepted if is_known else AuthorizationStatus.invalid)

    async def _keep(self, connector: int | None, values: Sequence[Any]) -> None:
        """Return when the registers are on disk; else close the connection, so that the charger sends again."""
        samples, rejects = _rows(self.id, connector, values)
        is_kept = False
        try:
            if samples or rejects:
                await self.central.sink.put(samples, rejects)
            is_kept = True
        except Full as error:
            self.central.sink.report("failed", error)
            raise
        finally:
            if not is_kept:
                await self._connection.close(_TRY_LATER, "not stored")


def _rows(charger: str, connector: int | None, values: Sequence[Any]) -> tuple[list[Sample], list[Reject]]:
    """Samples of the registers; a stop of another system's transaction names no register and is kept aside."""
    if connector is None:
        return [], [Reject(charger, json.dumps(list(values))[:RAW_LENGTH], "unreadable")]
    point = f"{charger}/{connector}"
    found, bad = ocpp16.registers(values)
    samples = [
        Sample(
            point if r.location == "Outlet" else f"{point}/{r.location}",
            r.start,
            0,
            r.value,
            r.unit,
            r.channel,
        )
        for r in found
    ]
    reasons = ((b.raw[:RAW_LENGTH], "unreadable" if b.finite else "not_finite") for b in bad)
    return samples, [Reject(point, raw, reason) for raw, reason in reasons]


def _meter_value(timestamp: str, watt_hours: int) -> dict[str, Any]:
    return {"timestamp": timestamp, "sampled_value": [{"value": watt_hours}]}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
