#!/bin/sh
# Removes network namespaces, named as arguments, and what still runs inside them.
# Waits for the end of its input first: it comes when the lab closes, and also when its owner dies in any way at all.
cat >/dev/null

inside() {
  for namespace in "$@"; do ip netns pids "$namespace" 2>/dev/null; done
}

for pid in $(inside "$@"); do kill "$pid" 2>/dev/null; done
tries=0
while [ -n "$(inside "$@")" ] && [ "$tries" -lt 60 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
for pid in $(inside "$@"); do kill -9 "$pid" 2>/dev/null; done
for namespace in "$@"; do ip netns del "$namespace" 2>/dev/null; done
exit 0
