"""Addresses of a machine's own network link, where clouds hand out its keys: no service of anybody is there."""

from __future__ import annotations

import ipaddress
import socket

#: where clouds tell a machine its own keys, and what else is reached on a link alone
_NETWORKS = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32")
_LINK_LOCAL = tuple(ipaddress.ip_network(network) for network in _NETWORKS)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = ("metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal")


def is_link_local(host: str) -> bool:
    """Whether a host, by name or in numbers however they are written, is one that no model service is at."""
    host = host.rstrip(".").partition("%")[0].lower()
    if host in _METADATA:
        return True
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(host)
    except ValueError:
        try:
            # 2852039166, 0xa9fea9fe, 0251.0376.0251.0376, 169.254.43518
            address = ipaddress.ip_address(socket.inet_aton(host))
        except (OSError, ValueError):
            return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and (address in _NAT64 or int(address) < 1 << 32):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return any(address in network for network in _LINK_LOCAL)
