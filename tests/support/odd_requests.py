# SPDX-License-Identifier: MIT
"""
tests/support/odd_requests.py - requests that servers may not agree about

requests(AUTHORITY) yields (name, bytes). Case N asks for paths below /N/: what
it says openly is /N/odd, what only some readers would take for a request of
its own is /N/smuggled, and what follows in the pipeline is /N/next.
"""

SMUGGLED = "GET %U%smuggled HTTP/1.1\r\nHost: %A%\r\n\r\n"
NEXT = "GET %U%next HTTP/1.1\r\nHost: %A%\r\nConnection: close\r\n\r\n"
LINE = "POST %U%odd HTTP/1.1\r\nHost: %A%\r\n"
GET = "GET %U%odd HTTP/1.1\r\nHost: %A%\r\n"

# Transfer-Encoding, in words that somebody may take for "chunked".
CODINGS = [
    "Transfer-Encoding: chunked",
    "transfer-encoding:CHUNKED",
    "Transfer-Encoding: \tchunked\t ",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunkedx",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: , chunked",
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: 'chunked'",
    "Transfer-Encoding: identity",
    "Transfer-Encoding:",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding: \x00chunked",
    "Transfer-Encoding: chun\x80ked",
    "Transfer-Encoding:\xa0chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding\x00: chunked",
    "Transfer-Encoding\r\n: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
    "Foo\r\nTransfer-Encoding: chunked",
    ": x\r\nTransfer-Encoding: chunked",
]

# Content-Length %L%, the body's true length, in many spellings.
LENGTHS = [
    "Content-Length: %L%",
    "Content-Length: 000%L%",
    "Content-Length:\t%L%\t ",
    "Content-Length: +%L%",
    "Content-Length: -%L%",
    "Content-Length: 0x%X%",
    "Content-Length: %L%, %L%",
    "Content-Length: 0, %L%",
    "Content-Length: %L%;",
    "Content-Length: %L%.0",
    "Content-Length: %L% 0",
    "Content-Length: '%L%'",
    "Content-Length: \"%L%\"",
    "Content-Length: \x0b%L%",
    "Content-Length: %L%\x00",
    "Content-Length: %L%\x00,0",
    "Content-Length: ",
    "Content-Length: 18446744073709551616",
    "Content-Length: 9223372036854775808",
    "Content-Length: 99999999999999999999999999999999",
    "Content-Length: %L%\r\nContent-Length: %L%",
    "Content-Length: %L%\r\nContent-Length: 0",
    "Content-Length: 0\r\nContent-Length: %L%",
    "Content-Length : %L%",
    "Content_Length: %L%",
    "Content-Length:\r\n %L%",
    "Content-Length: 0\r\n %L%",
    " Content-Length: %L%",
    "X: y\nContent-Length: %L%",
    "X: y\rContent-Length: %L%",
    "Connection: Content-Length\r\nContent-Length: %L%",
    "Connection: close, content-length\r\nContent-Length: %L%",
]

# Chunked bodies, after "Transfer-Encoding: chunked".
CHUNKS = [
    "5\r\nabcde\r\n0\r\n\r\n",
    "5;a=b\r\nabcde\r\n0\r\n\r\n",
    "5;a=\"b;c\"\r\nabcde\r\n0\r\n\r\n",
    "5;a=\"\\\"\"\r\nabcde\r\n0;x\r\n\r\n",
    "5;\r\nabcde\r\n0\r\n\r\n",
    "5 ;a\r\nabcde\r\n0\r\n\r\n",
    "5 \r\nabcde\r\n0\r\n\r\n",
    " 5\r\nabcde\r\n0\r\n\r\n",
    "\t5\r\nabcde\r\n0\r\n\r\n",
    "0005\r\nabcde\r\n000\r\n\r\n",
    "00000000000000005\r\nabcde\r\n0\r\n\r\n",
    "0x5\r\nabcde\r\n0\r\n\r\n",
    "+5\r\nabcde\r\n0\r\n\r\n",
    "-5\r\nabcde\r\n0\r\n\r\n",
    "5_\r\nabcde\r\n0\r\n\r\n",
    "5g\r\nabcde\r\n0\r\n\r\n",
    "5,5\r\nabcde\r\n0\r\n\r\n",
    "5\nabcde\n0\n\n",
    "5\r\nabcde\n0\r\n\r\n",
    "5\r\nabcde0\r\n\r\n",
    "5\r\nabcdeX\r\n0\r\n\r\n",
    "5\rabcde\r\n0\r\n\r\n",
    "5\r\r\nabcde\r\n0\r\n\r\n",
    "5\x00\r\nabcde\r\n0\r\n\r\n",
    "5;\x00\r\nabcde\r\n0\r\n\r\n",
    "5;a\nabcde\r\n0\r\n\r\n",
    "2;\nxx\r\n3d\r\n0\r\n\r\n%S%\r\n0\r\n\r\n",
    "2;\rxx\r\n3d\r\n0\r\n\r\n%S%\r\n0\r\n\r\n",
    "5;a=\"\nb\"\r\nabcde\r\n0\r\n\r\n",
    "5;a=\"\r\nabcde\r\n0\r\n\r\n",
    "\r\n5\r\nabcde\r\n0\r\n\r\n",
    "\r\n0\r\n\r\n%S%",
    "0\n\r\n%S%",
    "0\r\n\n%S%",
    "0\r\n\r%S%",
    "0\r\n%S%",
    "5\r\nabcde\r\n\r\n%S%",
    "fffffffffffffffb\r\nabcde\r\n0\r\n\r\n",
    "10000000000000005\r\nabcde\r\n0\r\n\r\n",
    "100000005\r\nabcde\r\n0\r\n\r\n",
    "7fffffffffffffff\r\nabcde\r\n0\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX-Sum: 1\r\n\r\n",
    "5\r\nabcde\r\n0\r\nContent-Length: 99\r\n\r\n",
    "5\r\nabcde\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "5\r\nabcde\r\n0\r\nHost: other.example\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX : 1\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX: 1\r\n 2\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX: 1\nY: 2\r\n\r\n",
    "5\r\nabcde\r\n0\r\n: 1\r\n\r\n",
    "5\r\nabcde\r\n0\r\n X: 1\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX: \x00\r\n\r\n",
]

