/* replay FOLDER [ROUNDS]: runs the target on each file of the corpus, and on ROUNDS changes of
 * each. The changes are the same in each run, so what fails once fails again. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>

#include "fuzz.h"

#define SIZE_MAX_TRIED 4096

static uint64_t state = 0x9e3779b97f4a7c15;

/* xorshift64 */
static size_t below(size_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % bound);
}

/* A copy of exactly that size, so that a sanitizer sees a read behind its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    demand(copy);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void change(uint8_t *data, size_t *size)
{
    static const char interesting[] = "\r\n\0\t :;,/?&=%[]{}\"\\-0919azA\x7f\x80\xc3\xff";
    size_t at = *size ? below(*size) : 0, length;

    switch (below(4)) {
    case 0:
        data[at] = (uint8_t)interesting[below(sizeof(interesting) - 1)];
        *size += *size == 0;
        break;
    case 1:
        data[at] ^= (uint8_t)(1u << below(8));
        *size += *size == 0;
        break;
    case 2: /* repeats a piece */
        length = *size ? below(*size - at) + 1 : 0;
        if (*size + length <= SIZE_MAX_TRIED) {
            memmove(data + at + length, data + at, *size - at);
            *size += length;
        }
        break;
    default: /* drops one */
        length = *size ? below(*size - at) + 1 : 0;
        memmove(data + at, data + at + length, *size - at - length);
        *size -= length;
    }
}

static void run_changes(const uint8_t *data, size_t size, long rounds)
{
    uint8_t changed[SIZE_MAX_TRIED + 1];

    for (long i = 0; i < rounds; i++) {
        size_t changed_size = size;

        memcpy(changed, data, size);
        for (size_t count = below(8) + 1; count > 0; count--)
            change(changed, &changed_size);
        run(changed, changed_size);
    }
}

static bool run_file(const char *folder, const char *name, long rounds)
{
    uint8_t data[SIZE_MAX_TRIED];
    char path[4096];
    FILE *file;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file)
        return false;
    size = fread(data, 1, sizeof(data), file);
    fclose(file);
    run(data, size);
    run_changes(data, size, rounds);
    return true;
}

int main(int argc, char **argv)
{
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    long rounds = argc > 2 ? atol(argv[2]) : 0, files = 0;
    const struct dirent *entry;

    if (!folder) {
        fprintf(stderr, "Usage: replay FOLDER [ROUNDS]\n");
        return 2;
    }
    while ((entry = readdir(folder)))
        files += entry->d_name[0] != '.' && run_file(argv[1], entry->d_name, rounds);
    closedir(folder);
    printf("%ld files\n", files);
    return files > 0 ? 0 : 1;
}
