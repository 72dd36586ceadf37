"""Hands: the only importers of Azure's SDKs and of sockets. Known only to wiring."""
