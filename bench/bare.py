"""The plainest relay that aiohttp can be: `python -m bench.bare PORT UPSTREAM`, on 127.0.0.1. A yardstick, no product.

It looks into nothing, logs nothing, keeps no connection limits of its own, and lets aiohttp's client write the request.
"""

import asyncio
import logging
import signal
import sys

import uvloop
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


def relay(session: ClientSession, upstream: str) -> web.Application:
    async def handler(request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body = await request.read()
        url = upstream + request.raw_path
        async with session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as reply:
            kept = {name: value for name, value in reply.headers.items() if name.lower() not in HOP_BY_HOP}
            response = web.StreamResponse(status=reply.status, headers=kept)
            await response.prepare(request)
            async for chunk in reply.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{target:.*}", handler)
    return app


async def serve(port: int, upstream: str) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connector = TCPConnector(limit=0)
    async with ClientSession(auto_decompress=False, timeout=ClientTimeout(), connector=connector) as session:
        logging.disable()  # clients that end in the middle are no news here
        runner = web.AppRunner(relay(session, upstream), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await stop.wait()
        await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
