"""Passes frames between two interfaces, each some milliseconds after it came. May lose some of them, and let others overtake.

Arguments: two interfaces, milliseconds, and where they are wanted: up to how many more, and how many of a hundred frames are lost.
Says "ready", and at SIGTERM how many frames came and were lost and overtaken.
"""

import heapq
import random
import select
import signal
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_PROMISC = 1
PACKET_IGNORE_OUTGOING = 23


def listen(device):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    link.bind((device, 0))
    link.setblocking(False)
    membership = struct.pack("IHH8s", socket.if_nametoindex(device), PACKET_MR_PROMISC, 0, b"")
    link.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
    # or it would take up what it sends itself
    link.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    return link


near, far = (listen(device) for device in sys.argv[1:3])
delay_ms, more_ms, lost_percent = (float(word) for word in (sys.argv[3:] + ["0", "0"])[:3])
waiting = []  # by when they are due, then by when they came
came = lost = overtaken = newest = 0


def tell(*_):
    print(f"came {came} lost {lost} overtaken {overtaken}", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, tell)
print("ready", flush=True)

while True:
    patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    for link in select.select([near, far], [], [], patience)[0]:
        try:
            frame = link.recv(65600)
        except BlockingIOError:
            continue
        came += 1
        if random.random() * 100 < lost_percent:
            lost += 1
            continue
        due = time.monotonic() + (delay_ms + random.random() * more_ms) / 1000
        heapq.heappush(waiting, (due, came, far if link is near else near, frame))
    while waiting and waiting[0][0] <= time.monotonic():
        _, number, out, frame = heapq.heappop(waiting)
        overtaken += number < newest
        newest = max(newest, number)
        try:
            out.send(frame)
        except OSError:
            pass  # a cable that is pulled loses frames
