"""What can be wrong with a frame, a register map or a file of a protocol, in both languages."""

from __future__ import annotations

from tanlin.kernel.errors import BadInput, Text, Where

_ASK = ("请检查线路、波特率和干扰；坏帧已丢弃，下一轮重读。", "Check the line, baud rate and interference; the frame was dropped and is read again.")  # fmt: skip
_MODEL = ("请核对表计型号和协议版本。", "Check the model of the meter and the version of its protocol.")
_EXPORT = ("请重新导出文件，或向发送方核实。", "Export the file again, or ask its sender.")
_MAP = ("请更正寄存器表的这一格。", "Correct this cell of the register map.")

#: code → (Chinese, English, (Chinese remedy, English remedy)); braces take values.
_FAULTS: dict[str, tuple[str, str, tuple[str, str]]] = {
    "meter.frame_checksum": (
        "校验和不符：应为 {expected:02X}，收到 {found:02X}。",
        "Wrong checksum: expected {expected:02X}, received {found:02X}.",
        _ASK,
    ),
    "meter.frame_end": ("帧没有以 16H 结束。", "The frame does not end with 16H.", _ASK),
    "meter.frame_truncated": (
        "帧不完整：收到 {found} 字节后中断。",
        "The frame is incomplete: it stopped after {found} bytes.",
        _ASK,
    ),
    "meter.frame_length": (
        "数据域长度不对：{found} 字节。",
        "The data field has a wrong length: {found} bytes.",
        _MODEL,
    ),
    "meter.frame_bcd": ("不是 BCD 数：{found}。", "Not a BCD number: {found}.", _MODEL),
    "meter.frame_time": ("不是有效时间：{found}。", "Not a valid time: {found}.", _MODEL),
    "meter.frame_unknown_data": (
        "不支持的数据标识 {found}。",
        "Data identifier {found} is not supported.",
        _MODEL,
    ),
    "meter.frame_unknown_unit": (
        "不认识的单位代号 {found:02X}H。",
        "Unknown unit code {found:02X}H.",
        (
            "请核对表计型号；有的厂家把单位放在数值之前。",
            "Check the model; some makers put the unit before the value.",
        ),
    ),
    "meter.frame_refused": (
        "表计拒绝了请求：{zh}。",
        "The meter refused the request: {en}.",
        (
            "请核对表号、数据标识和表计权限。",
            "Check the address, the data identifier and the rights at the meter.",
        ),
    ),
    "meter.frame_address": (
        "表地址不对：{found}。",
        "Wrong meter address: {found}.",
        (
            "请填表面上的数字，DL/T 645 为 12 位，CJ/T 188 为 14 位。",
            "Enter the digits on the meter: 12 for DL/T 645, 14 for CJ/T 188.",
        ),
    ),
    "meter.file_json": ("不是有效的 JSON。", "Not valid JSON.", _EXPORT),
    "meter.file_no_orders": (
        "没有找到充电订单或接口状态。",
        "No charging order or connector status was found.",
        ("请导出 T/CEC 102 的充电订单信息。", "Export the charging orders of T/CEC 102."),
    ),
    "meter.file_missing": ("缺少 {name}。", "{name} is missing.", _EXPORT),
    "meter.file_value": ("{name} 的内容不对：{found}。", "{name} has a wrong value: {found}.", _EXPORT),
    "meter.file_order_time": ("结束不晚于开始。", "The end is not after the start.", _EXPORT),
    "meter.file_order_sum": (
        "分时段电量合计 {parts:g} kWh，与总电量 {total:g} kWh 不符。",
        "The periods add up to {parts:g} kWh, the order says {total:g} kWh.",
        ("请向充电平台核对该订单；未采用。", "Check the order with the platform; it was not taken."),
    ),
    "meter.file_order_conflict": (
        "同一订单号 {found} 出现两次，内容不同。",
        "Order {found} appears twice with different content.",
        ("请向充电平台核对；采用先出现的一条。", "Check with the platform; the first one was taken."),
    ),
    "meter.file_order_overlap": (
        "与同一接口的{found}时间重叠。",
        "It overlaps {found} of the same connector in time.",
        ("请向充电平台核对；未采用。", "Check with the platform; it was not taken."),
    ),
    "meter.file_encrypted": (
        "数据已加密（AES）。",
        "The data are encrypted (AES).",
        ("请让充电平台导出解密后的 Data 内容。", "Ask the platform to export Data decrypted."),
    ),
    "meter.file_signature": (
        "签名不符。",
        "The signature does not match.",
        (
            "请核对签名密钥，并确认文件未被改动。",
            "Check the signature key and that the file was not changed.",
        ),
    ),
    "meter.xml_entity": (
        "XML 含有 DTD 或实体声明，不予接受。",
        "The XML declares a DTD or entities and is not accepted.",
        _EXPORT,
    ),
    "meter.xml_broken": ("XML 不完整或有错：{found}。", "The XML is broken: {found}.", _EXPORT),
    "meter.xml_too_big": ("文件过大或嵌套过深。", "The file is too large or nested too deeply.", _EXPORT),
    "meter.xml_not_espi": (
        "不是绿色按钮（ESPI）文件。",
        "Not a Green Button (ESPI) file.",
        ("请从供电公司下载 Green Button XML。", "Download the Green Button XML from the utility."),
    ),
    "meter.espi_unlinked": (
        "找不到这段读数的 {name}。",
        "The {name} of these readings was not found.",
        _EXPORT,
    ),
    "meter.espi_unfit": (
        "{name} = {found} 不是可记账的用量，已略过。",
        "{name} = {found} is no amount that can be accounted; it was left out.",
        ("请导出有功电量、用气量、用水量或用热量。", "Export active energy, gas, water or heat."),
    ),
    "meter.map_columns": (
        "寄存器表缺少列：{name}。",
        "The register map lacks columns: {name}.",
        ("请对照说明补全表头。", "Complete the header as documented."),
    ),
    "meter.map_empty": ("寄存器表没有点位。", "The register map holds no point.", _MAP),
    "meter.map_value": ("不能用：{allowed}。", "Not usable: {allowed}.", _MAP),
    "meter.map_twice": ("点位或通道重复。", "The point or its channel is given twice.", _MAP),
    "meter.map_not_a_number": (
        "寄存器的内容不是有效数：{found}。",
        "The registers hold no valid number: {found}.",
        ("请核对数据类型、字序和地址。", "Check type, word order and address."),
    ),
    "meter.link_down": (
        "连接不上 {found}。",
        "No connection to {found}.",
        ("请检查电源、网络和端口；将自动重连。", "Check power, network and port; it reconnects by itself."),
    ),
    "meter.port_taken": (
        "无法监听 {found}。",
        "Cannot listen on {found}.",
        ("请换一个端口，或停止占用它的程序。", "Choose another port, or stop the program that holds it."),
    ),
    "meter.points_failed": (
        "有测点读不到：{zh}。其余照常。",
        "Some points cannot be read: {en}. The others go on.",
        ("请核对地址和接线。", "Check addresses and wiring."),
    ),
    "meter.word_order_doubt": (
        "读数跳动异常，字序可能相反：{found}。",
        "The values jump as if the word order were the other one: {found}.",
        (
            "请对照表面读数，更正寄存器表的 word_order。",
            "Compare with the display and correct word_order in the register map.",
        ),
    ),
    "meter.charger_fault": (
        "充电桩报告故障：{found}。",
        "Chargers report a fault: {found}.",
        ("请到现场检查。", "Have them looked at."),
    ),
}


class FrameError(BadInput):
    """A frame that cannot be used; ``code`` tells why."""


def fault(code: str, where: Where | None = None, **values: object) -> BadInput:
    """The error of a file or map."""
    return BadInput(code, _text(code, values), remedy=Text(*_FAULTS[code][2]), where=where)


def frame_fault(code: str, frame: bytes, **values: object) -> FrameError:
    """The error of a frame; its bytes stand in ``where.value`` as hex."""
    where = Where(value=frame.hex(" ").upper() or None)
    return FrameError(code, _text(code, values), remedy=Text(*_FAULTS[code][2]), where=where)


def _text(code: str, values: dict[str, object]) -> Text:
    zh, en, _ = _FAULTS[code]
    return Text(zh, en).format(**values)
