"""Static files under hashed, compressed names; imports between script modules are rewritten as well."""

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class HashedStorage(CompressedManifestStaticFilesStorage):
    """``import "./charts.js"`` in a module must point at the hashed name of charts.js."""

    support_js_module_import_aggregation = True
