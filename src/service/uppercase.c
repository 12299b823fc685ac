/* The course's uppercase servers: the reply is the message in upper case, byte by byte, as
 * ASCII. */
#include "socklens/service.h"
#include "socklens/text.h"

enum sl_verdict sl_uppercase_respond(const struct sl_message *message, struct sl_buffer *out)
{
    return sl_text_upper(message->bytes, message->stored, out) < 0 ? SL_NO_MEMORY : SL_ANSWER;
}
