"""What Dask tells the machine's watcher (watch.py), and what it does on its notice.

Each second it says that somebody is there: of a scheduler its operator or a client, of a worker its scheduler. A worker
whose machine is taken back by the cloud hands over, and ends for good.
"""
import asyncio
import atexit
import functools
import json
import logging
import os
import sys
import time

from distributed import Worker

DONE = 86
logger = logging.getLogger("distributed.dask_watch")
kept = []


def dask_setup(server):
    with open(os.path.join(os.environ["DASK_CONFIG"], "watch")) as file:
        config = json.load(file)
    life = worker_life(server, config) if isinstance(server, Worker) else scheduler_life(server, config)
    # A task that nobody holds may be collected.
    kept.append(asyncio.ensure_future(life))


async def scheduler_life(scheduler, config):
    asked = []
    identity = scheduler.handlers["identity"]

    # The operator asks for it all the time, and no worker does.
    @functools.wraps(identity)
    def answer(*args, **options):
        asked[:] = [True]
        return identity(*args, **options)

    scheduler.handlers["identity"] = answer
    while True:
        if asked or scheduler.client_comms:
            asked.clear()
            beat(config["heartbeat"])
        await asyncio.sleep(1)


async def worker_life(worker, config):
    while True:
        comm = worker.batched_stream and worker.batched_stream.comm
        if comm and not comm.closed():
            beat(config["heartbeat"])
            if notice(config):
                return await leave(worker, config)
        await asyncio.sleep(1)


async def leave(worker, config):
    """Ends for good. A worker that is only advised to go stays until somebody else has its results."""
    logger.info("The cloud takes this machine back: %s", notice(config))
    if worker.nanny:
        # Its nanny is the one whose end systemd sees, and goes by this (dask_machine.py).
        open(os.path.join(os.environ["HOME"], "retired"), "w").close()
    else:
        atexit.register(end)
    try:
        await hand_over(worker, config)
    except Exception:
        logger.warning("Not all could be handed over", exc_info=True)
    await worker.close(reason="the cloud takes this machine back", executor_wait=False)


async def hand_over(worker, config):
    retire = functools.partial(worker.scheduler.retire_workers, workers=[worker.address], close_workers=False)
    urgent = []

    def is_late():
        beat(config["heartbeat"])
        if notice(config) == "interruption":
            urgent.append(time.monotonic())
        return bool(urgent) and urgent[-1] - urgent[0] > config["leaveWithinS"]

    while not is_late():
        await retire(remove=False, stimulus_id=f"machine-drains-{time.time()}")
        while worker.state.all_running_tasks and not is_late():
            await asyncio.sleep(0.2)
        if await retire(remove=True, stimulus_id=f"machine-leaves-{time.time()}"):
            return
        await asyncio.sleep(2)


def notice(config):
    try:
        with open(config["notice"]) as file:
            return file.read()
    except OSError:
        return None


def beat(path):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a"):
            os.utime(path)
    except OSError:
        logger.warning("Cannot tell the machine that somebody is there", exc_info=True)


def end():
    logging.shutdown()
    sys.stdout.flush()
    os._exit(DONE)
