/* Upper-cases records from standard input: each a length (four bytes, little-endian) and as many
 * bytes, answered in the same form. */
#include <stdbool.h>
#include <stdio.h>

#include "socklens/text.h"

static bool read_record(struct sl_buffer *record)
{
    uint8_t length[4];
    if (fread(length, sizeof(length), 1, stdin) != 1)
        return false;
    size_t size = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16;
    record->size = 0;
    uint8_t *to = sl_buffer_reserve(record, size);
    if (!to || fread(to, 1, size, stdin) != size)
        return false;
    record->size = size;
    return true;
}

static bool write_record(const struct sl_buffer *record)
{
    uint8_t length[4];
    for (size_t i = 0; i < 4; i++)
        length[i] = (uint8_t)(record->size >> (8 * i));
    return fwrite(length, sizeof(length), 1, stdout) == 1 &&
           fwrite(record->data, 1, record->size, stdout) == record->size;
}

int main(void)
{
    struct sl_buffer in = SL_BUFFER_INIT, out = SL_BUFFER_INIT;
    bool good = true;
    while (good && read_record(&in)) {
        out.size = 0;
        good = sl_text_upper(in.data, in.size, &out) == 0 && write_record(&out);
    }
    sl_buffer_deinit(&in);
    sl_buffer_deinit(&out);
    return good && fflush(stdout) == 0 ? 0 : 1;
}
