/* The ready file: where each listener is, for scripts and for --healthcheck. It is written
 * beside its place and renamed, so a reader sees a whole one or none. */
#include "app/ready_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socklens/buffer.h"
#include "socklens/json.h"
#include "socklens/service.h"

static int fail(const char *path, int code, struct sl_error *error)
{
    return sl_error_set(error, -code, "cannot write the ready file %s: %s", path, strerror(code));
}

int sl_ready_file_check(const char *path, struct sl_error *error)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : fail(path, errno, error);
    if (!S_ISREG(status.st_mode))
        return sl_error_set(error, -EINVAL, "the ready file %s is not a regular file", path);
    return 0;
}

int sl_ready_file_clear(const char *path, struct sl_error *error)
{
    int result = sl_ready_file_check(path, error);

    if (result == 0 && unlink(path) < 0 && errno != ENOENT)
        return fail(path, errno, error);
    return result;
}

static void put_service(struct sl_json *json, const struct sl_registry *registry,
                        const struct sl_service *service)
{
    sl_json_key(json, service->key);
    sl_json_open_array(json);
    for (size_t i = 0; i < sl_registry_listener_count(registry); i++) {
        const struct sl_listener_info *listener = sl_registry_listener(registry, i);

        if (listener->service == service->id)
            sl_json_string(json, listener->name);
    }
    sl_json_close_array(json);
}

static int format(struct sl_buffer *out, const struct sl_registry *registry,
                  const struct sl_httpd *httpd)
{
    struct sl_json json;

    sl_json_init(&json, out);
    sl_json_open_object(&json);
    for (int id = 0; id < SL_SERVICE_COUNT; id++)
        put_service(&json, registry, sl_service_get((enum sl_service_id)id));
    sl_json_key(&json, "http");
    sl_json_open_array(&json);
    for (size_t i = 0; httpd && i < sl_httpd_listener_count(httpd); i++)
        sl_json_string(&json, sl_httpd_listener_name(httpd, i));
    sl_json_close_array(&json);
    sl_json_close_object(&json);
    return json.failed ? -ENOMEM : sl_buffer_append_text(out, "\n");
}

static int write_whole(const char *path, const struct sl_buffer *text)
{
    FILE *file = fopen(path, "wxe");

    if (!file)
        return -errno;
    size_t written = fwrite(text->data, 1, text->size, file);
    int code = fclose(file) != 0 || written != text->size ? -errno : 0;
    if (code < 0)
        unlink(path);
    return code;
}

int sl_ready_file_write(const char *path, const struct sl_registry *registry,
                        const struct sl_httpd *httpd, struct sl_error *error)
{
    struct sl_buffer text = SL_BUFFER_INIT;
    char temporary[4096];
    int code = format(&text, registry, httpd);

    if (code == 0 && (size_t)snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid()) >=
                         sizeof(temporary))
        code = -ENAMETOOLONG;
    if (code == 0)
        code = write_whole(temporary, &text);
    if (code == 0 && rename(temporary, path) < 0) {
        code = -errno;
        unlink(temporary);
    }
    sl_buffer_deinit(&text);
    return code < 0 ? fail(path, -code, error) : 0;
}
