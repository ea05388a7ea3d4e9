"""Listen on an address of either family; apart from the server, so that others can try one without loading it."""

import socket


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a name or an address, IPv4 or IPv6; an OSError says why there is none."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=2048)
