"""Addresses of the room."""

from django.urls import path

from tanlin.carbon.views import account, claims, factors, instruments, overview

app_name = "carbon"
urlpatterns = [
    path("place/<slug:slug>/carbon/", overview.overview, name="overview"),
    path("place/<slug:slug>/carbon/derive", overview.derive, name="derive"),
    path("place/<slug:slug>/carbon/account/", account.account, name="account"),
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
]
