/* Walks over a request's head as it lies in libmicrohttpd's memory: see mhd_head_check.h. */
#include "httpd/mhd_head_check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct walk {
    uintptr_t at, end;
    unsigned line_end; /* bytes: 2 for CRLF, 1 for LF; they are NUL now */
};

static bool has_nuls(uintptr_t at, uintptr_t end, unsigned count)
{
    if (at > end || end - at < count)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (((const char *)at)[i] != '\0')
            return false;
    }
    return true;
}

static bool pass_nuls(struct walk *walk, unsigned count)
{
    if (!has_nuls(walk->at, walk->end, count))
        return false;
    walk->at += count;
    return true;
}

static void pass_blanks(struct walk *walk, uintptr_t until)
{
    while (walk->at < until && walk->at < walk->end &&
           (*(const char *)walk->at == ' ' || *(const char *)walk->at == '\t'))
        walk->at++;
}

/* `text` must stand here. */
static bool pass_text(struct walk *walk, const char *text, size_t size)
{
    if (walk->at != (uintptr_t)text || size > walk->end - walk->at)
        return false;
    walk->at += size;
    return true;
}

static bool pass_header(struct walk *walk, const struct sl_header *header)
{
    if (!pass_text(walk, header->name, header->name_size) || !pass_nuls(walk, 1)) /* the colon */
        return false;
    pass_blanks(walk, (uintptr_t)header->value);
    return pass_text(walk, header->value, header->value_size) && pass_nuls(walk, walk->line_end);
}

/* "GET /x HTTP/1.1" with one blank between. */
static bool pass_request_line(struct walk *walk, const struct sl_mhd_head *layout)
{
    size_t method = strlen(layout->method), target = strlen(layout->target);

    walk->at += method + 1 + target + 1;
    return walk->at < walk->end && pass_text(walk, layout->version, strlen(layout->version));
}

bool sl_mhd_head_is_sound(const struct sl_mhd_head *layout)
{
    uintptr_t begin = (uintptr_t)layout->method;
    struct walk walk = {.at = begin, .end = begin + layout->size};
    unsigned head_end = layout->headers->count == 0 ? 3 : 2;

    if (!pass_request_line(&walk, layout))
        return false;
    walk.line_end = has_nuls(walk.at, walk.end, head_end) ? 2 : 1;
    if (!pass_nuls(&walk, walk.line_end))
        return false;
    for (size_t i = 0; i < layout->headers->count; i++) {
        if (!pass_header(&walk, &layout->headers->items[i]))
            return false;
    }
    return pass_nuls(&walk, walk.line_end) && walk.at == walk.end;
}

bool sl_mhd_head_is_known(const char *version)
{
    unsigned major, minor, patch;

    return sscanf(version, "%u.%u.%u", &major, &minor, &patch) == 3 && major == 0 && minor == 9 &&
           patch >= 70 && patch < 77;
}
