"""Tells systemd which end of Dask is meant to last.

A worker ends with status 0 when it was retired and when its scheduler died. Only the first is for good, as is the end
of a scheduler that was idle for its time limit: they end with a status of their own, and the unit knows it.
"""
import atexit
import functools
import logging
import os
import sys
import time

from distributed import Nanny, Scheduler, Worker

DONE = 86
# By this a worker tells its nanny, which is another process and the one that systemd knows.
RETIRED = os.path.join(os.environ["HOME"], "retired")


def dask_setup(server):
    if isinstance(server, Nanny):
        note(False)
    if isinstance(server, Scheduler):
        tell_boot(server, boot())
    if not isinstance(server, Worker):
        return
    times = boot()
    server.startup_information["dask_boot"] = lambda _worker: times
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


# Told with what Dask says of itself anyway: seconds from the machine's files until its software was there, and from then
# until now. By a clock that may be set.
def boot():
    try:
        given = os.stat(os.path.join(os.environ["DASK_CONFIG"], "dask.yaml")).st_mtime
        installed = os.stat(os.path.join(os.environ["HOME"], "installed")).st_mtime
    except OSError:
        return {}
    return {"installed": installed - given, "up": time.time() - installed}


def tell_boot(scheduler, times):
    identity = scheduler.handlers["identity"]

    @functools.wraps(identity)
    def answer(*args, **options):
        return {**identity(*args, **options), "dask_boot": times}

    scheduler.handlers["identity"] = answer


def note(is_retired):
    if is_retired:
        open(RETIRED, "w").close()
    elif os.path.exists(RETIRED):
        os.remove(RETIRED)


def end():
    logging.shutdown()
    sys.stdout.flush()
    os._exit(DONE)