# Request lines, without a body.
LINES = [
    "GET  %U%odd HTTP/1.1",
    "GET\t%U%odd\tHTTP/1.1",
    "GET %U%odd  HTTP/1.1",
    "GET %U%odd HTTP/1.1 ",
    " GET %U%odd HTTP/1.1",
    "\r\nGET %U%odd HTTP/1.1",
    "\r\n\r\nGET %U%odd HTTP/1.1",
    "\nGET %U%odd HTTP/1.1",
    "\rGET %U%odd HTTP/1.1",
    "GET %U%odd http/1.1",
    "GET %U%odd HTTP/1.2",
    "GET %U%odd HTTP/1.10",
    "GET %U%odd HTTP/01.1",
    "GET %U%odd HTTP/1.",
    "GET %U%odd HTTP/2.0",
    "GET %U%odd HTTP/0.9",
    "GET %U%odd HTTP /1.1",
    "GET %U%odd",
    "GET %U%odd ",
    "GET %U%odd x HTTP/1.1",
    "GET %U%odd\x00 HTTP/1.1",
    "GET %U%odd\x0b HTTP/1.1",
    "GET %U%odd\x7f HTTP/1.1",
    "GET %U%odd\x80 HTTP/1.1",
    "GET %U%odd\r HTTP/1.1",
    "GET %U%odd#next HTTP/1.1",
    "GET %U%odd%00 HTTP/1.1",
    "GET %U%odd% HTTP/1.1",
    "GET %U%odd%zz HTTP/1.1",
    "GET %U%odd%20HTTP/1.1 HTTP/1.1",
    "GET %U%a/../odd HTTP/1.1",
    "GET %U%../../../odd HTTP/1.1",
    "GET %U%a//b/./odd HTTP/1.1",
    "GET %U%a\\odd HTTP/1.1",
    "GET %U%%2e%2e/odd HTTP/1.1",
    "GET HTTP://%A%/%N%/odd HTTP/1.1",
    "GET http://%A%?%N%/odd HTTP/1.1",
    "GET http://%A% HTTP/1.1",
    "GET http://me@%A%/%N%/odd HTTP/1.1",
    "GET http://other.example/%N%/odd HTTP/1.1",
    "GET http://%A%@other.example/%N%/odd HTTP/1.1",
    "GET http://%A%\\@other.example/%N%/odd HTTP/1.1",
    "GET http:///%N%/odd HTTP/1.1",
    "GET http:/%N%/odd HTTP/1.1",
    "GET http:%N%/odd HTTP/1.1",
    "GET //%A%/%N%/odd HTTP/1.1",
    "GET /%N%/odd HTTP/1.1",
    "GET %N%/odd HTTP/1.1",
    "GET * HTTP/1.1",
    "GET ? HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "OPTIONS http://%A% HTTP/1.1",
    "OPTIONS %U%odd HTTP/1.1",
    "get %U%odd HTTP/1.1",
    "G%00T %U%odd HTTP/1.1",
    "GET\x00 %U%odd HTTP/1.1",
    "G,T %U%odd HTTP/1.1",
    "GET/x %U%odd HTTP/1.1",
    "TRACE %U%odd HTTP/1.1",
    "FOO %U%odd HTTP/1.1",
    "!#$&'*+-.^_`|~ %U%odd HTTP/1.1",
    "PRI * HTTP/2.0",
    "M" * 300 + " %U%odd HTTP/1.1",
]

