"""How gunicorn serves the site; addresses and numbers come from its command line."""

from config import settings as _settings

worker_class = "gthread"
# A page may wait for one call to a tool; nothing waits longer.
timeout = 90
# Within the launcher's 15 seconds.
graceful_timeout = 10
keepalive = 5
# It would lie in the home directory, one for all sites of this machine, and nobody here speaks to it.
control_socket_disable = True
# A worker is renewed after a while; the spread keeps them from doing so together.
max_requests = 5000
max_requests_jitter = 500
limit_request_line = 8190
accesslog = "-" if _settings.IS_PRODUCTION else None
# One gate for all log lines, redaction included.
logconfig_dict = _settings.LOGGING
