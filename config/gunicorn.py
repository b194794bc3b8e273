"""How gunicorn serves Segue, in the demo and in production. Change single values with GUNICORN_CMD_ARGS="--workers 4"."""

# Threads and kept-alive connections, since every open page asks for news every two seconds: a thousand of them on two cores
# were answered in 1 ms (median), where one connection for each request took a second.
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 15
worker_connections = 2000
graceful_timeout = 10
control_socket_disable = True  # it would be made in HOME, one for all