# Fields, without a body.
FIELDS = [
    "Host: %A%\r\nHost: %A%",
    "Host: %A%\r\nHost: other.example",
    "Host: %A%\r\nhOST: %A%",
    "X: y",
    "Host:",
    "Host: other.example",
    "Host: %A%, other.example",
    "Host: %A% other.example",
    "Host: me@%A%",
    "Host: %A%/x",
    "Host: %A%?x",
    "Host: %A%#x",
    "Host: %A%:80",
    "Host: http://%A%",
    "Host: %A%.",
    "Host : %A%",
    " Host: %A%",
    "Host:\r\n %A%",
    "Host: %A%\r\n other.example",
    "Host: %A%\x00",
    "Host\x00: %A%",
    "Host: %A%\r\nX : y",
    "Host: %A%\r\nX\t: y",
    "Host: %A%\r\n: y",
    "Host: %A%\r\nno colon",
    "Host: %A%\r\nX y: z",
    "Host: %A%\r\nX\x01: z",
    "Host: %A%\r\nX\x80: z",
    "Host: %A%\r\n(X): z",
    "Host: %A%\r\nX: y\x00z",
    "Host: %A%\r\nX: y\x01z",
    "Host: %A%\r\nX: y\x80z",
    "Host: %A%\r\nX: y\rz",
    "Host: %A%\r\nX: y\nZ: z",
    "Host: %A%\nX: y",
    "Host: %A%\r\nX: y\r\n\tz",
    "Host: %A%\r\n\tX: y",
    "Host: %A%\r\nX: y\r",
    "Host: %A%\r\nExpect: 200-ok",
    "Host: %A%\r\nExpect: 100-continue",
    "Host: %A%\r\nConnection: Host",
    "Host: %A%\r\nConnection: close, Host",
    "Host: %A%\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    "Host: %A%\r\nUpgrade: websocket\r\nConnection: Upgrade",
    "Host: %A%\r\nMax-Forwards: 0",
    "Host: %A%\r\nX: " + "y" * 70000,
    "Host: %A%\r\n" + "\r\n".join("X%d: y" % i for i in range(2000)),
]


def _bodies():
    body = "0\r\n\r\n" + SMUGGLED
    for coding in CODINGS:
        yield coding, LINE + coding + "\r\n\r\n" + body
        for length in ("%L%", "4"):
            yield "length %s, then %s" % (length, coding), (
                LINE + "Content-Length: " + length + "\r\n" + coding +
                "\r\n\r\n|" + body)
        yield coding + ", then a length", (
            LINE + coding + "\r\nContent-Length: %L%\r\n\r\n|" + body)
    for length in LENGTHS:
        yield length, LINE + length + "\r\n\r\n|" + SMUGGLED
    for chunks in CHUNKS:
        yield chunks, (LINE + "Transfer-Encoding: chunked\r\n\r\n" +
                       chunks.replace("%S%", SMUGGLED))
    for line in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "FOO"):
        yield line + " with a body", (
            line + " %U%odd HTTP/1.1\r\nHost: %A%\r\n"
            "Content-Length: %L%\r\n\r\n|" + SMUGGLED)
        yield line + " with chunks", (
            line + " %U%odd HTTP/1.1\r\nHost: %A%\r\n"
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    for words in ("", "Connection: keep-alive\r\n"):
        yield "HTTP/1.0 with chunks " + words, (
            "POST %U%odd HTTP/1.0\r\nHost: %A%\r\n" + words +
            "Transfer-Encoding: chunked\r\n\r\n" + body)
        yield "HTTP/1.0 with a length " + words, (
            "POST %U%odd HTTP/1.0\r\nHost: %A%\r\n" + words +
            "Content-Length: %L%\r\n\r\n|" + SMUGGLED)
        yield "HTTP/1.0, both " + words, (
            "POST %U%odd HTTP/1.0\r\nHost: %A%\r\n" + words +
            "Content-Length: %L%\r\nTransfer-Encoding: chunked\r\n\r\n|" +
            body)
    yield "a body with an expectation", (
        LINE + "Expect: 100-continue\r\nContent-Length: %L%\r\n\r\n|" +
        SMUGGLED)
    yield "a body with another expectation", (
        LINE + "Expect: x\r\nContent-Length: %L%\r\n\r\n|" + SMUGGLED)
    yield "an upgrade with a body", (
        LINE + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Content-Length: %L%\r\n\r\n|" + SMUGGLED)
    yield "lines that end in LF", GET.replace("\r\n", "\n") + "\n"
    yield "an empty line that ends in LF", GET + "\n"
    yield "an empty line that ends in CR CR LF", GET + "\r\r\n"
    yield "a body that nobody announced", LINE + "\r\n(abcde)"


def requests(authority):
    cases = list(_bodies())
    cases += [(line, line + "\r\nHost: %A%\r\n\r\n") for line in LINES]
    cases += [(fields, "GET %U%odd HTTP/1.1\r\n" + fields + "\r\n\r\n")
              for fields in FIELDS]
    for number, (name, text) in enumerate(cases):
        text += NEXT

        def fill(s):
            return (s.replace("%U%", "http://%A%/%N%/")
                    .replace("%A%", authority).replace("%N%", str(number)))
        text = fill(text)
        head, bar, rest = text.partition("\r\n\r\n|")
        if bar:
            # The length is that of the body with all that hides in it.
            length = len(rest) - len(fill(NEXT))
            text = (head.replace("%L%", str(length))
                    .replace("%X%", "%x" % length) + "\r\n\r\n" + rest)
        yield name, text.encode("latin-1")
