/* Cuts a rule's text into words. A word in quotes may hold blanks; \n \r \t \0 \xNN \\ and \" stand
 * for one byte in either form. */
#include "fault/words.h"

#include <errno.h>
#include <string.h>

#include "socklens/text.h"

/* Reads what follows a backslash; false where it is no escape. */
static bool words_unescape(const char **at, char *byte)
{
    static const char names[] = "nrt0\\\"", bytes[] = "\n\r\t\0\\\"";
    const char *found = **at ? strchr(names, **at) : NULL;

    if (found) {
        *byte = bytes[found - names];
        *at += 1;
        return true;
    }
    if (**at != 'x' || sl_text_hex_digit((*at)[1]) < 0 || sl_text_hex_digit((*at)[2]) < 0)
        return false;
    *byte = (char)(sl_text_hex_digit((*at)[1]) << 4 | sl_text_hex_digit((*at)[2]));
    *at += 3;
    return true;
}

static int words_fail(struct words *words, const char *from, size_t size)
{
    memcpy(words->word, from, size);
    words->word[size] = '\0';
    words->size = size;
    return -EINVAL;
}

int words_next(struct words *words)
{
    const char *at = words->rest + strspn(words->rest, " \t"), *begin = at;

    words->quoted = *at == '"';
    words->size = 0;
    at += words->quoted;
    while (*at && (words->quoted ? *at != '"' : *at != ' ' && *at != '\t')) {
        char byte = *at++;

        if (byte == '\\' && !words_unescape(&at, &byte))
            return words_fail(words, at - 1, strnlen(at - 1, 4));
        words->word[words->size++] = byte;
    }
    if (words->quoted && *at != '"')
        return words_fail(words, begin, strlen(begin));
    words->word[words->size] = '\0';
    words->rest = at + words->quoted;
    return words->quoted || words->size > 0;
}
