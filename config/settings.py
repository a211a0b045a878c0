"""Settings, from the environment only. `.env.example` explains each variable; `checks.py` refuses unsafe ones."""

import os
from pathlib import Path

import django_stubs_ext
import environ
from csp.constants import NONE, SELF

from config import logs, runtime
from config.unfold import UNFOLD as UNFOLD

django_stubs_ext.monkeypatch()  # generic admin and form classes, as the type checker knows them
runtime.load()
logs.configure()
env = environ.Env()
env.ENVIRON = {name: value for name, value in os.environ.items() if value}  # a line left empty in `.env` sets nothing
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = runtime.data_dir()

# Where proxies stand, unless we are told: loopback, and what no address of the internet is in.
PRIVATE = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]

# --- The process -----------------------------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY")
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS")  # base64 of 32 bytes each; the first one seals, all of them open
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: nobody reads /metrics
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
REQUIRE_HTTPS = env.bool("REQUIRE_HTTPS", default=True)
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
TRUSTED_PROXY_NETWORKS = env.list("TRUSTED_PROXY_NETWORKS", default=PRIVATE)

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "axes",
    "loyalty",
    "advocates",
    "rewards",
    "referrals",
    "webhooks",
    "widget",
    "config",
]

MIDDLEWARE = [
    "loyalty.api.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "loyalty.api.middleware.api_gate",  # answers API paths from here on: nothing below it costs them
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.dashboard",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Facts: PostgreSQL. What may be lost: Redis or Valkey ---------------------------------------------------
env.DB_SCHEMES |= dict.fromkeys(("postgres", "postgresql"), "loyalty.kernel.database")
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL")

# --- People who sign in ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "loyalty.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "loyalty.api.addresses.client_address"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "config.sign_in.locked_out"
AXES_USERNAME_CALLABLE = "config.sign_in.name_tried"

# --- Pages -----------------------------------------------------------------------------------------------
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LANGUAGE_CODE = "en-us"
LANGUAGES = [  # what recipients of gift cards are spoken to in; each has a folder in `locale`
    ("en", "English"),
    ("ar", "Arabic"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("it", "Italian"),
    ("nl", "Dutch"),
    ("pt", "Portuguese"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"

STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = env.bool("WHITENOISE_USE_FINDERS", default=False)
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else BASE_DIR / "staticfiles"
_static_storage = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if WHITENOISE_USE_FINDERS
    else "whitenoise.storage.ManifestStaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}

# --- Browsers --------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False  # the gate refuses plain HTTP on API paths; a proxy redirects pages
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # for that reason
SECURE_HSTS_SECONDS = 31536000 if REQUIRE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = REQUIRE_HTTPS
SECURE_HSTS_PRELOAD = REQUIRE_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = REQUIRE_HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
CORS_URLS_REGEX = r"^/api/(loyalty/|v1/sso/recognize)"
CORS_ALLOW_CREDENTIALS = False

# --- APIs ------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "loyalty.api.schema.OperationSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Laurel",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Points, rewards, referrals and webhooks of one merchant's programme.",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "none",
        "filter": True,
    },  # there are too many to show at once
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["webhooks.api.topics.add_topics"],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "secretKey": {"type": "http", "scheme": "bearer", "description": "sk_live_… or sk_test_…"},
            "secretKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
            "integrationKey": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-KEY",
                "description": "ik_live_… or ik_test_…, from a listed address",
            },
            "giftToken": {"type": "http", "scheme": "bearer", "description": "The Value of POST /v1/Tokens"},
            "userToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        }
    },
}

