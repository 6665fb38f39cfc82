"""Tells systemd which end of Dask is meant to last.

A worker ends with status 0 when it was retired and when its scheduler died. Only the first is for good, as is the end
of a scheduler that was idle for its time limit: they end with a status of their own, and the unit knows it.
"""
import atexit
import logging
import os
import sys
import time

from distributed import Nanny, Worker

DONE = 86
# By this a worker tells its nanny, which is another process and the one that systemd knows.
RETIRED = os.path.join(os.environ["HOME"], "retired")


def dask_setup(server):
    if isinstance(server, Nanny):
        note(False)
    if not isinstance(server, Worker):
        return
    # A retirement that is given up sends the old status again.
    heard = server.stream_handlers["worker-status-change"]
    told = []

    def hear(status, **message):
        told[:] = [status]
        if server.nanny:
            note(status == "closing_gracefully")
        return heard(status=status, **message)

    server.stream_handlers["worker-status-change"] = hear
    if not server.nanny:
        atexit.register(lambda: told == ["closing_gracefully"] and end())


def dask_teardown(server):
    if isinstance(server, Nanny):
        atexit.register(lambda: os.path.exists(RETIRED) and end())
    limit = getattr(server, "idle_timeout", None)
    since = getattr(server, "idle_since", None)
    if limit and since and time.time() > since + limit:
        atexit.register(end)


def note(is_retired):
    if is_retired:
        open(RETIRED, "w").close()
    elif os.path.exists(RETIRED):
        os.remove(RETIRED)


def end():
    logging.shutdown()
    sys.stdout.flush()
    os._exit(DONE)
