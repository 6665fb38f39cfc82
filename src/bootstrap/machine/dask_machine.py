"""Tells systemd which end of Dask is meant to last.

A worker ends with status 0 when it was retired and when its scheduler died. Only the first is for good, as is the end
of a scheduler that was idle for its time limit: they end with a status of their own, and the unit knows it.
"""
import atexit
import logging
import os
import sys
import time

from distributed import Worker

DONE = 86


def dask_setup(server):
    if not isinstance(server, Worker):
        return
    # A retirement that is given up sends the old status again.
    heard = server.stream_handlers["worker-status-change"]
    told = []

    def hear(status, **message):
        told[:] = [status]
        return heard(status=status, **message)

    server.stream_handlers["worker-status-change"] = hear
    atexit.register(lambda: told == ["closing_gracefully"] and end())


def dask_teardown(server):
    limit = getattr(server, "idle_timeout", None)
    since = getattr(server, "idle_since", None)
    if limit and since and time.time() > since + limit:
        atexit.register(end)


def end():
    logging.shutdown()
    sys.stdout.flush()
    os._exit(DONE)
