"""The demo's user: client.py ADDRESS FOLDER N. Connects with the files of the client's Secret and has the cluster compute."""
import json
import os
import sys
import time
from os.path import join

from distributed import Client, Security


def square(number):
    return number * number


def main(address, folder, count):
    security = Security(
        tls_ca_file=join(folder, "ca.crt"),
        tls_client_cert=join(folder, "tls.crt"),
        tls_client_key=join(folder, "tls.key"),
        require_encryption=True,
    )
    with Client(address, security=security, timeout="20s") as client:
        began = time.monotonic()
        squares = client.map(square, range(count))
        total = client.submit(sum, squares).result(timeout=60)
        seconds = time.monotonic() - began
        workers = {worker for owners in client.who_has(squares).values() for worker in owners}
        pids = client.run(os.getpid)
        return {"total": total, "seconds": seconds, "processes": len({pids[worker] for worker in workers})}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
