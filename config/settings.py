"""The settings of Segue. Every knob is an environment variable, explained here beside its default and in docs/configuration.md.

There are three ways to run: the demo (SEGUE_DEMO=1, set by `make demo`), development (DEBUG=1) and production (neither).
Only production asks for anything: SECRET_KEY and ALLOWED_HOSTS.
"""

from pathlib import Path

from config import env, valkey

BASE_DIR = Path(__file__).resolve().parent.parent

# How it runs
# -----------
# The demo: people with a known password, offered as buttons on the login page. Never on a network that you do not trust.
DEMO = env.flag("SEGUE_DEMO")
# Development: tracebacks in the browser, templates and static files read afresh. Never in production.
DEBUG = env.flag("DEBUG")
PRODUCTION = not (DEMO or DEBUG)

# Everything that Segue writes when nothing else is configured: database, Valkey's file, mail, logs. One folder, safe to delete.
DATA_DIR = env.folder("SEGUE_DATA_DIR", BASE_DIR / "var")
if not PRODUCTION:
    env.private_folder("SEGUE_DATA_DIR", DATA_DIR)

# Signs sessions and links. Whoever knows it can sign in as anybody; changing it signs everybody out.
SECRET_KEY = (
    env.required("SECRET_KEY", "Production needs 50 or more random characters. To try Segue out use `make demo`; to develop set DEBUG=1.")
    if PRODUCTION
    else env.text("SECRET_KEY") or env.kept_secret(DATA_DIR / "secret_key")
)
# Keys that were used before: their signatures are still accepted. For changing the key without signing people out.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

# The host names that this site answers to, comma-separated.
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", () if PRODUCTION else ("localhost", "127.0.0.1", "[::1]"))
if PRODUCTION and not ALLOWED_HOSTS:
    raise env.BadSetting("ALLOWED_HOSTS is not set. Production needs the host names of the site, comma-separated: segue.example.com")

# The address of the site as people type it. Links in mails begin with it.
SITE_URL = env.text("SITE_URL", f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")

# Encryption on the way. On in production: cookies only over HTTPS, plain requests redirected, browsers told to remember it.
# HTTPS=0 turns all of it off, for a site that is only reached over a private network.
HTTPS = env.flag("HTTPS", PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", HTTPS)  # 0 when the proxy in front redirects already
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)  # a year; begin with 3600 when unsure
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", HTTPS)
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", HTTPS)
# 1 when a proxy in front ends HTTPS and *always* sets X-Forwarded-Proto itself. Otherwise anybody could claim to have come by HTTPS.
if env.flag("TRUST_X_FORWARDED_PROTO"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Other origins whose forms may be sent here, with scheme: https://intranet.example.com. Rarely needed.
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Where it keeps things
# ---------------------
# The database: postgres://user:password@host:5432/name, or sqlite:////path; a SQLite file in the data folder when not set.
DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        DATA_DIR / "db.sqlite3",
        # On PostgreSQL a session that waits, works or idles for longer is cut off, so that a frozen worker cannot stop the others.
        lock=env.seconds("DATABASE_LOCK_TIMEOUT", 5),
        statement=env.seconds("DATABASE_STATEMENT_TIMEOUT", 30),
        idle=env.seconds("DATABASE_IDLE_TIMEOUT", 60),
        prepare=env.number("DATABASE_PREPARE_AFTER", 3, least=0),
    )
}
# How long a connection is kept for the next request. 0 closes it after each, as some connection poolers want.
DATABASES["default"]["CONN_MAX_AGE"] = env.number("DATABASE_CONN_MAX_AGE", 600)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The queue server: redis://host:6379/0, rediss://… or unix:///path; the embedded Valkey's socket when not set.
# It holds wake-up hints only. Losing all it has costs seconds, never work.
REDIS_URL = env.redis("REDIS_URL", f"unix://{valkey.socket_path(DATA_DIR)}")
# Whoever saves a record must not wait for a queue server that hangs, hence the short timeouts for those who only send a hint.
# A worker waits for hints much longer and makes its own connection from REDIS_URL.
_TIMEOUTS = "socket_timeout=0.5&socket_connect_timeout=0.5"
RQ_QUEUES = {
    "orchestration": {
        "URL": f"{REDIS_URL}{'&' if '?' in REDIS_URL else '?'}{_TIMEOUTS}",
        # JSON and not pickle: who can write to the queue server must not be able to run code here.
        "SERIALIZER": "rq.serializers.JSONSerializer",
        "DEFAULT_TIMEOUT": 600,
    }
}
# The dashboard of django-rq lets every staff user empty the queue, with no permission at all. It stays out of the admin.
RQ_SHOW_ADMIN_LINK = False

# Mail: smtp://user:password@host:25, smtp+tls://…:587, smtps://…:465, file:///folder, console:
# The demo writes mails into the data folder, development onto the terminal; production uses the mail server of its own machine.
EMAIL_URL_DEFAULT = f"file://{DATA_DIR / 'mail'}" if DEMO else "console:" if DEBUG else "smtp://localhost:25"
globals().update(  # EMAIL_BACKEND, EMAIL_HOST and the rest of that family
    env.mail("EMAIL_URL", EMAIL_URL_DEFAULT)
)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Segue <segue@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# How orchestrations run
# ----------------------
# A worker that is silent for this long has lost its step; another one takes it.
ORCHESTRATION_LEASE_SECONDS = env.seconds("ORCHESTRATION_LEASE_SECONDS", 60, least=1)
# A job takes ready steps for this long, then makes room for others.
ORCHESTRATION_DRAIN_SECONDS = env.seconds("ORCHESTRATION_DRAIN_SECONDS", 10, least=0.1)
# How often the ticker looks for what is due and for what was lost.
ORCHESTRATION_TICK_SECONDS = env.seconds("ORCHESTRATION_TICK_SECONDS", 1, least=0.1)
# A background step that fails is tried this often, then its instance waits for somebody to look at it.
ORCHESTRATION_MAX_ATTEMPTS = env.number("ORCHESTRATION_MAX_ATTEMPTS", 3, least=1, most=100)
# The pause before the second attempt; it doubles for each further one.
ORCHESTRATION_RETRY_SECONDS = env.seconds("ORCHESTRATION_RETRY_SECONDS", 2)

