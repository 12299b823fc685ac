/* Writes what rules did to a message. The bound of SL_NOTE_MAX is met by leaving whole entries out,
 * never by cutting one: what is kept is always valid JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "socklens/fault_note.h"

#define MORE_SIZE 16 /* ,{"more":255} */

/* A rule's text is printable ASCII: only quotes and backslashes need an escape. */
static void note_escape(const char *text, char out[2 * SL_FAULT_TEXT_SIZE])
{
    size_t size = 0;

    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            out[size++] = '\\';
        out[size++] = *text;
    }
    out[size] = '\0';
}

static bool hit_has_draw(const struct sl_fault_hit *hit)
{
    uint8_t selection = sl_fault_rule_get(hit->rule)->selection;

    return selection == SL_SELECT_SHARE || selection == SL_SELECT_BURST;
}

/* Replaces the count of what was left out. */
static void note_count_more(struct sl_fault_note *note)
{
    char more[MORE_SIZE];
    int old = note->more ? snprintf(more, sizeof(more), ",{\"more\":%u}", note->more) : 0;

    note->more = (uint8_t)(note->more + (note->more < UINT8_MAX));
    note->size = (uint16_t)(note->size - old);
    note->size = (uint16_t)(note->size + snprintf(note->text + note->size, MORE_SIZE,
                                                  ",{\"more\":%u}", note->more));
}

static void note_write(struct sl_fault_note *note, const struct sl_fault_hit *hit,
                       const char *effect, const char *members)
{
    char text[2 * SL_FAULT_TEXT_SIZE], draw[32] = "", entry[2 * SL_NOTE_MAX];
    size_t room = SL_NOTE_MAX - MORE_SIZE - note->size;
    int size;

    note_escape(sl_fault_rule_text(hit->rule), text);
    if (hit_has_draw(hit))
        snprintf(draw, sizeof(draw), ",\"draw\":0.%04" PRIu64, (hit->draw >> 32) * 10000 >> 32);
    size = snprintf(entry, sizeof(entry),
                    "%s{\"rule\":\"%s\",\"text\":\"%s\",\"effect\":\"%s\",\"side\":\"%s\","
                    "\"n\":%" PRIu64 "%s%s}",
                    note->entries ? "," : "", sl_fault_rule_name(hit->rule), text, effect,
                    hit->side == SL_SIDE_SENT ? "sent" : "received", hit->n, draw, members);
    if (note->entries == SL_NOTE_ENTRIES || size >= (int)room) {
        /* The first entry always fits: text and members are bounded. */
        note_count_more(note);
        return;
    }
    memcpy(note->text + note->size, entry, (size_t)size);
    note->size = (uint16_t)(note->size + size);
    note->entries++;
}

/* What has no room is still found by its effect. */
static void note_mark(struct sl_fault_note *note, const struct sl_fault_hit *hit)
{
    note->faults |= (uint16_t)(1u << (sl_fault_rule_get(hit->rule)->effect - 1));
}

void sl_fault_note_add(struct sl_fault_note *note, const struct sl_fault_hit *hit,
                       const char *members)
{
    note_mark(note, hit);
    if (note->more)
        note_count_more(note);
    else
        note_write(note, hit, sl_effect_name(sl_fault_rule_get(hit->rule)->effect), members);
}

void sl_fault_note_add_loss(struct sl_fault_note *note, const struct sl_fault_hit *hit,
                            const char *what)
{
    note_mark(note, hit);
    if (note->more)
        note_count_more(note);
    else
        note_write(note, hit, what, "");
}
