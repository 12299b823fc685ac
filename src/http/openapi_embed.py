"""Write the API's description as C: openapi_embed.py openapi.json OUTPUT.c

Blanks go; the same document always gives the same C.
"""

import gzip
import hashlib
import json
import pathlib
import sys

BYTES_A_LINE = 24


def c_array(name: str, data: bytes) -> str:
    lines = (",".join(map(str, data[at:at + BYTES_A_LINE]))
             for at in range(0, len(data), BYTES_A_LINE))
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "\n};\n"


def main() -> None:
    document = json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    etag = hashlib.sha256(data).hexdigest()[:32]
    pathlib.Path(sys.argv[2]).write_text(
        "/* Generated from openapi.json by openapi_embed.py. */\n"
        '#include "http/openapi.h"\n\n' + c_array("raw", data) +
        c_array("packed", gzip.compress(data, compresslevel=9, mtime=0)) +
        "\nconst struct sl_asset sl_openapi = {\n"
        '    .path = "/api/v1/openapi.json",\n'
        '    .content_type = "application/json",\n'
        f'    .etag = "\\"{etag}\\"",\n'
        "    .data = raw,\n    .size = sizeof(raw),\n"
        "    .gzip = packed,\n    .gzip_size = sizeof(packed),\n};\n", "utf-8")


main()