# How long an attempt may run; after that its lease is no longer extended, and another worker takes the step.
ORCHESTRATION_RUN_SECONDS = env.seconds("ORCHESTRATION_RUN_SECONDS", 60, least=1)
# How often conditions that can come true by themselves (they name the time, or a related record) are looked at.
ORCHESTRATION_LOOK_SECONDS = env.seconds("ORCHESTRATION_LOOK_SECONDS", 30, least=1)
# How often an instance may come to the same stage before that is a fault.
ORCHESTRATION_MAX_ITERATIONS = env.number("ORCHESTRATION_MAX_ITERATIONS", 50, least=1)
# What one attempt of a flow may use. Passing a limit is that step's fault alone, and is never tried again by itself.
ORCHESTRATION_MOST_QUERIES = env.number("ORCHESTRATION_MOST_QUERIES", 200, least=1)
ORCHESTRATION_MOST_WRITES = env.number("ORCHESTRATION_MOST_WRITES", 150, least=1)
ORCHESTRATION_MOST_ROWS = env.number("ORCHESTRATION_MOST_ROWS", 10_000, least=1)
ORCHESTRATION_MOST_CALLS = env.number("ORCHESTRATION_MOST_CALLS", 20)
ORCHESTRATION_MOST_MAILS = env.number("ORCHESTRATION_MOST_MAILS", 10)
# How large the inputs and the outputs of one step may be, as JSON, in bytes.
ORCHESTRATION_INPUT_BYTES = env.number("ORCHESTRATION_INPUT_BYTES", 32 * 1024, least=1024)
ORCHESTRATION_OUTPUT_BYTES = env.number("ORCHESTRATION_OUTPUT_BYTES", 256 * 1024, least=1024)
# What people may hand in with a form: how large one file may be, in bytes, and how many files one work item takes.
ORCHESTRATION_UPLOAD_BYTES = env.number("ORCHESTRATION_UPLOAD_BYTES", 5 * 1024 * 1024, least=1024)
ORCHESTRATION_UPLOADS_PER_ITEM = env.number("ORCHESTRATION_UPLOADS_PER_ITEM", 10, least=0)
# How large the rest of a form may be, in bytes.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("DATA_UPLOAD_MAX_MEMORY_SIZE", 1_000_000, least=1024)
# The user as whom background steps run, with no more rights than that user has. Empty: as nobody, with the rights of the code itself.
ORCHESTRATION_SERVICE_USER = env.text("ORCHESTRATION_SERVICE_USER")

# What flows built without code may write: models with their fields, "*" for all that a flow can write at all. Never users or rights.
ORCHESTRATION_WRITABLE = {"demo.employee": "*", "demo.itticket": "*", "demo.chatinvitation": "*", "demo.building": ["has_badge_system"]}

# How flows reach outside
# -----------------------
# How large the reply to a call-out may be, in bytes.
ORCHESTRATION_REPLY_BYTES = env.number("ORCHESTRATION_REPLY_BYTES", 1024 * 1024, least=1024)
# The key that stored secrets (tokens, webhooks) are sealed under: 32 or more random characters. SECRET_KEY when not set; then changing
# that one, without keeping the former among SECRET_KEY_FALLBACKS, means entering every secret again.
ORCHESTRATION_SECRETS_KEY = env.text("ORCHESTRATION_SECRETS_KEY")
# Origins that endpoints may lie at although they are in a private network, have a port of their own or speak no HTTPS:
# http://helpdesk.intranet:8080, comma-separated. Anything else must be public, HTTPS, and on port 443.
ORCHESTRATION_TRUSTED_ORIGINS = env.words("ORCHESTRATION_TRUSTED_ORIGINS")
# The TrueType font of PDFs whose characters the built-in ones lack, for example /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf.
ORCHESTRATION_PDF_FONT = env.text("ORCHESTRATION_PDF_FONT")

# What it is made of
# ------------------
INSTALLED_APPS = [
    "config",
    "demo",
    "workguide",  # before the admin, whose pages it extends
    "orchestration",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "guardian",
    "django_rq",
    "django_htmx",
]

MIDDLEWARE = [
    "workguide.middleware.BodyLimitMiddleware",
    "workguide.live.LiveVersionMiddleware",  # early: every open page asks it every two seconds, and it needs nothing below
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orchestration.middleware.StarterMiddleware",
    "workguide.middleware.TimezoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
            ],
        },
    }
]

# Who gets in
# -----------
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "guardian.backends.ObjectPermissionBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "workguide:home"
LOGOUT_REDIRECT_URL = "login"
ANONYMOUS_USER_NAME = None  # guardian's: no user row for "nobody", who would otherwise turn up among the people to pick

# Nothing but our own files, no inline script or style, no frames, no forms that send elsewhere. True for the admin's pages too.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# Language, time, files
# ---------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # those that the screens speak; else Django's own words would mix with ours
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", DATA_DIR / "static")
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# What it says
# ------------
# DEBUG, INFO, WARNING, ERROR or CRITICAL: how much is written to stderr, one line for each thing said.
LOG_LEVEL = env.one_of("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "config.logs.OneLine", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "django.db.backends": {"level": "INFO"},  # at DEBUG it writes every statement, with the values in it
    },
}
