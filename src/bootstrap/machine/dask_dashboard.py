"""Lets only clients of the cluster's own authority see the scheduler's pages: Dask's TLS asks nobody for a certificate.

Where anything is not as it must be, the scheduler ends instead of showing itself. All connections begin with the context
`scheduler.http_server.ssl_options`: what is loaded into it later counts for every new connection.
"""
import logging
import os
import ssl
from urllib.parse import urlsplit

import dask
from distributed.node import ServerNode
from tornado.web import ErrorHandler

logger = logging.getLogger("distributed.dask_dashboard")
# The files of Dask's own connections, over whatever is configured for the pages.
AUTHORITY = dask.config.get("distributed.comm.tls.ca-file")
own = {name: dask.config.get(f"distributed.comm.tls.scheduler.{name}") for name in ("cert", "key")}
dask.config.set({"distributed.scheduler.dashboard.tls": {"ca-file": AUTHORITY, **own}})


def guarded(start):
    def start_http_server(self, *args, **options):
        start(self, *args, **options)
        # It listens already, and nothing is accepted before this returns to the event loop.
        try:
            guard(self.http_server.ssl_options)
            keep_to_own_pages(self.http_application)
        except BaseException:
            self.http_server.stop()
            raise

    return start_http_server


# Dask loads a preload more than once: it is guarded as often, to the same effect.
ServerNode.start_http_server = guarded(ServerNode.start_http_server)


def guard(context):
    if not isinstance(context, ssl.SSLContext):
        raise RuntimeError("the dashboard has no TLS: it is not served")
    known = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=AUTHORITY)
    if not authorities(known) or authorities(context) != authorities(known):
        raise RuntimeError("the dashboard trusts others than the cluster's authority: it is not served")
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    context.verify_mode = ssl.CERT_REQUIRED


def authorities(context):
    return sorted(context.get_ca_certs(binary_form=True))


# A browser shows its certificate to whoever sends it here, and Dask lets pages of any origin open its websockets.
def keep_to_own_pages(application):
    find = application.find_handler

    def find_handler(request, **options):
        origin = request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc.lower() == request.host.lower():
            return find(request, **options)
        return application.get_handler_delegate(request, ErrorHandler, {"status_code": 403})

    application.find_handler = find_handler


# Dask goes on where a preload fails, so this does not fail but ends.
def dask_setup(scheduler):
    context = getattr(getattr(scheduler, "http_server", None), "ssl_options", None)
    if getattr(context, "verify_mode", None) == ssl.CERT_REQUIRED:
        return
    logger.critical("The dashboard is not guarded by mutual TLS: the scheduler ends")
    logging.shutdown()
    os._exit(1)
