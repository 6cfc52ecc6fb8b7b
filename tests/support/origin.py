#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/origin.py - the servers of the internet that the tests play

  origin.py --cert FILE --key FILE --root DIR --ready-file FILE
            [--log FILE] [--udp ADDRESS]...

Listens on every address, IPv4 and IPv6: https on 443, http on 80, a TCP echo
on 7 and 7443; a UDP echo on port 7 of each --udp. Over http and https:

  GET /              "hello from HOST over SCHEME at ADDRESS"
  GET /files/...     files below DIR; of a folder, its index.html
  GET, POST /git/... repositories in DIR, by git's http-backend
  GET /stream/N      N bytes of a fixed pseudo-random stream
  PUT /upload        the SHA-256 of the body
  GET /endless       a stream that ends when the client does
  GET /trickle       a byte every tenth of a second
  GET /reflect       each of the request's headers NAME in X-Reflect-NAME
  GET /body          the request's headers in the body
  GET /redirect?URL  302 to URL
  /locked/...        as /..., for whom names himself; 401 for the others

The log has a line of JSON for each request: method, path, headers as a list of
pairs, and "tls".

The stream is AES-128 in counter mode under a key of zeros, so that openssl
makes the same one anywhere, as fast as it can be sent.
"""

import argparse
import hashlib
import http.server
import json
import mimetypes
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time

CHUNK = 1 << 18
STREAM = ["openssl", "enc", "-aes-128-ctr", "-nosalt", "-K", "0" * 32,
          "-iv", "0" * 32, "-in", "/dev/zero"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root = "."
    log = None
    lock = threading.Lock()

    def log_message(self, *args):
        pass

    def parse_request(self):
        good = super().parse_request()
        if good:
            self.note()
        return good and self.unlock()

    def unlock(self):
        if not self.path.startswith("/locked/"):
            return True
        self.path = self.path[len("/locked"):]
        if self.headers.get("Authorization"):
            return True
        self.answer(b"", 401, headers=[("WWW-Authenticate",
                                        'Basic realm="origin"')])
        return False

    def note(self):
        if not self.log:
            return
        line = json.dumps({
            "method": self.command, "path": self.path,
            "headers": self.headers.items(),
            "tls": isinstance(self.connection, ssl.SSLSocket)})
        with self.lock, open(self.log, "a") as file:
            file.write(line + "\n")

    def answer(self, body, status=200, kind="text/plain", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) \
            else "http"
        if path == "/":
            here = self.connection.getsockname()[0].replace("::ffff:", "")
            self.answer("hello from {} over {} at {}\n".format(
                self.headers.get("Host", "nobody"), scheme, here).encode())
        elif path.startswith("/files/"):
            self.send_file(path[len("/files/"):])
        elif path.startswith("/stream/"):
            self.send_stream(int(path[len("/stream/"):]))
        elif path.startswith("/git/"):
            self.send_git(b"")
        elif path in ("/endless", "/trickle"):
            self.send_forever(path == "/trickle")
        elif path == "/reflect":
            self.answer(b"", headers=[("X-Reflect-" + name, value) for
                                      name, value in self.headers.items()])
        elif path == "/body":
            self.answer(str(self.headers).encode())
        elif path == "/redirect":
            self.answer(b"", 302,
                        headers=[("Location", self.path.split("?", 1)[1])])
        else:
            self.answer(b"no such page\n", 404)

    def do_POST(self):
        if self.path.startswith("/git/"):
            self.send_git(b"".join(self.body()))
        else:
            self.do_PUT()

    def do_PUT(self):
        digest = hashlib.sha256()
        for block in self.body():
            digest.update(block)
        self.answer(digest.hexdigest().encode() + b"\n")

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while True:
                left = int(self.rfile.readline().split(b";")[0], 16)
                yield from self.read_exactly(left)
                self.rfile.readline()
                if not left:
                    return
        else:
            yield from self.read_exactly(
                int(self.headers.get("Content-Length", "0")))

    def read_exactly(self, left):
        while left:
            block = self.rfile.read(min(left, CHUNK))
            if not block:
                raise ConnectionError("the body is cut")
            left -= len(block)
            yield block

    def send_file(self, name):
        path = os.path.realpath(os.path.join(self.root, name))
        if os.path.isdir(path):
            path = os.path.join(path, "index.html")
        if not path.startswith(self.root + os.sep) or \
                not os.path.isfile(path):
            self.answer(b"no such file\n", 404)
            return
        self.send_response(200)
        self.send_header("Content-Type", mimetypes.guess_type(path)[0] or
                         "application/octet-stream")
        self.send_header("Content-Length", str(os.path.getsize(path)))
        self.end_headers()
        with open(path, "rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def send_git(self, body):
        path, _, query = self.path[len("/git"):].partition("?")
        environment = dict(
            os.environ, GIT_PROJECT_ROOT=self.root, GIT_HTTP_EXPORT_ALL="1",
            REQUEST_METHOD=self.command, PATH_INFO=path, QUERY_STRING=query,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            CONTENT_LENGTH=str(len(body)), REMOTE_USER="tester",
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory",
            GIT_CONFIG_VALUE_0="*")
        done = subprocess.run(["git", "http-backend"], input=body,
                              env=environment, stdout=subprocess.PIPE,
                              check=False)
        head, _, page = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1)
                      for line in head.decode().split("\r\n"))
        self.answer(page, int(fields.pop("Status", "200").split()[0]),
                    fields.pop("Content-Type", "text/plain"), fields.items())

    def send_stream(self, left):
        self.send_response(200)
        self.send_header("Content-Length", str(left))
        self.end_headers()
        with subprocess.Popen(STREAM, stdout=subprocess.PIPE) as source:
            while left:
                block = source.stdout.read(min(left, CHUNK))
                self.wfile.write(block)
                left -= len(block)
            source.kill()

    def send_forever(self, slowly):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(b"." if slowly else b"." * CHUNK)
            if slowly:
                time.sleep(0.1)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 512
    context = None

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "origin", 0

    def finish_request(self, request, client_address):
        if self.context:
            # In the connection's own thread: a slow hello holds up nobody.
            request = self.context.wrap_socket(request, server_side=True)
        self.RequestHandlerClass(request, client_address, self)
        if self.context:
            request.close()

    def handle_error(self, request, client_address):
        pass  # a client that went away is no news


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            block = self.request.recv(65536)
            if not block:
                break
            self.request.sendall(block)


class EchoServer(Server):
    def __init__(self, address):
        socketserver.TCPServer.__init__(self, address, Echo)


def echo_udp(address):
    """Bound to one address: a connected client wants answers from it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((address, 7))
        while True:
            data, peer = s.recvfrom(65536)
            s.sendto(data, peer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--log")
    parser.add_argument("--udp", action="append", default=[])
    parser.add_argument("--ready-file", required=True)
    args = parser.parse_args()

    Handler.root = os.path.realpath(args.root)
    Handler.log = args.log
    tls = Server(("::", 443), Handler)
    tls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.context.load_cert_chain(args.cert, args.key)
    servers = [tls, Server(("::", 80), Handler), EchoServer(("::", 7)),
               EchoServer(("::", 7443))]
    threads = [threading.Thread(target=s.serve_forever) for s in servers]
    threads += [threading.Thread(target=echo_udp, args=(address,))
                for address in args.udp]
    for thread in threads:
        thread.start()
    with open(args.ready_file + ".new", "w") as file:
        file.write("ready\n")
    os.rename(args.ready_file + ".new", args.ready_file)


if __name__ == "__main__":
    main()
