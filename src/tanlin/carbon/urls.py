"""Addresses of the room."""

from django.urls import path

from tanlin.carbon.views import (
    account,
    activities,
    boundary,
    claims,
    compare,
    exports,
    factors,
    instruments,
    overview,
)

app_name = "carbon"
urlpatterns = [
    path("place/<slug:slug>/carbon/", overview.overview, name="overview"),
    path("place/<slug:slug>/carbon/derive", overview.derive, name="derive"),
    path("place/<slug:slug>/carbon/account/", account.account, name="account"),
    *(
        path(
            f"place/<slug:slug>/carbon/account/<int:year>.{form}",
            exports.account_export,
            {"form": form},
            name=f"account_{form}",
        )
        for form in exports.FORMS
    ),
    path("place/<slug:slug>/carbon/public/<int:year>.xlsx", exports.public_export, name="public_export"),
    path("place/<slug:slug>/carbon/boundary/", boundary.boundary, name="boundary"),
    path("place/<slug:slug>/carbon/boundary/key", boundary.notation, name="notation"),
    path("place/<slug:slug>/carbon/compare/", compare.compare, name="compare"),
    path("place/<slug:slug>/carbon/activities/", activities.activities, name="activities"),
    path("place/<slug:slug>/carbon/activities/new", activities.activity_new, name="activity_new"),
    path("place/<slug:slug>/carbon/activities/template", activities.template_file, name="activity_template"),
    path("place/<slug:slug>/carbon/activities/import", activities.sheet_new, name="activity_import"),
    path(
        "place/<slug:slug>/carbon/activities/import/<str:digest>/",
        activities.sheet_check,
        name="activity_check",
    ),
    path("place/<slug:slug>/carbon/activities/<int:pk>/", activities.sheet, name="activity_sheet"),
    path("place/<slug:slug>/carbon/activities/<int:pk>/undo", activities.sheet_undo, name="activity_undo"),
    path("place/<slug:slug>/carbon/instruments/", instruments.instruments, name="instruments"),
    path("place/<slug:slug>/carbon/instruments/new", instruments.instrument_new, name="instrument_new"),
    path(
        "place/<slug:slug>/carbon/instruments/<int:pk>/undo",
        instruments.instrument_undo,
        name="instrument_undo",
    ),
    path("place/<slug:slug>/carbon/claims/", claims.claims, name="claims"),
    path("place/<slug:slug>/carbon/claims/new", claims.claim_new, name="claim_new"),
    path("place/<slug:slug>/carbon/claims/<int:pk>/", claims.claim, name="claim"),
    path("place/<slug:slug>/carbon/claims/<int:pk>/withdraw", claims.claim_withdraw, name="claim_withdraw"),
    path("place/<slug:slug>/carbon/factors/", factors.factors, name="factors"),
    path("place/<slug:slug>/carbon/factors/new", factors.factor_new, name="factor_new"),
    path("place/<slug:slug>/carbon/factors/file", factors.factor_file, name="factor_file"),
    path("place/<slug:slug>/carbon/factors/gwp", factors.gwp_new, name="gwp_new"),
    path("place/<slug:slug>/carbon/factors/preview/<int:pk>/", factors.preview, name="preview"),
    path(
        "place/<slug:slug>/carbon/factors/preview/<int:pk>/confirm",
        factors.preview_confirm,
        name="preview_confirm",
    ),
    path(
        "place/<slug:slug>/carbon/factors/preview/<int:pk>/again", factors.preview_again, name="preview_again"
    ),
]
