"""Settings of the engine: `conf.LEASE_SECONDS` is the project's ORCHESTRATION_LEASE_SECONDS, or the default here."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "LEASE_SECONDS": 60.0,  # a worker that is silent for this long has lost its step
    "EFFECT_LEASE_SECONDS": 60.0,  # how long a worker may take over one mail; more than EMAIL_TIMEOUT, or it is sent twice
    "DRAIN_SECONDS": 10.0,  # how long one job goes on taking what is ready
    "TICK_SECONDS": 1.0,  # how often the ticker looks for what is due
    "MAX_ATTEMPTS": 3,  # how often a background step is tried before it is in error
    "RETRY_SECONDS": 2.0,  # the base of the exponential back-off between attempts
    "MAX_ITERATIONS": 50,  # how often an instance may come to the same stage
    "LOOK_SECONDS": 30.0,  # how often conditions that can come true by themselves are looked at
    "RUN_SECONDS": 60.0,  # how long an attempt may run; after that its lease is no longer extended
    "SERVICE_USER": "",  # the user as whom background steps run; empty: as nobody, with the rights of the code itself
    "CALLBACK_PATH": "/callbacks/",  # where `orchestration.urls` is included
    "CALLBACK_BYTES": 32 * 1024,  # how large the body of a callback may be
    "MOST_QUERIES": 200,  # what one attempt of a flow may use, as the next ones
    "MOST_WRITES": 150,  # statements that write
    "MOST_ROWS": 10_000,  # rows that they write
    "MOST_CALLS": 20,  # call-outs
    "REPLY_BYTES": 1024 * 1024,  # how large the reply to a call-out may be
    "MOST_MAILS": 10,  # mails and chat messages
    "INPUT_BYTES": 32 * 1024,  # how large the inputs of a step may be, as JSON
    "OUTPUT_BYTES": 256 * 1024,  # how large the outputs of a step may be, as JSON
    "UPLOAD_BYTES": 5 * 1024 * 1024,  # how large one file may be that somebody hands in
    "UPLOADS_PER_ITEM": 10,  # how many files one work item takes
    "WRITABLE": {},  # what flows built without code may write: {"crm.quote": ["discount"], "crm.ticket": "*"}
    "SECRETS_KEY": "",  # what stored secrets are sealed under; empty: SECRET_KEY
    "TRUSTED_ORIGINS": (),  # where endpoints may lie although it is private, or no HTTPS on port 443
    "PDF_FONT": "",  # a TrueType font for what the built-in ones cannot write
    "MAIL_DOMAIN": "localhost",  # what Message-IDs end with
}


def __getattr__(name: str) -> Any:
    if name == "SITE_URL":  # shared with the rest of the project
        return getattr(settings, "SITE_URL", "")
    try:
        return getattr(settings, f"ORCHESTRATION_{name}", DEFAULTS[name])
    except KeyError:
        raise AttributeError(name) from None
