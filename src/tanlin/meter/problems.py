"""What can be wrong with a meter file: one catalogue of codes, messages and remedies in both languages."""

from __future__ import annotations

from typing import NamedTuple

from tanlin.kernel.errors import BadInput, Text, Where


class Problem(NamedTuple):
    """What is wrong and how to mend it."""

    text: Text
    remedy: Text


def _p(zh: str, en: str, zh_remedy: str, en_remedy: str) -> Problem:
    return Problem(Text(zh, en), Text(zh_remedy, en_remedy))


#: Whole-file refusals: nothing of the file is taken.
FILE = {
    "meter.empty_file": _p(
        "文件是空的。",
        "The file is empty.",
        "请确认导出是否完成，再重新上传。",
        "Check that the export finished, then upload it again.",
    ),
    "meter.no_data": _p(
        "没有找到数据行。",
        "No row of data was found.",
        "请确认表头下面有读数。",
        "Check that readings follow the header.",
    ),
    "meter.wrong_type": _p(
        "这不是表格文件，而是 {found}。",
        "This is not a table but {found}.",
        "请上传 CSV、XLSX、XLS 或 Parquet 文件；其他文件请先在表格软件中另存为 XLSX。",
        "Upload CSV, XLSX, XLS or Parquet; open other files in a spreadsheet and save them as XLSX.",
    ),
    "meter.encrypted": _p(
        "工作簿设有密码。",
        "The workbook is protected by a password.",
        "请取消密码后另存，再上传。",
        "Remove the password, save and upload again.",
    ),
    "meter.damaged": _p(
        "文件已损坏，无法打开。",
        "The file is damaged and cannot be opened.",
        "请在表格软件中打开并另存，再上传。",
        "Open it in a spreadsheet, save it and upload again.",
    ),
    "meter.too_big": _p(
        "工作簿解压后过大。",
        "The workbook is too large once unpacked.",
        "请拆分，或改用 CSV 或 Parquet。",
        "Split it, or use CSV or Parquet.",
    ),
    "meter.encoding": _p(
        "文字编码无法识别。",
        "The text encoding cannot be read.",
        "请另存为 UTF-8 编码的 CSV。",
        "Save it as CSV in UTF-8.",
    ),
    "meter.csv_broken": _p(
        "从此行起引号不配对或单元格过长。",
        "From this row on quotes do not match or a cell is too long.",
        "请检查此行的引号。",
        "Check the quotes in this row.",
    ),
    "meter.no_sheet": _p(
        "没有这个工作表。",
        "There is no such sheet.",
        "请从文件已有的工作表中选择。",
        "Choose one of the sheets of the file.",
    ),
    "meter.no_header": _p(
        "没有找到表头。",
        "No header was found.",
        "表头请包含表号、时间和用量，例如：表号、抄表时间、用电量(kWh)。",
        "Name the columns, for example: 表号, 抄表时间, 用电量(kWh).",
    ),
    "meter.duplicate_columns": _p(
        "有重名的列：{names}。",
        "Columns share a name: {names}.",
        "请改名或删去重复的列。",
        "Rename or remove the repeated column.",
    ),
    "meter.missing_columns": _p(
        "缺少列：{names}。",
        "Columns are missing: {names}.",
        "表头与记住的对应关系不同，请重新选择。",
        "The header differs from the remembered mapping; choose again.",
    ),
    "meter.open_questions": _p(
        "还有需要您选择的项：{names}。",
        "Your choice is needed for: {names}.",
        "请在预览中选择后再导入。",
        "Choose in the preview, then import.",
    ),
    "meter.ambiguous_dates": _p(
        "日期的日、月顺序无法判断。",
        "Whether day or month comes first cannot be told.",
        "请选择日期的写法。",
        "Choose how the dates are written.",
    ),
    "meter.unclear_step": _p(
        "每条读数覆盖多长时间无法判断。",
        "How long each reading lasts cannot be told.",
        "请选择小时、日或月，或补上起止日期列。",
        "Choose hour, day or month, or add columns for start and end.",
    ),
}

