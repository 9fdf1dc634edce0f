"""Addresses of the room."""

from django.urls import path

from tanlin.demo import views

app_name = "demo"
urlpatterns = [path("published/", views.published, name="published")]
