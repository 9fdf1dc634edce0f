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
        "请上传 CSV、XLSX、XLS、Parquet、绿色按钮（XML）或充电订单（T/CEC 102 JSON）；其他文件请先在表格软件中另存为 XLSX。",
        "Upload CSV, XLSX, XLS, Parquet, Green Button (XML) or charging orders (T/CEC 102 JSON); open other files in a spreadsheet and save them as XLSX.",
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
        "文件解压后超过 {limit} MB。",
        "The file takes more than {limit} MB once unpacked.",
        "请按月或按表拆分；工作簿也可改存为 CSV。",
        "Split it by month or by meter; a workbook may be saved as CSV instead.",
    ),
    "meter.bomb": _p(
        "工作簿中有一部分解压后超过压缩前的 {ratio} 倍，像压缩炸弹。",
        "A part of the workbook unpacks to more than {ratio} times its size, as a zip bomb does.",
        "请在表格软件中打开原表，另存为新的 XLSX，再上传。",
        "Open the original in a spreadsheet, save it as a new XLSX and upload that.",
    ),
    "meter.entities": _p(
        "工作簿的 XML 含有文档类型或实体声明，表格文件不应有，也不会展开。",
        "The workbook's XML declares a document type or entities; tables have none, and none is expanded.",
        "请在表格软件中打开原表，另存为新的 XLSX，再上传。",
        "Open the original in a spreadsheet, save it as a new XLSX and upload that.",
    ),
    "meter.too_many_cells": _p(
        "工作表用到第 {rows} 行、第 {columns} 列，单元格过多。",
        "The sheet reaches to row {rows} and column {columns}; these are too many cells.",
        "请删去数据之外的单元格后另存，或改用 CSV 或 Parquet。",
        "Delete the cells outside the data and save, or use CSV or Parquet.",
    ),
    "meter.too_many_rows": _p(
        "文件超过 {limit} 行。",
        "The file has more than {limit} rows.",
        "请按月或按表拆成几个文件，分别上传。",
        "Split it by month or by meter and upload the parts one by one.",
    ),
    "meter.too_many_columns": _p(
        "此行超过 {limit} 列。",
        "This row has more than {limit} columns.",
        "请检查分隔符和换行；一列一块表的请拆成几个文件。",
        "Check delimiters and line ends; split a file that has one meter a column.",
    ),
    "meter.long_line": _p(
        "此行超过 {limit} 个字符。",
        "This row is longer than {limit} characters.",
        "请检查换行和引号：导出的文件应一行一条记录。",
        "Check line ends and quotes: an export has one record a line.",
    ),
    "meter.long_cell": _p(
        "单元格超过 {limit} 个字符。",
        "The cell holds more than {limit} characters.",
        "请清空或缩短此单元格。",
        "Empty or shorten this cell.",
    ),
    "meter.nul": _p(
        "此行含有空字节（NUL），文件已损坏或不是文本。",
        "This row holds NUL bytes; the file is damaged or no text.",
        "请从原系统重新导出为 UTF-8 编码的 CSV。",
        "Export it anew from its source as CSV in UTF-8.",
    ),
    "meter.mixed_encoding": _p(
        "文件混用两种文字编码：从此行起与前面不同。",
        "The file mixes two text encodings; this row differs from those before.",
        "请分别打开拼接前的文件，都另存为 UTF-8 编码的 CSV，再合并。",
        "Open the files it was joined from, save each as CSV in UTF-8 and join them again.",
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
    "meter.column_type": _p(
        "这一列的每格是一组值，不是单个的数字、文字或时间。",
        "Each cell of this column holds several values, not one number, text or time.",
        "请展开为一格一个值，或去掉这一列。",
        "Unfold it to one value a cell, or leave the column out.",
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
    "meter.zone_missing": _p(
        "这一列的其他时间写明了时区，这一行没有。", "Other times of this column state their zone, this one does not.",
        "请给每个时间都写明时区，例如 2025-01-05T08:00+08:00，或都不写。",
        "State the zone of every time, such as 2025-01-05T08:00+08:00, or of none.",
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
    "meter.long_period": _p(
        "起止相隔超过 732 天。", "The dates are more than 732 days apart.",
        "请核对起止日期；确属更长的，请按年拆分。", "Check both dates; split a longer period by year.",
    ),
    "meter.far_time": _p(
        "时间须在 1970 年至 2199 年之间。", "The time must be from 1970 to 2199.",
        "请核对年份。", "Check the year.",
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

#: What is taken but should be looked at: the reading stands.
DOUBT = {
    "meter.off_grid": _p(
        "有 {count} 条读数的时刻与其余的错开 {minutes} 分钟，自第 {row} 行起；表的时钟可能走偏了。",
        "{count} readings stand {minutes} minutes off the others, from row {row} on; the meter's clock may have slipped.",
        "请核对表的时钟；确属走偏的，请改正时间后重新导入，否则可照常导入。",
        "Check the meter's clock; if it slipped, correct the times and import again, else import as it is.",
    ),
    "meter.hidden_sheets": _p(
        "隐藏的工作表没有读取：{names}。",
        "Hidden sheets were not read: {names}.",
        "如其中有读数，请取消隐藏后重新上传。",
        "If they hold readings, unhide them and upload again.",
    ),
}


def refusal(code: str, where: Where | None = None, **values: object) -> BadInput:
    """The error that refuses a whole file; values may be ``Text``."""
    problem = FILE[code]
    texts = {lang: {n: _in(v, lang) for n, v in values.items()} for lang in ("zh", "en")}
    text = Text(problem.text.zh.format(**texts["zh"]), problem.text.en.format(**texts["en"]))
    return BadInput(code, text, remedy=problem.remedy, where=where)


def _in(value: object, lang: str) -> object:
    return value.pick(lang) if isinstance(value, Text) else value