#: Bad rows: the row is left out and reported, the others stand.
ROW = {
    "meter.not_a_number": _p(
        "不是数字。", "Not a number.",
        "请填数字；没有读数请留空。", "Enter a number; leave it blank where there is no reading.",
    ),
    "meter.formula_text": _p(
        "单元格内容像公式，不予接受。", "The cell looks like a formula and is not accepted.",
        "请改填数值。", "Enter the value instead.",
    ),
    "meter.formula_uncached": _p(
        "公式没有保存计算结果。", "The formula has no stored result.",
        "请用表格软件打开并保存一次，或粘贴为数值。", "Open and save the file in a spreadsheet, or paste as values.",
    ),
    "meter.negative": _p(
        "用量不能为负。", "Consumption cannot be negative.",
        "请核对；上网电量请用“上网”列，退补请更正原月份。",
        "Check it; put exported energy in an export column and correct the month a credit belongs to.",
    ),
    "meter.too_large": _p(
        "数值大得不合理。", "The value is implausibly large.",
        "请核对单位和小数点。", "Check the unit and the decimal point.",
    ),
    "meter.bad_time": _p(
        "看不懂这个日期或时间。", "This date or time cannot be read.",
        "请写成 2025-01-05 08:00 这样的形式。", "Write it like 2025-01-05 08:00.",
    ),
    "meter.nonexistent_time": _p(
        "夏令时切换，当地没有这个时刻。", "This local time does not exist: clocks were put forward.",
        "请核对时区，或改用世界时。", "Check the time zone, or use UTC.",
    ),
    "meter.ambiguous_time": _p(
        "夏令时切换，这个时刻出现两次，无法判断是哪一次。",
        "This local time occurs twice when clocks go back, and which one is meant cannot be told.",
        "请补全两次读数，或改用世界时。", "Give both readings in order, or use UTC.",
    ),
    "meter.bad_period": _p(
        "结束不晚于开始。", "The end is not after the start.",
        "请核对起止日期。", "Check both dates.",
    ),
    "meter.no_number": _p(
        "没有表号。", "There is no meter number.",
        "请补上表号。", "Enter the meter number.",
    ),
    "meter.number_lost": _p(
        "表号被表格软件改成了科学计数，末尾数字已丢失。",
        "The spreadsheet turned the meter number into a rounded figure; its last digits are lost.",
        "请把该列设为文本后重新导出。", "Format the column as text and export again.",
    ),
    "meter.duplicate": _p(
        "与第 {other} 行是同一表同一时间，数值却不同。",
        "Same meter and time as row {other}, but another value.",
        "请只保留正确的一行。", "Keep the right row only.",
    ),
    "meter.bad_unit": _p(
        "单位不能换算。", "The unit cannot be converted.",
        "请核对单位。", "Check the unit.",
    ),
    "meter.bad_word": _p(
        "不认识的能源品种或方向。", "Unknown carrier or direction.",
        "请填 电、水、气、热 或 正向、反向、发电。", "Use electricity, water, gas, heat, or import, export, generation.",
    ),
    "meter.kind_mismatch": _p(
        "此表登记的类型与文件不同。", "The meter is registered with another kind than the file's.",
        "请在登记中或在预览中更正类型（用量、示数、账单）。",
        "Correct the kind (interval, register, bill) in the registry or in the preview.",
    ),
}  # fmt: skip


def refusal(code: str, where: Where | None = None, **values: object) -> BadInput:
    """The error that refuses a whole file; values may be ``Text``."""
    problem = FILE[code]
    texts = {lang: {n: _in(v, lang) for n, v in values.items()} for lang in ("zh", "en")}
    text = Text(problem.text.zh.format(**texts["zh"]), problem.text.en.format(**texts["en"]))
    return BadInput(code, text, remedy=problem.remedy, where=where)


def _in(value: object, lang: str) -> object:
    return value.pick(lang) if isinstance(value, Text) else value
