"""sl_text_upper against str.upper(): every code point, and random strings of them.

Both know the Unicode version that their makers built in; on the target (Debian 12: Python 3.11,
libunistring 1.0) both have 14.0. Bytes that are not UTF-8 are compared piece by piece.
"""
import random
import struct
import subprocess
import sys
import unicodedata


def code_points():
    return [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def interesting():
    """Characters whose upper case, neighbours or combination with others could matter."""
    cased = [chr(c) for c in code_points() if chr(c).upper() != chr(c) or chr(c).lower() != chr(c)]
    marks = [chr(c) for c in code_points() if unicodedata.combining(chr(c))]
    return cased + marks + list("iIıİjσςΣßŉ\u0345\u0307\u00ad\u0027 .") * 40


def random_strings(count):
    choose = random.Random(1)
    special = interesting()
    every = [chr(c) for c in code_points()]
    ascii_text = [chr(c) for c in range(128)]
    pools = [special, every, special + ascii_text * 40, ascii_text]
    for i in range(count):
        yield "".join(choose.choices(pools[i % len(pools)], k=choose.randrange(60)))


def valid_pieces_upper(data):
    """What is expected of any bytes: the invalid ones stay."""
    out = bytearray()
    while data:
        try:
            return bytes(out) + data.decode().upper().encode()
        except UnicodeDecodeError as error:
            out += data[:error.start].decode().upper().encode() + data[error.start:error.start + 1]
            data = data[error.start + 1:]
    return bytes(out)


def broken(count):
    choose = random.Random(2)
    for text in random_strings(count):
        data = bytearray(text.encode())
        for _ in range(choose.randrange(4)):
            if data:
                at = choose.randrange(len(data))
                data[at:at + choose.randrange(2)] = bytes([choose.randrange(128, 256)])
        yield bytes(data)


def main():
    every = [chr(c) for c in code_points()]
    inputs = ["\n".join(every[i:i + 100]).encode() for i in range(0, len(every), 100)]
    inputs += [text.encode() for text in random_strings(20000)]
    inputs += broken(20000)
    # one long run that is not ASCII
    inputs.append("".join(chr(c) for c in range(0x80, 0x4000)).encode())
    stream = b"".join(struct.pack("<I", len(data)) + data for data in inputs)
    output = subprocess.run([sys.argv[1]], input=stream, stdout=subprocess.PIPE, check=True).stdout
    at = wrong = 0
    for data in inputs:
        size, = struct.unpack_from("<I", output, at)
        got = output[at + 4:at + 4 + size]
        at += 4 + size
        expected = valid_pieces_upper(data)
        if got != expected or len(got) > 3 * len(data):
            wrong += 1
            if wrong <= 10:
                print(f"{data!a}: {got!a}, but Python: {expected!a}")
    if at != len(output) or wrong:
        sys.exit(f"{wrong} of {len(inputs)} differ from Python (Unicode {unicodedata.unidata_version})")
    print(f"{len(inputs)} texts as Python (Unicode {unicodedata.unidata_version}) has them")


main()
