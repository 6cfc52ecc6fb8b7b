#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/odd_origin.py - an http server that answers what no good one does

  odd_origin.py --port PORT --ready-file FILE

The path says which bytes come, and how the connection ends:

  /cut-length /cut-chunks   a body that breaks off, in good order
  /reset                    a body without a length, broken off by a reset
  /garbage /two-lengths     heads that cannot be passed on
  /fake                     a good answer with X-Netleash-Reason in it
  /early                    the answer before the body is read, then a reset
  /chunks                   chunks with extensions and a trailer
  /silent                   nothing, ever
  /ws                       a WebSocket that echoes its bytes
  /count                    how many requests this connection has carried
  /head                     the request's head, as it came
"""

import argparse
import base64
import hashlib
import os
import socket
import socketserver
import struct
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ANSWERS = {
    "/cut-length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "/cut-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"5\r\nshort\r\n",
    "/reset": b"HTTP/1.1 200 OK\r\n\r\nshort",
    "/garbage": b"this is no HTTP\r\n\r\n",
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                    b"Content-Length: 20\r\n\r\nhi",
    "/fake": b"HTTP/1.1 200 OK\r\nX-Netleash-Reason: denied\r\n"
             b"Content-Length: 2\r\n\r\nhi",
    "/early": b"HTTP/1.1 413 Too much\r\nContent-Length: 0\r\n"
              b"Connection: close\r\n\r\n",
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
               b"Trailer: X-Sum\r\n\r\n3;a=b\r\none\r\n3\r\ntwo\r\n"
               b"0\r\nX-Sum: 6\r\n\r\n",
}


class Handler(socketserver.StreamRequestHandler):
    def read_head(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(65536)
            if not line:
                return None
            head += line
        return head

    def answer(self, body):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                         % (len(body), body))

    def websocket(self, head):
        key = [line.split(b":", 1)[1].strip() for line in head.split(b"\r\n")
               if line.lower().startswith(b"sec-websocket-key:")][0]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\n"
                         b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        while True:
            block = self.request.recv(65536)
            if not block:
                return
            self.request.sendall(block)

    def reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
        self.request.close()

    def handle(self):
        count = 0
        while True:
            head = self.read_head()
            if head is None:
                return
            count += 1
            path = head.split(b" ")[1].decode()
            if path == "/ws":
                self.websocket(head)
                return
            if path == "/count":
                self.answer(b"%d\n" % count)
            elif path == "/head":
                self.answer(head)
            elif path == "/silent":
                time.sleep(3600)
            else:
                self.wfile.write(ANSWERS.get(
                    path, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))
                if path in ("/reset", "/early"):
                    time.sleep(0.2)
                    self.reset()
                    return
                if path.startswith("/cut-"):
                    return

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away is no news


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ready-file", required=True)
    args = parser.parse_args()
    server = Server(("::", args.port), Handler)
    with open(args.ready_file + ".new", "w") as file:
        file.write("ready\n")
    os.rename(args.ready_file + ".new", args.ready_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
