/* The course's chat server: each message is confirmed with its length, and Exit ends the
 * connection. */
#include <string.h>

#include "socklens/service.h"

#define EXIT "Exit"

static bool is_exit(const struct sl_message *message)
{
    return message->size == strlen(EXIT) && memcmp(message->bytes, EXIT, strlen(EXIT)) == 0;
}

static enum sl_verdict count_bytes(uint64_t size, struct sl_buffer *out)
{
    size_t before = out->size;
    if (sl_buffer_append_text(out, "Your data was ") == 0 &&
        sl_buffer_append_uint(out, size) == 0 && sl_buffer_append_text(out, " bytes") == 0)
        return SL_ANSWER;
    out->size = before;
    return SL_NO_MEMORY;
}

enum sl_verdict sl_chat_respond(const struct sl_message *message, struct sl_buffer *out)
{
    if (!is_exit(message))
        return count_bytes(message->size, out);
    return sl_buffer_append_text(out, "Disconnect") < 0 ? SL_NO_MEMORY : SL_ANSWER_AND_CLOSE;
}
