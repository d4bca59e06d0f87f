"""Python loads this module before a script. It leads AWS's addresses to `front.py`, and makes pauses short."""
import json
import os
import socket
import time

PORTS = json.loads(os.environ["FRONT"])
ADDRESSES = {
    ("s3.eu-west-3.amazonaws.com", 443): PORTS["s3"],
    ("169.254.169.254", 80): PORTS["metadata"],
}
connect, sleep = socket.create_connection, time.sleep


def create_connection(address, *rest, **options):
    return connect(("127.0.0.1", ADDRESSES[address]), *rest, **options)


socket.create_connection = create_connection
time.sleep = lambda seconds: sleep(0.1)
