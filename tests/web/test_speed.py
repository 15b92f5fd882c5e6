"""What makes answers fast, asserted without a clock."""

import asyncio
import socket

import psycopg

from web.serve import listen


def test_an_answer_does_not_wait_for_an_acknowledgement():
    """Headers and body are two packets: the second waits 40 ms without TCP_NODELAY."""

    async def option() -> int:
        options = asyncio.Queue()

        async def answer(_, writer) -> None:
            connection = writer.get_extra_info("socket")
            options.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(answer, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            result = await options.get()
            writer.close()
            return result

    assert asyncio.run(option()) == 1


def test_the_backends_of_the_pages_can_be_told_from_others(site):
    """Their memory is measured by this name, and an operator finds them by it."""
    site.get("/songs")
    with psycopg.connect(autocommit=True) as conn:
        query = "select count(*) > 0 from pg_stat_activity where application_name = %s"
        assert conn.execute(query, ("pgmuse serve",)).fetchone() == (True,)
