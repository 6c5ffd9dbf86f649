# SPDX-License-Identifier: Apache-2.0
"""Which addresses may be posted to."""

from __future__ import annotations

import pytest

from polyvet.core.addresses import Addresses

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.8.9.1 169.254.0.1 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.7 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.3
203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 2002:a00:1::1 2002:808:808::1 3fff::1
fc00::1 fd00:ec2::254 fd12::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 4000::1 nonsense 1.2.3
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255
172.15.255.255 172.32.0.1 192.0.1.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
2606:4700::1111 2a00:1450:4001::8 2003::1 ::ffff:8.8.8.8 64:ff9b::808:808
""".split()


@pytest.mark.parametrize("text", CLOSED)
def test_what_only_the_server_can_reach_is_closed(text: str) -> None:
    assert not Addresses().allow(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public_is_open(text: str) -> None:
    assert Addresses().allow(text)


def test_a_network_that_the_operator_names_is_open_and_no_other() -> None:
    addresses = Addresses(("127.0.0.0/8", "::1/128", "fd00:1::/32"))
    assert [one for one in CLOSED if addresses.allow(one)] == [
        "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
    ]  # fmt: skip
    assert addresses.allow("fd00:1::5")
    assert not addresses.allow("fd00:2::5")
    with pytest.raises(ValueError, match="host bits"):
        Addresses(("10.1.2.3/16",))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "::1", "::ffff:7f00:1", "10.0.1"]
)
def test_a_host_that_is_a_closed_address_is_refused_in_every_notation(host: str) -> None:
    assert Addresses().refuse(host)


@pytest.mark.parametrize(
    "host", ["localhost", "example.org", "8.8.8.8", "2606:4700::1111", "xn--mller-kva.example", ""]
)
def test_names_and_public_addresses_are_not_refused_beforehand(host: str) -> None:
    assert not Addresses().refuse(host)
