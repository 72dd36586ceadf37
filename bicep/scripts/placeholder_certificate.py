#!/bin/sh
"exec" "python3" "-I" "$0" "$@"  # fmt: skip

# The line above hands the file to Python when the agent starts it with sh; to Python it is a string.
__doc__ = """Has the Key Vault make a self-signed certificate under the gateway's name, unless there is one.

The gateway cannot be created without a certificate, and a template can make none. The key never leaves the vault's
side. The publisher's own certificate later becomes the next version of the same name. Standard library only.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

API = "?api-version=7.4"
PROPAGATION, PAUSE, TIMEOUT = 600.0, 2.0, 30.0  # seconds; a new role takes up to ten minutes
AUTHORITY = os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://169.254.169.254")


def ask(url, headers, body=None, method=None):
    """Return (status, document); a refusal is an answer like any other."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers)  # noqa: S310
    direct = [urllib.request.ProxyHandler({})] if url.startswith("http://") else []
    try:
        with urllib.request.build_opener(*direct).open(request, timeout=TIMEOUT) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {"error": error.read(2000).decode("utf-8", "replace")}


def token(client_id, audience):
    """Return a token of vibedata-uami for the vaults."""
    query = f"?api-version=2018-02-01&resource={audience}&client_id={client_id}"
    status, document = ask(f"{AUTHORITY}/metadata/identity/oauth2/token{query}", {"Metadata": "true"})
    if status != 200:
        raise RuntimeError(f"The metadata service gives no token: {status}.")
    return document["access_token"]


def policy(host):
    """Return what kind of certificate it is: the vault's own signature, and an exportable key, as the gateway needs."""
    names = {"subject": f"CN={host}", "sans": {"dns_names": [host]}, "validity_months": 12}
    key = {"exportable": True, "kty": "RSA", "key_size": 2048, "reuse_key": False}
    secret = {"contentType": "application/x-pkcs12"}
    issuer = {"name": "Self"}
    return {"policy": {"key_props": key, "secret_props": secret, "x509_props": names, "issuer": issuer}}


def provide(vault, name, host, client_id, audience):
    """Make the certificate lie in the vault; say whether it was made now."""
    end, certificate = time.monotonic() + PROPAGATION, f"{vault.rstrip('/')}/certificates/{name}"
    made, status, document = False, 0, {}
    while time.monotonic() < end:
        headers = {
            "Authorization": "Bearer " + token(client_id, audience),
            "Content-Type": "application/json",
        }
        try:
            status, document = ask(certificate + API, headers)
            if status == 200:
                return made
            if status == 404 and not made:
                status, document = ask(f"{certificate}/create{API}", headers, policy(host), "POST")
                made = status in (200, 202)
        except OSError as error:  # the name or the endpoint is still on its way
            status, document = 0, {"error": str(error)}
        time.sleep(PAUSE)
    raise RuntimeError(f"The vault has no certificate {name}: {status} {document.get('error', '')[:500]}")


def main():
    """Return the exit code; the reason comes last, for only the end of the output is kept."""
    try:
        keys = ("VAULT_URL", "CERTIFICATE", "HOST", "CLIENT_ID", "AUDIENCE")
        made = provide(*[os.environ["VIBEDATA_" + key] for key in keys])
    except Exception as error:  # noqa: BLE001 - the reader gets a line, not a traceback
        print(json.dumps({"kind": "Failed", "code": "placeholder-certificate", "message": str(error)}))
        return 5
    print(json.dumps({"status": "done" if made else "nothing to do"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
