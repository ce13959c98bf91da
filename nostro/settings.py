"""Django's settings, derived from the installation's configuration."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nostro.ops import key_encryption, object_stores
from nostro.ops.clock import SystemClock
from nostro.ops.configuration import Configuration
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.secrets import FileSecrets
from nostro.ops.signing_keys import SigningKeys
from nostro.storage.database import django_databases

CONFIGURATION = Configuration()
_SECRETS = FileSecrets(CONFIGURATION.secrets_home)

SIGNING_KEYS = SigningKeys(_SECRETS, SystemClock())
SECRET_KEY, SECRET_KEY_FALLBACKS = SIGNING_KEYS.now()
KEY_ENCRYPTION = key_encryption.configured(CONFIGURATION)
EVIDENCE_STORE = cache(lambda: object_stores.store(object_stores.EVIDENCE, _SECRETS))
EVIDENCE_KEPT_IN = CONFIGURATION.evidence_kept_in
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", CONFIGURATION.public_host or "localhost"]
DATABASES = django_databases(
    CONFIGURATION.database_address or CONFIGURATION.database_url,
    DatabasePasswords(_SECRETS).of,
    CONFIGURATION.web_threads,
)
DATABASE_ROUTERS = ["nostro.storage.routing.OwnerMigrates"]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "nostro.storage",
    "nostro.console",
]
MIDDLEWARE = [
    "nostro.ops.origin.RequestOrigin",
    "nostro.console.security.ContentSecurityPolicy",
    "nostro.console.security.BodyLimit",
    "django.middleware.security.SecurityMiddleware",
    "nostro.console.signing.NewestSigningKeys",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "nostro.console.sessions.EndInTime",
]
ROOT_URLCONF = "nostro.urls"
WSGI_APPLICATION = "nostro.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
STATIC_URL = "static/"
STATIC_ROOT = Path(__file__).parent / "console" / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

AUTH_USER_MODEL = "storage.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "nostro.ops.breached_passwords.NotBreached",
        "OPTIONS": {
            "file": CONFIGURATION.breached_passwords_file,
            "address": CONFIGURATION.breached_passwords_address,
        },
    },
]
ACCOUNT_ADAPTER = "nostro.console.accounts.InvitedPeopleOnly"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in/"

# Failed sign-ins and used codes are counted once for all processes.
CACHES = {"default": {"BACKEND": "nostro.storage.shared_cache.SharedCache"}}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if CONFIGURATION.public_host else 0

MFA_ADAPTER = "nostro.console.second_factors.SealedFactors"
MFA_FORMS = {"activate_totp": "nostro.console.second_factors.AuthenticatorForm"}
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "nostro"

# Signed out after so long without a request, and so long in any case (nostro.console.sessions).
SESSION_COOKIE_AGE = CONFIGURATION.session_idle_minutes * 60
SESSION_LONGEST_SECONDS = CONFIGURATION.session_hours * 3600
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = bool(CONFIGURATION.public_host)
CSRF_COOKIE_SECURE = bool(CONFIGURATION.public_host)
CSRF_COOKIE_SAMESITE = "Lax"
if CONFIGURATION.public_host:  # Behind a proxy that ends TLS and says so in X-Forwarded-Proto.
    CSRF_TRUSTED_ORIGINS = [f"https://{CONFIGURATION.public_host}"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
PROCRASTINATE_IMPORT_PATHS = ["nostro.workflows.jobs"]
