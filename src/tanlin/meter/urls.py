"""Pages of the room."""

from django.urls import path

from tanlin.meter.views import gateways, imports, meters, quality

app_name = "meter"
PLACE = "place/<slug:slug>/meter/"
urlpatterns = [
    path(PLACE, meters.index, name="meters"),
    path(PLACE + "export.csv", meters.export, {"form": "csv"}, name="export_csv"),
    path(PLACE + "register.print", meters.register, {"form": "print"}, name="register_print"),
    path(PLACE + "register.xlsx", meters.register, {"form": "xlsx"}, name="register_xlsx"),
    path(PLACE + "export.xlsx", meters.export, {"form": "xlsx"}, name="export_xlsx"),
    path(PLACE + "new/", meters.new, name="new"),
    path(PLACE + "<int:pk>/", meters.detail, name="meter"),
    path(PLACE + "<int:pk>/row/<int:row>/", meters.change, name="change"),
    path(PLACE + "<int:pk>/row/<int:row>/exchange/", meters.exchange, name="exchange"),
    path(PLACE + "<int:pk>/correct/", meters.correct, name="correct"),
    path(PLACE + "imports/", imports.index, name="imports"),
    path(PLACE + "imports/new/", imports.new, name="import_new"),
    path(PLACE + "imports/<int:pk>/", imports.detail, name="import"),
    path(PLACE + "imports/<int:pk>/mapping/", imports.mapping, name="import_mapping"),
    path(PLACE + "imports/<int:pk>/confirm/", imports.confirm, name="import_confirm"),
    path(PLACE + "imports/<int:pk>/undo/", imports.undo, name="import_undo"),
    path(PLACE + "imports/<int:pk>/repeat/", imports.repeat, name="import_repeat"),
    path(PLACE + "imports/<int:pk>/discard/", imports.discard, name="import_discard"),
    path(PLACE + "imports/<int:pk>/errors.csv", imports.errors_csv, name="import_errors"),
    path(PLACE + "gateways/", gateways.index, name="gateways"),
    path(PLACE + "gateways/new/<slug:kind>/", gateways.new, name="gateway_new"),
    path(PLACE + "gateways/<int:pk>/", gateways.detail, name="gateway"),
    path(PLACE + "gateways/<int:pk>/change/", gateways.change, name="gateway_change"),
    path(PLACE + "gateways/<int:pk>/map/", gateways.map_point, name="gateway_map"),
    path(PLACE + "gateways/<int:pk>/<slug:verb>/", gateways.act, name="gateway_act"),
    path(PLACE + "quality/", quality.index, name="quality"),
    path(PLACE + "quality/act/", quality.act, name="quality_act"),
    path(PLACE + "quality/rules/", quality.rules, name="quality_rules"),
]
