/* Messages out of a byte stream.
 *
 * TCP has no messages: a peer's send may arrive split or joined. The course's clients send "Hi"
 * without a line end and wait for one reply; nc sends "Hi\n". What a peer means must not depend on
 * how the kernel cut the stream, so for SL_FRAMING_CHAT:
 *   - a message ends at "\n", at once; one "\r" before it is dropped;
 *   - bytes without a "\n" wait. They are a message when the peer has been quiet for the gap, or at
 *     the end of its stream; then a last "\r" is data, as no "\n" follows;
 *   - a connection that has sent "\n" is in line mode from then on: its replies end in "\n", and
 * its gap is the longer one (SL_LINE_GAPS times the other). For SL_FRAMING_ONCE the same ends the
 * only message, its line end included as it came; all behind it came after the end. With a gap of 0
 * nothing is timed: what is there when the socket is drained is a message, as one recv() is in the
 * course, with all its line ends for SL_FRAMING_ONCE. In line mode an unfinished line waits then
 * for its rest or the stream's end. A message over SL_STORED_SIZE_MAX is counted in full and stored
 * cut. */
#ifndef SOCKLENS_FRAMING_H
#define SOCKLENS_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/service.h"

#define SL_LINE_GAPS 4 /* how many gaps a connection in line mode has to be quiet */

/* Per connection; zero-initialised it is new. Holds memory only while a message is unfinished, and
 * until the call after the one that handed it out. */
struct sl_framer {
    uint8_t *partial; /* the unfinished message's first bytes */
    uint32_t partial_stored, partial_capacity;
    uint64_t partial_size; /* all bytes of it so far */
    bool line_mode;
    bool ends_in_cr; /* the unfinished message's last byte is "\r", stored or not */
};

void sl_framer_deinit(struct sl_framer *framer);

/* One chunk being taken apart: what one recv() gave. What was taken is no longer in it. */
struct sl_chunk {
    const uint8_t *bytes;
    size_t size;
    bool untimed; /* the gap is 0 */
    bool drained; /* the socket had no more, or the stream ended: matters where untimed */
    bool quiet;   /* the gap has passed since the last byte: what waits is a message */
    bool ended;   /* the peer's stream ended: the same */
};

/* Takes the next message out of the chunk: true and *message (valid until the next call or until
 * the chunk's bytes change), or false when the rest is kept for later (or there is none). Nothing
 * is allocated for a message that stands whole in one chunk.
 * *failed is set to true, and false returned, where memory for an unfinished message is missing:
 * the connection has lost bytes and must be closed. Otherwise *failed is not written. */
bool sl_framer_next(struct sl_framer *framer, enum sl_framing framing, struct sl_chunk *chunk,
                    struct sl_message *message, bool *failed);

#endif
