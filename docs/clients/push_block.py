"""Pushes found blocks to blockcast, again and again until the relay says that they are safe. Needs pyzmq.

In a pool: make one BlockPusher when the pool starts, and call push() from a thread of its own when a block is found.
By hand:   python3 push_block.py <file with the raw block> <its hash> [received|stored]
"""

import hashlib
import json
import sys
import time

import zmq


class BlockPusher:
    def __init__(self, pool="tcp://127.0.0.1:28500", events="tcp://127.0.0.1:28501"):
        context = zmq.Context.instance()
        self._events = context.socket(zmq.SUB)
        self._events.connect(events)
        self._events.setsockopt(zmq.SUBSCRIBE, b"")
        self._pool = context.socket(zmq.PUSH)
        # A relay that is away gets the newest push, not a hundred copies of it.
        self._pool.setsockopt(zmq.IMMEDIATE, 1)
        self._pool.setsockopt(zmq.LINGER, 0)
        self._pool.connect(pool)

    def push(self, raw, block_hash, until="received", again_after=1.0, give_up_after=600.0):
        """Returns the event that ended the wait, or None when there was none in time.

        until="received": the block survives a crash of the relay; until="stored": it survives a loss of power, too.
        A block that is refused is not pushed again. `block_hash` is the hash as dashd prints it.
        """
        sha256 = hashlib.sha256(raw).hexdigest()
        deadline = time.monotonic() + give_up_after
        while time.monotonic() < deadline:
            try:
                self._pool.send(raw, zmq.NOBLOCK)
            except zmq.Again:
                pass  # The relay is away: the next turn tries again.
            event = self._answer(block_hash, sha256, until, time.monotonic() + again_after)
            if event is not None:
                return event
        return None

    def _answer(self, block_hash, sha256, until, deadline):
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self._events.poll(int(left * 1000) + 1):
                return None
            event = json.loads(self._events.recv().decode("utf-8"))
            kind = event["type"]
            if kind == "refused" and event["sha256"] == sha256:
                return event
            if event.get("hash") != block_hash:
                continue
            if kind == "stored" or (kind == "repeated" and event.get("stored")):
                return event
            # With `unspooled` the relay could not write the block to its disk: it has it in memory alone.
            if until == "received" and kind in ("received", "repeated") and "unspooled" not in event:
                return event


if __name__ == "__main__":
    pusher = BlockPusher(*sys.argv[4:6])
    time.sleep(0.5)  # A pool has been connected for hours when it finds a block; this process has not.
    with open(sys.argv[1], "rb") as file:
        answer = pusher.push(file.read(), sys.argv[2], *sys.argv[3:4])
    print(json.dumps(answer), flush=True)
    sys.exit(0 if answer is not None and answer["type"] != "refused" else 1)
