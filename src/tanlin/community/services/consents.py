"""Verbs on the privacy notice and on consent: given and withdrawn in the same place by the same number of steps."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from tanlin.community import queries
from tanlin.community.models import Consent, Notice, Person
from tanlin.community.purposes import purpose
from tanlin.community.services.acting import prove, tell
from tanlin.community.services.grants import actor_user
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, Text
from tanlin.kernel.ports import report_event


@transaction.atomic
def publish_notice(actor: Any, *, text_zh: str, text_en: str, valid_from: date) -> Notice:
    """A new version of the privacy notice, in force from a day on. Right: ``privacy`` anywhere.

    Raises BadInput for a missing language or a day before that of the version before.
    """
    if "privacy" not in queries.rights_anywhere(actor):
        raise Forbidden()
    latest = queries.notices()[-1]
    if not text_zh.strip() or not text_en.strip() or valid_from < latest.valid_from:
        raise BadInput(
            "community.bad_notice",
            Text(
                "请填写中英文文本，生效日期不早于上一版。",
                "Give the text in both languages and a day not before that of the last version.",
            ),
        )
    row = Notice.objects.create(
        version=latest.version + 1, valid_from=valid_from, text_zh=text_zh.strip(), text_en=text_en.strip()
    )
    report_event(
        "community.notice_published",
        actor=actor_user(actor),
        area=None,
        subject=f"notice:{row.version}",
        data={"from": valid_from.isoformat()},
    )
    return row


@transaction.atomic
def give_consent(
    actor: Any, person: Person, code: str, *, channel: str = "spoken", guardian: Person | None = None
) -> Consent:
    """The person agrees to one purpose on the notice in force; agreeing twice returns the standing consent.

    For a minor the ``guardian`` agrees: an adult of the same household (PIPL art. 31).
    Right: ``people``, or oneself. Raises BadInput.
    """
    prove(actor, person)
    purpose(code)
    if channel not in Consent.Channel.values:
        raise BadInput(
            "community.unknown_channel", Text("没有这种同意方式。", "There is no such way to agree.")
        )
    if queries.is_minor(person):
        _check_guardian(person, guardian)
    else:
        guardian = None
    standing = queries.consents(person).filter(purpose=code).first()
    if standing is not None:
        return standing
    now = timezone.now()
    row = Consent.objects.create(
        person=person,
        purpose=code,
        notice=queries.notice(timezone.localdate()).version,
        channel=channel,
        guardian=guardian,
        given=now,
        used=timezone.localdate(now),
    )
    tell(
        "community.consent_given",
        actor,
        person,
        purpose=code,
        notice=row.notice,
        channel=channel,
        guardian=guardian.pk if guardian else None,
    )
    return row


def _check_guardian(person: Person, guardian: Person | None) -> None:
    shared = guardian is not None and guardian.pk != person.pk and not guardian.erased_at
    if (
        not shared
        or guardian is None
        or queries.is_minor(guardian)
        or not queries.share_household(person, guardian)
    ):
        raise BadInput(
            "community.no_guardian",
            Text(
                "未成年人须由同住的成年监护人同意。",
                "For a minor an adult guardian of the same household agrees.",
            ),
        )


@transaction.atomic
def withdraw_consent(actor: Any, person: Person, code: str) -> Consent:
    """The person no longer agrees; the purpose ends at once, what was kept for it alone goes with the next daily job.

    Right: ``people``, or oneself. Raises BadInput, and Conflict where nothing stands.
    """
    prove(actor, person)
    purpose(code)
    rows = list(queries.consents(person).select_for_update(of=("self",)).filter(purpose=code))
    if not rows:
        raise Conflict(
            "community.no_consent", Text("该项目前没有同意。", "There is no consent to this purpose.")
        )
    for row in rows:
        row.ended, row.end = timezone.now(), Consent.End.WITHDRAWN
        row.save(update_fields=["ended", "end"])
    tell("community.consent_withdrawn", actor, person, purpose=code)
    return rows[0]


def use_purpose(person: Person, code: str, day: date) -> None:
    """Another room served the purpose on that day: retention counts from the last one. Raises Conflict without consent."""
    rows = queries.consents(person).filter(purpose=code)
    if not rows.exists():
        raise Conflict(
            "community.no_consent", Text("该项目前没有同意。", "There is no consent to this purpose.")
        )
    rows.filter(used__lt=day).update(used=day)
