#include "unit.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "socklens/fault_note.h"

static struct sl_fault_rule *rule_of(const char *text, const char *name)
{
    struct sl_rule_error error;
    struct sl_rule rule;
    struct sl_fault_rule *made;

    assert_int_equal(sl_rule_parse(text, 1, &rule, &error), 0);
    made = sl_fault_rule_new(&rule, name);
    assert_non_null(made);
    return made;
}

/* The array that the note's items make. */
static cJSON *read_note(const struct sl_fault_note *note)
{
    char text[SL_NOTE_MAX + 3];
    cJSON *array;

    assert_in_range(note->size, 0, SL_NOTE_MAX);
    snprintf(text, sizeof(text), "[%.*s]", note->size, note->text);
    array = cJSON_Parse(text);
    assert_true(cJSON_IsArray(array));
    return array;
}

static const char *text_at(const cJSON *array, int index, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(array, index), key));
}

TEST(an_entry_explains_itself)
{
    struct sl_fault_rule *rule = rule_of("loss 4/11 starts \"a\\\"b\\\\\" seed 7", "kurose");
    struct sl_fault_hit hit = {
        .rule = rule, .n = 5, .draw = UINT64_C(1) << 62, .side = SL_SIDE_SENT};
    struct sl_fault_note note = {.size = 0};
    cJSON *array;

    sl_fault_note_add(&note, &hit, ",\"us\":3");
    array = read_note(&note);
    assert_string_equal(text_at(array, 0, "rule"), "kurose");
    assert_string_equal(text_at(array, 0, "text"), sl_fault_rule_text(rule));
    assert_string_equal(text_at(array, 0, "effect"), "loss");
    assert_string_equal(text_at(array, 0, "side"), "sent");
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(array, 0), "n")->valueint, 5);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(array, 0), "us")->valueint, 3);
    assert_non_null(strstr(note.text, "\"draw\":0.2500"));
    assert_int_equal(note.faults, 1u << (SL_EFFECT_LOSS - 1));
    cJSON_Delete(array);
    sl_fault_rule_unref(rule);
}

TEST(what_has_no_room_is_counted)
{
    struct sl_fault_rule *rule = rule_of("delay 1ms", "slow"), *lost = rule_of("loss", "lost");
    struct sl_fault_hit hit = {.rule = rule, .n = 1, .side = SL_SIDE_SENT};
    struct sl_fault_note note = {.size = 0};
    cJSON *array;

    for (unsigned i = 0; i < 300; i++)
        sl_fault_note_add(&note, &hit, "");
    hit.rule = lost;
    sl_fault_note_add(&note, &hit, "");
    assert_int_equal(note.faults, 1u << (SL_EFFECT_DELAY - 1) | 1u << (SL_EFFECT_LOSS - 1));
    sl_fault_rule_unref(lost);
    array = read_note(&note);
    assert_in_range(cJSON_GetArraySize(array), 2, SL_NOTE_ENTRIES + 1);
    assert_int_equal(
        cJSON_GetObjectItem(cJSON_GetArrayItem(array, cJSON_GetArraySize(array) - 1), "more")
            ->valueint,
        UINT8_MAX);
    cJSON_Delete(array);
    sl_fault_rule_unref(rule);
}

/* The longest rule and members: whole, or counted, never cut. */
TEST(a_long_entry_is_whole_or_left_out)
{
    char text[SL_FAULT_RULE_MAX + 1], members[600];
    struct sl_fault_rule *rule;
    struct sl_fault_hit hit = {.n = UINT64_MAX, .side = SL_SIDE_RECEIVED};
    struct sl_fault_note note = {.size = 0};
    cJSON *array;

    memset(text, '"', sizeof(text));
    snprintf(text, sizeof(text), "loss starts \"%0*d\" name %032d", 60, 0, 0);
    rule = rule_of(text, "abcdefghijklmnopqrstuvwxyz012345");
    hit.rule = rule;
    snprintf(members, sizeof(members), ",\"x\":\"%0400d\"", 0);
    for (unsigned i = 0; i < 4; i++) {
        sl_fault_note_add(&note, &hit, members);
        sl_fault_note_add_loss(&note, &hit, "queue_full");
    }
    array = read_note(&note);
    assert_in_range(cJSON_GetArraySize(array), 2, 5);
    cJSON_Delete(array);
    sl_fault_rule_unref(rule);
}
