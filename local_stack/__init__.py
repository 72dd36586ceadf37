"""The outside world on localhost: Azure's services as far as our clients and `az` use them, over TLS, with roles.

It knows nothing of what it is used for: it is seeded through ARM, as Azure would be.
"""
