"""The addresses of this machine on its networks (Linux)."""

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_SIOCGIFADDR = 0x8915
_IF_INET6 = Path("/proc/net/if_inet6")


def own_addresses() -> list[str]:
    """`192.0.2.10 (eth0)`, IPv4 before IPv6, without loopback and link-local ones. Asks the kernel, no name service."""
    found: list[tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address]] = [*_ipv4(), *_ipv6()]
    return [f"{address} ({name})" for name, address in found if not (address.is_loopback or address.is_link_local)]


def _ipv4() -> list[tuple[str, ipaddress.IPv4Address]]:
    """The first of each interface."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has none
                continue
            found.append((name, ipaddress.IPv4Address(answer[20:24])))
    return found


def _ipv6() -> list[tuple[str, ipaddress.IPv6Address]]:
    try:
        lines = _IF_INET6.read_text().splitlines()
    except OSError:  # a machine without IPv6
        return []
    return [(row[5], ipaddress.IPv6Address(bytes.fromhex(row[0]))) for row in map(str.split, lines) if len(row) == 6]
