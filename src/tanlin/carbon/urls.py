"""Addresses of the room."""

from django.urls import path

from tanlin.carbon.views import account, factors, overview

app_name = "carbon"
urlpatterns = [
    path("place/<slug:slug>/carbon/", overview.overview, name="overview"),
    path("place/<slug:slug>/carbon/derive", overview.derive, name="derive"),
    path("place/<slug:slug>/carbon/account/", account.account, name="account"),
    path("place/<slug:slug>/carbon/factors/", factors.factors, name="factors"),
    path("place/<slug:slug>/carbon/factors/new", factors.factor_new, name="factor_new"),
]
