"""Launches a cluster with dask-cloudprovider as its documentation does, says when it began and how it ended, and leaves it."""

import asyncio
import json
import os
import sys
import time

from dask_cloudprovider.aws import EC2Cluster

asked = json.loads(sys.argv[1])


def say(*words):
    print(*words, flush=True)


async def launch():
    say("BEGAN", time.time() * 1000)
    try:
        await EC2Cluster(
            n_workers=asked["workers"],
            region=asked["region"],
            instance_type="m7i.large",
            security_groups=[asked["group"]],
            security=False,
            scheduler_options={"port": asked["port"]},
            asynchronous=True,
        )
        say("LAUNCHED")
    except BaseException as error:
        say("FAILED", f"{type(error).__name__}: {error}".replace("\n", " ")[:300])
    os._exit(0)


asyncio.run(launch())
