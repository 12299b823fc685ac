/* Reads what ready_file.c writes. Where that file is, is a setting, so anything may be there: its
 * size is limited here, its depth by cJSON, and what is no list of strings in one object is
 * refused. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ready_file.h"

#define SIZE_MAX_READ 65536

typedef int take_function(void *context, const char *key, const char *address,
                          struct sl_error *error);

/* -EBADMSG where it is something else. */
static int take_list(const cJSON *list, take_function *take, void *context, struct sl_error *error)
{
    const cJSON *item = list->child;
    int result = cJSON_IsArray(list) ? 0 : -EBADMSG;

    for (; item && result == 0; item = item->next)
        result =
            cJSON_IsString(item) ? take(context, list->string, item->valuestring, error) : -EBADMSG;
    return result;
}

static int take_lists(const char *text, size_t size, take_function *take, void *context,
                      struct sl_error *error)
{
    cJSON *tree = cJSON_ParseWithLength(text, size);
    const cJSON *list = cJSON_IsObject(tree) ? tree->child : NULL;
    int result = list ? 0 : -EBADMSG;

    for (; list && result == 0; list = list->next)
        result = take_list(list, take, context, error);
    cJSON_Delete(tree);
    return result;
}

int sl_ready_file_read(const char *path, take_function *take, void *context, struct sl_error *error)
{
    char *text = malloc(SIZE_MAX_READ);
    FILE *file = text ? fopen(path, "re") : NULL;
    size_t size = file ? fread(text, 1, SIZE_MAX_READ, file) : 0;
    int result = file && !ferror(file) ? 0 : -errno;

    if (file)
        fclose(file);
    if (result < 0) {
        sl_error_set(error, result, "the ready file %s cannot be read: %s", path,
                     strerror(-result));
    } else {
        result = take_lists(text, size, take, context, error);
        if (result == -EBADMSG)
            sl_error_set(error, result, "the ready file %s is not one of this program", path);
    }
    free(text);
    return result;
}
