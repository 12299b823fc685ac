/* A stream in pieces: however it is cut, no byte is lost. The first byte says how it is cut. */
#include "fuzz.h"

#include "socklens/framing.h"

static uint64_t take(struct sl_framer *framer, enum sl_framing framing, struct sl_chunk chunk)
{
    struct sl_message message;
    bool failed = false;
    uint64_t taken = 0;

    while (sl_framer_next(framer, framing, &chunk, &message, &failed)) {
        demand(message.stored <= message.size && message.stored <= SL_STORED_SIZE_MAX);
        taken += message.size;
    }
    demand(!failed);
    return taken;
}

static void run(enum sl_framing framing, bool untimed, const uint8_t *data, size_t size,
                size_t piece)
{
    struct sl_framer framer = {0};
    uint64_t taken = 0;
    size_t ends = 0;

    for (size_t at = 0; at < size; at++)
        ends += data[at] == '\n' || data[at] == '\r';
    for (size_t at = 0; at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        struct sl_chunk chunk = {.bytes = data + at,
                                 .size = part,
                                 .untimed = untimed,
                                 .drained = at % 3 != 0,
                                 .quiet = at % 5 == 0};

        taken += take(&framer, framing, chunk);
    }
    taken += take(&framer, framing, (struct sl_chunk){.drained = true, .ended = true});
    demand(taken <= size && taken + ends >= size);
    sl_framer_deinit(&framer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    for (unsigned untimed = 0; untimed < 2; untimed++) {
        run(SL_FRAMING_CHAT, untimed, data + 1, size - 1, data[0] % 32 + 1);
        run(SL_FRAMING_ONCE, untimed, data + 1, size - 1, data[0] % 32 + 1);
    }
    return 0;
}
