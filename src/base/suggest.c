/* How near two words are, for the sentence "did you mean". */
#include "socklens/suggest.h"

#include <stdint.h>
#include <string.h>

#define LENGTH_MAX 63

static bool same_letter(char a, char b)
{
    return a == b || (a == '_' && b == '-') || (a == '-' && b == '_');
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* Wagner and Fischer, one row of the table at a time. */
size_t sl_edit_distance(const char *a, const char *b)
{
    size_t row[LENGTH_MAX + 1];
    size_t a_size = strlen(a), b_size = strlen(b);

    if (a_size > LENGTH_MAX || b_size > LENGTH_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = diagonal + !same_letter(a[i - 1], b[j - 1]);

            diagonal = row[j];
            row[j] = min3(row[j] + 1, row[j - 1] + 1, changed);
        }
    }
    return row[b_size];
}

bool sl_is_near(const char *name, size_t distance)
{
    return distance <= (strlen(name) + 1) / 4;
}

void sl_nearest_offer(struct sl_nearest *nearest, const char *name)
{
    size_t distance = sl_edit_distance(nearest->word, name);

    if (distance == SIZE_MAX || (nearest->name && distance >= nearest->distance))
        return;
    nearest->name = name;
    nearest->distance = distance;
}

const char *sl_nearest_name(const struct sl_nearest *nearest)
{
    return nearest->name && sl_is_near(nearest->name, nearest->distance) ? nearest->name : NULL;
}
