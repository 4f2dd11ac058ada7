"""Which files of the data folder make a device what it is: its key, its registration code, its last good licence."""

from gate.client.registration import CODE_NAME
from gate.signing.identity import DEVICE_KEY_NAME

SECRET_NAMES = (DEVICE_KEY_NAME, CODE_NAME)
"""Whoever reads these can be the device, or register it."""
