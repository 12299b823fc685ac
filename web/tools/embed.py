"""Write the built dashboard as C: embed.py OUTPUT.c FILE...

Each file becomes one struct sl_asset (src/http/assets.h) with its bytes as they are and gzipped.
The same files always give the same C: no time stamps, order as given.
"""

import gzip
import hashlib
import pathlib
import sys

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
BYTES_A_LINE = 24


def c_array(name: str, data: bytes) -> str:
    lines = (",".join(map(str, data[at:at + BYTES_A_LINE]))
             for at in range(0, len(data), BYTES_A_LINE))
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "\n};\n"


def main() -> None:
    output, files = pathlib.Path(sys.argv[1]), [pathlib.Path(arg) for arg in sys.argv[2:]]
    arrays, rows = [], []
    for number, file in enumerate(files):
        data = file.read_bytes()
        packed = gzip.compress(data, compresslevel=9, mtime=0)
        path = "/" if file.name == "index.html" else f"/{file.name}"
        etag = hashlib.sha256(data).hexdigest()[:32]
        arrays += [c_array(f"raw_{number}", data), c_array(f"gzip_{number}", packed)]
        rows.append(f'    {{.path = "{path}",\n'
                    f'     .content_type = "{CONTENT_TYPES[file.suffix]}",\n'
                    f'     .etag = "\\"{etag}\\"",\n'
                    f"     .data = raw_{number},\n     .size = sizeof(raw_{number}),\n"
                    f"     .gzip = gzip_{number},\n     .gzip_size = sizeof(gzip_{number})}},\n")
    output.write_text("/* Generated from web/ by web/tools/embed.py. */\n"
                      '#include "http/assets.h"\n\n' + "\n".join(arrays) +
                      "\nconst struct sl_asset sl_assets[] = {\n" + "".join(rows) + "};\n"
                      "const size_t sl_assets_count = sizeof(sl_assets) / sizeof(sl_assets[0]);\n")


main()
