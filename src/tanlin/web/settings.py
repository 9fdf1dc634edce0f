"""Django settings: one flat file. Every option is an environment variable ``NAME``, or ``NAME_FILE`` naming a file.

A value that cannot be read stops the start with a message; nothing falls back silently.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from tanlin.kernel.paths import home, stored_secret
from tanlin.web.rooms import ROOMS


def env(name: str, default: str) -> str:
    """The variable, or the stripped content of the file named by ``NAME_FILE``, or the default."""
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one")
    if file is not None:
        try:
            return Path(file).read_text("utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return default if value is None else value


def env_bool(name: str, default: bool) -> bool:
    """1, true, yes, on / 0, false, no, off."""
    value = env(name, str(default)).strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: use 1 or 0")


def env_int(name: str, default: int, low: int, high: int) -> int:
    """A whole number in [low, high]."""
    value = env(name, str(default))
    if not value.strip().isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name}={value!r}: use a whole number from {low} to {high}")
    return int(value)


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated words."""
    return [part.strip() for part in env(name, ",".join(default)).split(",") if part.strip()]


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of the given words."""
    value = env(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}: use one of {', '.join(choices)}")
    return value


def database(url: str) -> dict[str, Any]:
    """Connection settings of a ``sqlite:`` or ``postgres:`` address."""
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # FULL: a ledger and a hash chain may not lose the last commits in a power cut.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
        }
    elif config["ENGINE"] == "django.db.backends.postgresql":
        config |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    else:
        raise ImproperlyConfigured("DATABASE_URL: use sqlite:///PATH or postgres://…")
    return config


HOME = home()

DEBUG = env_bool("TANLIN_DEBUG", False)
HTTPS = env_bool("TANLIN_HTTPS", False)
SECRET_KEY = env("TANLIN_SECRET_KEY", "") or stored_secret(HOME / "secret")
PERSON_KEY = env(
    "TANLIN_KEY", ""
)  # wraps the keys of personal values; "": kept in ``people.key`` of the home
ALLOWED_HOSTS = env_list("TANLIN_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env_list("TANLIN_CSRF_TRUSTED_ORIGINS", [])
PROXIES = env_int("TANLIN_PROXIES", 0, 0, 5)  # reverse proxies in front, whose X-Forwarded-For is believed

DATABASES = {"default": database(env("DATABASE_URL", f"sqlite:///{quote(str(HOME / 'db.sqlite3'))}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False  # verbs own their transactions

INSTALLED_APPS = [
    *[f"tanlin.{room}" for room in ROOMS],
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pads at random, so that lengths tell nothing of the CSRF mark
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tanlin.web.middleware.CookieLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tanlin.web.middleware.IdleSession",
    "tanlin.web.middleware.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tanlin.web.middleware.TypedErrors",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tanlin.web.urls"
WSGI_APPLICATION = "tanlin.web.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tanlin.web.context.site",
            ],
        },
    },
]

# --- language and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"  # of the installation; each place has its own
USE_TZ = True

# --- login ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tanlin_community.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "tanlin.web.errors.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "community/locked.html"
AXES_CLIENT_IP_CALLABLE = "tanlin.web.middleware.client_ip"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_COOKIE_AGE = 30 * 60  # idle time of staff; renewed by IdleSession
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- transport and content -----------------------------------------------------------------------------------------
SECURE_COOKIES = HTTPS and not DEBUG
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_HSTS_SECONDS = 365 * 86400 if SECURE_COOKIES else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# No inline script, style element or style attribute; data for a chart travels as <script type="application/json">.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],  # icons in the vendored style sheet; a chart saved as picture
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600

# --- static files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
# "manifest": hashed and compressed names, after collectstatic (``tanlin serve`` does it); "plain": as they lie.
STATIC_MODE = env_choice("TANLIN_STATIC", "plain", ("plain", "manifest"))
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = STATIC_MODE == "plain"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.InMemoryStorage"
    },  # evidence has its own store in record
    "staticfiles": {
        "BACKEND": "tanlin.web.storage.HashedStorage"
        if STATIC_MODE == "manifest"
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

NINJA_PAGINATION_PER_PAGE = 200

# --- readings from the field ---------------------------------------------------------------------------------------
FLUSH_SECONDS = env_int("TANLIN_FLUSH_SECONDS", 60, 1, 3600)  # from the inbox into the log of readings
INBOX_ROWS = env_int(
    "TANLIN_INBOX_ROWS", 2_000_000, 10_000, 100_000_000
)  # from here on sources are told to wait
PUSH_ROWS_PER_MINUTE = env_int("TANLIN_PUSH_ROWS_PER_MINUTE", 1_000_000, 1, 100_000_000)  # of one source

LOG_LEVEL = env_choice("TANLIN_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"tanlin": {"level": LOG_LEVEL}},
}