# --- Work behind the request -----------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
}
# A queue each for what must not wait for the others. Workers that fork serve `relay` alone: deliveries take them all.
CELERY_TASK_ROUTES = {
    "webhooks.relay": {"queue": "relay"},
    "webhooks.deliver": {"queue": "delivery"},
    "webhooks.notify": {"queue": "mail"},
    "rewards.send_gift_cards": {"queue": "mail"},
    "rewards.tell_gift_shortages": {"queue": "mail"},
}
CELERY_TASK_DEFAULT_QUEUE = "bulk"
QUEUES = ("relay", "delivery", "mail", "bulk")
SWEEP = {"expires": 10}  # while no worker takes them, sweeps do not pile up
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    **{
        f"heartbeat-{queue}": {
            "task": "loyalty.heartbeat",
            "schedule": 5.0,
            "kwargs": {"queue": queue},
            "options": {**SWEEP, "queue": queue},
        }
        for queue in QUEUES
    },
    "relay": {"task": "webhooks.relay", "schedule": 2.0, "options": SWEEP},
    "deliver": {"task": "webhooks.deliver", "schedule": 2.0, "options": SWEEP},
    "settle": {"task": "loyalty.settle_due_lots", "schedule": 60.0},
    "turn-periods": {"task": "loyalty.turn_periods", "schedule": 60.0},
    "end-memberships": {"task": "loyalty.end_memberships", "schedule": 60.0},
    "warn": {"task": "loyalty.warn_of_expiry", "schedule": 300.0},
    "settle-silence": {"task": "loyalty.settle_silence", "schedule": 3600.0},
    "accrue": {"task": "loyalty.accrue_holdings", "schedule": 60.0},
    "purge": {"task": "loyalty.purge", "schedule": 3600.0},
    "purge-attempts": {"task": "webhooks.purge", "schedule": 3600.0},
    "purge-signatures": {"task": "advocates.purge", "schedule": 3600.0},
    "tell-birthdays": {"task": "advocates.tell_birthdays", "schedule": 300.0},
    "settle-votes": {"task": "advocates.settle_votes", "schedule": 300.0},
    "work-off-simulations": {"task": "loyalty.work_off_simulations", "schedule": 60.0},
    "work-off-imports": {"task": "advocates.work_off_imports", "schedule": 60.0},
    "release-conversions": {"task": "referrals.release", "schedule": 60.0},
    "pay-shares": {"task": "referrals.pay_shares", "schedule": 5.0, "options": SWEEP},
    "purge-referrals": {"task": "referrals.purge", "schedule": 3600.0},
    "notify": {"task": "webhooks.notify", "schedule": 60.0},
    "purge-gift-tokens": {"task": "rewards.purge_gift_tokens", "schedule": 3600.0},
    "fill-gift-orders": {"task": "rewards.fill_gift_orders", "schedule": 5.0, "options": SWEEP},
    "buy-gift-codes": {"task": "rewards.buy_gift_codes", "schedule": 5.0, "options": SWEEP},
    "keep-gift-promises": {"task": "rewards.keep_gift_promises", "schedule": 30.0, "options": SWEEP},
    "tell-gift-shortages": {"task": "rewards.tell_gift_shortages", "schedule": 60.0, "options": SWEEP},
    "send-gift-cards": {"task": "rewards.send_gift_cards", "schedule": 5.0, "options": SWEEP},
    "follow-up-gift-cards": {"task": "rewards.follow_up_gift_cards", "schedule": 60.0},
    "cancel-overdue": {"task": "rewards.cancel_overdue", "schedule": 60.0},
    "expire-redemptions": {"task": "rewards.expire_redemptions", "schedule": 60.0},
    "verify": {"task": "loyalty.verify_ledger", "schedule": 86400.0},
}

# --- Messages and webhooks out ---------------------------------------------------------------------------
vars().update(env.email("EMAIL_URL", default="smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Laurel <laurel@localhost>")
EMAIL_TIMEOUT = 15
EMAIL_SERVICE = env.str("EMAIL_SERVICE", default="")
if EMAIL_SERVICE and "EMAIL_URL" not in env:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_SERVICE}.EmailBackend"
ANYMAIL = {
    "IGNORE_UNSUPPORTED_FEATURES": True,
    **env.json("EMAIL_SERVICE_OPTIONS", default={}),
    "WEBHOOK_SECRET": env.str("EMAIL_NOTICES_SECRET", default=""),
}
SMS_DIR = env.str("SMS_DIR", default="")
SMS_URL = env.str("SMS_URL", default="")
SMS_USER = env.str("SMS_USER", default="")
SMS_PASSWORD = env.str("SMS_PASSWORD", default="")
SMS_FROM = env.str("SMS_FROM", default="")
WEBHOOKS_ALLOW_HTTP = env.bool("WEBHOOKS_ALLOW_HTTP", default=False)
WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = env.list("WEBHOOKS_ALLOWED_PRIVATE_NETWORKS", default=[])
