"""WSGI entry point: ``tanlin.web.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanlin.web.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 - loads every page now: a broken one stops the start, not a visitor
