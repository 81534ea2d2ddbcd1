# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""Compares an events.log with the events that the reference program raised.

An event agrees when time (within 2 us), name, both ends in their roles, transport and details do.
What happened to a connection has an order, which has to be the same: per connection, the longest
common subsequence of both lists counts as agreement. Connections are told apart by their ends and
transport; between connections, order says nothing.
"""

import bisect
import collections
import ipaddress

import connlog

TOLERANCE = 2  # microseconds
COLUMNS = ("ts", "event", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "details")

Event = collections.namedtuple("Event", "time name orig resp transport details")


def microseconds(text):
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole) * 1_000_000 + int(part[:6].ljust(6, "0")))


def is_threshold(name):
    return name.startswith("conn_") and name.endswith("_threshold_crossed")


# Messages that have a reply, and the type of that (spec-conn 1.3).
REPLIES = {"8": "0", "13": "14", "15": "16", "17": "18", "10": "9", "128": "129", "135": "136",
           "133": "134", "139": "140", "130": "131", "144": "145"}
REPLIES.update({reply: message for message, reply in REPLIES.items()})


def was_settable(one):
    """Could the reference program's script set thresholds on this connection? It names a connection
    by its ends, and of an ICMP exchange with replies that name leads nowhere when the originator
    has the higher address: the calls that set thresholds found no connection then."""
    if one.transport != "icmp" or REPLIES.get(one.orig[1]) != one.resp[1]:
        return True
    orig, resp = (ipaddress.ip_address(end[0]) for end in (one.orig, one.resp))
    return orig < resp


def event(time, name, orig_h, orig_p, resp_h, resp_p, transport, details):
    details = details.strip()
    return Event(microseconds(time), name, (orig_h, orig_p), (resp_h, resp_p), transport,
                 "" if details in ("-", "(empty)") else details)


def read_reference(path):
    """The events of an events.txt, in the order of the file."""
    events = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            columns = line.rstrip("\n").split("\t")
            if len(columns) != len(COLUMNS):
                raise connlog.LogError(f"{path}:{number}: {len(columns)} columns, not "
                                       f"{len(COLUMNS)}")
            events.append(event(*columns))
    return events


def read_log(path):
    """The events of an events.log of weir, in the order of the file."""
    events = []
    for row in connlog.read(path):
        missing = [column for column in COLUMNS if column not in row]
        if missing:
            raise connlog.LogError(f"{path}: there is no column {' '.join(missing)}")
        events.append(event(*(row[column] for column in COLUMNS)))
    return events


def by_connection(events):
    """Lists of events, each of one connection or of those that followed it on the same ends."""
    groups = {}
    for one in events:
        key = (min(one.orig, one.resp), max(one.orig, one.resp), one.transport)
        groups.setdefault(key, []).append(one)
    return groups


def common(expected, actual):
    """The longest common subsequence of two lists of events: pairs of places in them.

    As hardly any two events are alike, time included, the pairs that match are few: they are found
    through a dictionary, and the longest chain of them by patience sorting.
    """
    places = {}
    for place, one in enumerate(actual):
        places.setdefault(one, []).append(place)
    ends, ends_at = [], []  # per length of a chain: the last place in `actual`, and its link
    links = []  # (place in expected, place in actual, link before or None)
    for place, one in enumerate(expected):
        near = [other for step in range(-TOLERANCE, TOLERANCE + 1)
                for other in places.get(one._replace(time=one.time + step), ())]
        for other in sorted(near, reverse=True):  # so that one event is not chained to itself
            length = bisect.bisect_left(ends, other)
            links.append((place, other, ends_at[length - 1] if length else None))
            ends[length:length + 1] = [other]
            ends_at[length:length + 1] = [len(links) - 1]
    chain, at = [], ends_at[-1] if ends_at else None
    while at is not None:
        place, other, at = links[at]
        chain.append((place, other))
    return chain[::-1]


def compare(expected, actual):
    """(how many events agree, those missing, those nobody expected), per connection in order."""
    agree, missing, extra = 0, [], []
    left, right = by_connection(expected), by_connection(actual)
    for key in sorted(set(left) | set(right)):
        here, there = left.get(key, []), right.get(key, [])
        pairs = common(here, there)
        agree += len(pairs)
        found, used = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
        missing += [one for place, one in enumerate(here) if place not in found]
        extra += [one for place, one in enumerate(there) if place not in used]
    return agree, missing, extra


def words(one):
    """An event as a few words for people."""
    return (f"{one.time // 1_000_000}.{one.time % 1_000_000:06}", one.name, *one.orig, *one.resp,
            one.transport, one.details)
