"""Addresses of the record. A hash may be written with or without ``sha256:``."""

from django.urls import path, re_path

from tanlin.record import views
from tanlin.record.views import approvals, notices, registers

app_name = "record"
HASH = r"(?P<digest>(?:sha256:)?[0-9a-f]{64})"

urlpatterns = [
    re_path(rf"^receipt/{HASH}$", views.receipt, name="receipt"),
    re_path(rf"^receipt/{HASH}\.json$", views.receipt_json, name="receipt_json"),
    re_path(rf"^receipt/{HASH}/replay$", views.replay, name="replay"),
    path("place/<slug:slug>/record/jobs/", views.jobs, name="jobs"),
    path("place/<slug:slug>/record/events/", views.events, name="events"),
    path("place/<slug:slug>/record/evidence/", views.evidence_list, name="evidence_list"),
    path("fact/<str:fact_id>/", views.fact, name="fact"),
    path("job/<int:pk>/", views.job, name="job"),
    path("job/<int:pk>/cancel", views.cancel, name="cancel"),
    path("todo/", approvals.todo, name="todo"),
    path("approval/<int:pk>/", approvals.approval, name="approval"),
    path("approval/<int:pk>/decide", approvals.decide, name="approval_decide"),
    path("approval/<int:pk>/withdraw", approvals.withdraw, name="approval_withdraw"),
    path("place/<slug:slug>/record/delegations/", approvals.delegations, name="delegations"),
    path("place/<slug:slug>/record/notices/", notices.notices, name="notices"),
    path("place/<slug:slug>/record/notices/new", notices.new, name="notice_new"),
    path("record/notice/<int:pk>/", notices.notice, name="notice"),
    path("record/notice/<int:pk>/edit", notices.edit, name="notice_edit"),
    path("record/notice/<int:pk>/act", notices.act, name="notice_act"),
    path("record/notice/<int:pk>/read", notices.read, name="notice_read"),
    path("record/notice/<int:pk>/board", notices.board, name="notice_board"),
    re_path(r"^notice/(?P<token>[0-9a-f]{16})/$", notices.public, name="notice_public"),
    re_path(
        r"^place/(?P<slug>[-\w]+)/record/register/(?P<table>[a-z]+)\.(?P<form>print|xlsx)$",
        registers.register,
        name="register",
    ),
    path("delegation/<int:pk>/end", approvals.end_delegation, name="delegation_end"),
    re_path(rf"^evidence/{HASH}$", views.evidence, name="evidence"),
]
