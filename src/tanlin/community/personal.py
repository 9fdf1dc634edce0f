"""Names, phones and ages: how they are written alike, and how they are masked.

One rule of masking for every page, export and message: 张**, 欧阳**, J** S**, 138****0000.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tanlin.kernel.errors import BadInput, Text

#: Two-character surnames still borne today; a name of two characters is a surname of one and a given name of one.
COMPOUND: Final = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "令狐",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "西门",
        "纳兰",
        "第五",
        "拓跋",
        "轩辕",
        "完颜",
        "左丘",
    ]
)
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{9,11}")
_ABROAD = re.compile(r"\+[1-9]\d{6,14}")
ADULT_AGE: Final = 18


def tidy_name(name: str) -> str:
    """The name in one form: compatibility characters unified, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def name_key(name: str) -> str:
    """The form a name is looked up by: no case, no spaces between Chinese characters."""
    tidy = tidy_name(name).casefold()
    return tidy.replace(" ", "") if _HAN.search(tidy) else tidy


def tidy_phone(phone: str) -> str:
    """Digits of a phone in the mainland form, or ``+`` and digits from abroad; "" stays "".

    Raises BadInput for what is no phone number.
    """
    text = re.sub(r"[\s\-()./]", "", unicodedata.normalize("NFKC", phone))
    text = re.sub(r"^(?:\+|00)86(?=1[3-9]\d{9}$)", "", text)
    text = re.sub(r"^00(?=[1-9])", "+", text)
    if not text or any(form.fullmatch(text) for form in (_MOBILE, _LANDLINE, _ABROAD)):
        return text
    raise BadInput(
        "community.bad_phone",
        Text("这不是有效的电话号码。", "This is no phone number."),
        remedy=Text(
            "手机 11 位；固定电话带区号；境外号码以 + 开头；没有可留空。",
            "A mobile has 11 digits, a landline its area code, one from abroad a leading +; leave it empty if none.",
        ),
    )


def mask_name(name: str) -> str:
    """张伟 → 张**, 欧阳娜娜 → 欧阳**, John Smith → J** S**; the length is not told. A lone letter → **."""
    tidy = tidy_name(name)
    if len(tidy) < 2:
        return "**" if tidy else ""
    if not _HAN.match(tidy):
        return " ".join(f"{word[0]}**" if len(word) > 1 else "**" for word in tidy.split())
    surname = tidy[:2] if len(tidy) > 2 and tidy[:2] in COMPOUND else tidy[0]
    return f"{surname}**"


def mask_phone(phone: str) -> str:
    """13800000000 → 138****0000; of a shorter number no digit is shown."""
    digits = re.sub(r"\D", "", phone)
    if not digits:
        return ""
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"


def is_minor(birth_year: int, year: int) -> bool:
    """Whether someone of that year of birth may be under 18 in ``year`` (Civil Code art. 17).

    Only the year is known, so the whole year of the eighteenth birthday still counts as under age.
    """
    return year - birth_year <= ADULT_AGE
