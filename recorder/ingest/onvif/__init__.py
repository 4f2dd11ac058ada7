"""Cameras over ONVIF: found, asked what they have, listened to, sent to presets, restarted."""
