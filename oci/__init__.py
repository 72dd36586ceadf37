"""OCI artifacts: pack them the same way every time, move them, and believe nothing that does not hash.

Knows registries, layouts and archives, and nothing of the product that ships in them. The `oras` client works
behind a fence (`fence.py`): every byte that crosses it is hashed by us.
"""
