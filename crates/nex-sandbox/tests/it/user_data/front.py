"""Stands where a host expects AWS: S3 over TLS in front of the sandbox, and the instance metadata service.

Arguments: the sandbox's endpoint, a file with the certificate and its key, and a folder with `identity.json` and
`role.json`. Prints the ports of S3 and of the metadata service, and ends when stdin closes.
"""
import http.client
import json
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ENDPOINT, CERTIFICATE, FOLDER = sys.argv[1:]
TOKEN = "a-metadata-token"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class S3(Handler):
    """Passes calls on as they are: the signature covers the real host name."""

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        connection = http.client.HTTPConnection(urlsplit(ENDPOINT).netloc)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() == "content-type"]
        self.answer(answer.status, answer.read(), kept)

    do_GET = do_PUT = forward


class Metadata(Handler):
    """Version 2 only: every read needs a token."""

    def do_PUT(self):
        is_token = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.answer(200 if is_token else 400, TOKEN.encode())

    def do_GET(self):
        files = {
            "/latest/dynamic/instance-identity/document": "identity.json",
            "/latest/meta-data/iam/security-credentials/host": "role.json",
        }
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.answer(401, b"")
        elif self.path == "/latest/meta-data/iam/security-credentials/":
            self.answer(200, b"host")
        elif self.path in files:
            with open(os.path.join(FOLDER, files[self.path]), "rb") as file:
                self.answer(200, file.read())
        else:
            self.answer(404, b"")


s3 = ThreadingHTTPServer(("127.0.0.1", 0), S3)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE)
s3.socket = context.wrap_socket(s3.socket, server_side=True)
metadata = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
for server in (s3, metadata):
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"s3": s3.server_port, "metadata": metadata.server_port}), flush=True)
sys.stdin.read()
