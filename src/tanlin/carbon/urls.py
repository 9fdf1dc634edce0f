"""Addresses of the room."""

from django.urls import path

from tanlin.carbon import views

app_name = "carbon"
urlpatterns = [
    path("place/<slug:slug>/carbon/", views.overview, name="overview"),
    path("place/<slug:slug>/carbon/derive", views.derive, name="derive"),
    path("place/<slug:slug>/carbon/factors/", views.factors, name="factors"),
    path("place/<slug:slug>/carbon/factors/new", views.factor_new, name="factor_new"),
]
