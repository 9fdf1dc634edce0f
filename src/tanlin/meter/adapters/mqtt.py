"""MQTT: a persistent session at a broker; a message is acknowledged after its readings are on disk.

QoS 1 with acknowledgement by hand (paho-mqtt). What was not acknowledged comes again after a broken line, a restart of the
broker or a kill of this process; readings are told apart by their time, so that nothing is doubled.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tanlin.kernel.errors import TanlinError, Text
from tanlin.meter.adapters.http_push import ENDS, SECONDS, UNIT, defaults_of, flag, row_defaults
from tanlin.meter.gateways import Field, Full, Sink, Source, bad_setting
from tanlin.meter.topics import Message, read, rules

#: Messages taken into one put, messages that may be under way, and messages that may wait here before the socket does.
AT_ONCE, UNDER_WAY, MOST_WAITING = 2_000, 1_000, 4_000
#: Bytes of messages from which a put takes no more of them.
MOST_BYTES = 8 * 2**20
#: The broker keeps the session of a listener that is away for so long.
SESSION_SECONDS = 30 * 86_400
KEEPALIVE, PAUSE_SECONDS = 30, 5.0


class Mqtt:
    """Readings from a broker."""

    title = Text("MQTT", "MQTT")
    fields = (
        Field("host", Text("服务器", "Broker"), required=True),
        Field("port", Text("端口", "Port"), "number", 1883),
        Field(
            "topics",
            Text("主题映射", "Topic map"),
            "lines",
            help=Text(
                "每行一条：site/{point}/energy unit=kWh；JSON 内容可写 value=ENERGY.Total time=Time。",
                "A line each: site/{point}/energy unit=kWh; for JSON also value=ENERGY.Total time=Time.",
            ),
            required=True,
        ),
        Field("username", Text("用户名", "User name")),
        Field("password", Text("密码", "Password"), "secret"),
        Field("tls", Text("TLS 加密", "TLS"), "flag", False),
        Field(
            "ca",
            Text("CA 证书文件", "File of the CA"),
            help=Text("自签证书时填写本机路径。", "A path on this machine, for a certificate of your own."),
        ),
        Field(
            "version",
            Text("协议版本", "Version"),
            "choice",
            "5",
            choices=(("5", Text("5", "5")), ("3.1.1", Text("3.1.1", "3.1.1"))),
        ),
        SECONDS,
        UNIT,
        ENDS,
    )

    def check(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Raises BadInput."""
        host, port = str(config.get("host") or "").strip(), config.get("port") or 1883
        if not host:
            raise bad_setting("host", host, Text("请填写服务器地址。", "Name the broker."))
        if not str(port).isdigit() or not 0 < int(port) < 65_536:
            raise bad_setting("port", port, Text("端口须为 1 至 65535。", "A port is from 1 to 65535."))
        topics = str(config.get("topics") or "").strip()
        rules(topics)
        ca = str(config.get("ca") or "").strip()
        if ca and not Path(ca).is_file():
            raise bad_setting("ca", ca, Text("没有这个文件。", "There is no such file."))
        version = "3.1.1" if config.get("version") == "3.1.1" else "5"
        own = {"host": host, "port": int(port), "topics": topics, "ca": ca, "version": version}
        own |= {"username": str(config.get("username") or "").strip(), "tls": flag(config.get("tls"))}
        return own | row_defaults(config)

    async def run(self, source: Source, sink: Sink, stop: asyncio.Event) -> None:
        """Listen until stopped. Raises what a wrong CA file raises."""
        session = _Session(source, sink, asyncio.get_running_loop())
        await asyncio.to_thread(session.open)
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                woken = asyncio.create_task(session.wake.wait())
                await asyncio.wait({woken, stopped}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                session.wake.clear()
                while session.messages and not stop.is_set():
                    await session.take(stop)
        finally:
            stopped.cancel()
            session.ended = True
            await asyncio.to_thread(session.close)


class _Session:
    """One client of paho in its own thread, and the messages it has not acknowledged yet."""

    def __init__(self, source: Source, sink: Sink, loop: asyncio.AbstractEventLoop) -> None:
        self.source, self.sink, self.loop = source, sink, loop
        self.rules = rules(source.config["topics"])
        self.given = defaults_of(source.config, source.tz, 0)
        self.messages: deque[tuple[int, int, int, Message]] = deque()  # (connection, mid, qos, message)
        self.wake = asyncio.Event()
        self.ended = False
        self.connection = 0  # an acknowledgement must not reach another connection than its message's
        self.lock = threading.Lock()
        self.client = self._client()

    def _client(self) -> Any:
        from paho.mqtt.client import Client, MQTTv5, MQTTv311
        from paho.mqtt.enums import CallbackAPIVersion

        config = self.source.config
        own: dict[str, Any] = {}
        v5 = config["version"] == "5"
        if not v5:
            own = {"clean_session": False}
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"tanlin-{self.source.id}",
            protocol=MQTTv5 if v5 else MQTTv311,
            manual_ack=True,
            **own,
        )
        if config["username"]:
            client.username_pw_set(config["username"], self.source.secret or None)
        if config["tls"]:
            client.tls_set_context(ssl.create_default_context(cafile=config["ca"] or None))
        client.reconnect_delay_set(1, 60)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail, client.on_message = self._unreachable, self._heard
        return client

    def open(self) -> None:
        """Start the thread; it connects, and connects again, by itself."""
        from paho.mqtt.client import MQTTv5
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        config = self.source.config
        more: dict[str, Any] = {}
        if self.client.protocol == MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = SESSION_SECONDS
            properties.ReceiveMaximum = UNDER_WAY
            more = {"clean_start": False, "properties": properties}
        self._report("connecting")
        self.client.connect_async(config["host"], config["port"], keepalive=KEEPALIVE, **more)
        self.client.loop_start()

    def close(self) -> None:
        """Leave the broker; it keeps the session."""
        self.client.disconnect()
        self.client.loop_stop()

    async def take(self, stop: asyncio.Event) -> None:
        """Put some messages on disk and acknowledge them; while the inbox is full, wait without acknowledging."""
        size = 0
        batch: list[tuple[int, int, int, Message]] = []
        while self.messages and len(batch) < AT_ONCE and size < MOST_BYTES:
            batch.append(self.messages.popleft())
            size += len(batch[-1][3].payload)
        samples, rejects = read([message for *_, message in batch], self.rules, self.given)
        while True:
            try:
                await self.sink.put(samples, rejects)
                break
            except Full as error:
                self.sink.report("waiting", error)
                await _pause(stop, PAUSE_SECONDS)
                if stop.is_set():
                    return
                self.sink.report("connected" if self.client.is_connected() else "connecting")
        with self.lock:
            for connection, mid, qos, _message in batch:
                if connection == self.connection and qos:
                    self.client.ack(mid, qos)

    # --- called by paho in its thread ----------------------------------------------------------------------------

    def _heard(self, client: Any, _userdata: Any, message: Any) -> None:
        while len(self.messages) >= MOST_WAITING and not self.ended:
            time.sleep(0.01)  # the socket waits with us, so that memory stays bounded
        heard = Message(message.topic, bytes(message.payload), int(time.time()), bool(message.retain))
        self.messages.append((self.connection, message.mid, message.qos, heard))
        if len(self.messages) == 1 or not self.wake.is_set():
            self.loop.call_soon_threadsafe(self.wake.set)

    def _connected(self, client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._report("failed", _refused(str(reason)))
            return
        with self.lock:
            self.connection += 1
        client.subscribe([(rule.filter, 1) for rule in self.rules])
        self._report("connected")

    def _disconnected(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self.ended and reason.is_failure:
            self._report("connecting", _lost(str(reason)))

    def _unreachable(self, _client: Any, _userdata: Any) -> None:
        self._report("connecting", _lost(f"{self.source.config['host']}:{self.source.config['port']}"))

    def _report(self, state: Any, error: TanlinError | None = None) -> None:
        self.loop.call_soon_threadsafe(self.sink.report, state, error)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _refused(why: str) -> TanlinError:
    return TanlinError(
        "meter.mqtt_refused",
        Text(f"服务器拒绝连接：{why}", f"The broker refuses: {why}"),
        remedy=Text("请核对用户名、密码与权限。", "Check user name, password and access rights."),
    )


def _lost(why: str) -> TanlinError:
    return TanlinError(
        "meter.mqtt_lost",
        Text(f"与服务器的连接中断：{why}", f"No connection to the broker: {why}"),
        remedy=Text(
            "会自动重连；请检查服务器与网络。",
            "It connects again by itself; look at the broker and the network.",
        ),
    )
