"""What a simulated camera says over ONVIF: discovery, Device, Media, Media2, Events, PTZ. No conformance claimed."""
