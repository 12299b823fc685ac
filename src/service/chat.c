#include <string.h>

#include "base/digits.h"
#include "socklens/service.h"

#define EXIT     "Exit"
#define GOODBYE  "Disconnect"
#define BEFORE_N "Your data was "
#define AFTER_N  " bytes"

static bool is_exit(const struct sl_message *message)
{
    return message->size == strlen(EXIT) && memcmp(message->bytes, EXIT, strlen(EXIT)) == 0;
}

static enum sl_verdict count_bytes(uint64_t size, struct sl_buffer *out)
{
    uint8_t *to = sl_buffer_reserve(out, strlen(BEFORE_N) + SL_DIGITS_MAX + strlen(AFTER_N));
    if (!to)
        return SL_NO_MEMORY;
    size_t length = strlen(BEFORE_N);
    memcpy(to, BEFORE_N, length);
    length += sl_digits_write(size, (char *)to + length);
    memcpy(to + length, AFTER_N, strlen(AFTER_N));
    out->size += length + strlen(AFTER_N);
    return SL_ANSWER;
}

enum sl_verdict sl_chat_respond(const struct sl_message *message, struct sl_buffer *out)
{
    if (!is_exit(message))
        return count_bytes(message->size, out);
    return sl_buffer_append_text(out, GOODBYE) < 0 ? SL_NO_MEMORY : SL_ANSWER_AND_CLOSE;
}
