"""Passes frames between two interfaces, each some milliseconds after it came."""

import collections
import select
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
delay = float(sys.argv[3]) / 1000
waiting = collections.deque()
print("ready", flush=True)

while True:
    patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    for link in select.select([near, far], [], [], patience)[0]:
        try:
            frame = link.recv(65600)
        except BlockingIOError:
            continue
        waiting.append((time.monotonic() + delay, far if link is near else near, frame))
    while waiting and waiting[0][0] <= time.monotonic():
        _, out, frame = waiting.popleft()
        try:
            out.send(frame)
        except OSError:
            pass  # a cable that is pulled loses frames
