/* Whether a log could be kept in a file, without touching it: it may be another gateway's now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/store.h"

static int fail(const char *path, int code, struct sl_error *error)
{
    return sl_error_set(error, -code, "cannot keep the log in %s: %s", path, strerror(code));
}

/* A read-only file system does not keep the gateway from starting. */
static int check_access(const char *path, const char *name, int mode, struct sl_error *error)
{
    if (access(name, mode) == 0 || sl_files_may_pass(errno))
        return 0;
    return fail(path, errno, error);
}

/* PATH.lock, the WAL and its index are made there. */
static int check_folder(const char *path, struct sl_error *error)
{
    char *folder = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
    int result =
        folder ? check_access(path, folder, W_OK | X_OK, error) : fail(path, ENOMEM, error);

    free(folder);
    return result;
}

/* Without its WAL, for which files would be made beside it: what is in there alone is not seen. */
static int open_untouched(const char *path, sqlite3 **db)
{
    char *name = sqlite3_mprintf("file:%s?immutable=1", path);
    int code = name ? sqlite3_open_v2(name, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL)
                    : SQLITE_NOMEM;

    sqlite3_free(name);
    return code;
}

/* One that is damaged is moved aside at the start. */
static int check_content(const char *path, struct sl_error *error)
{
    enum sl_schema schema = SL_SCHEMA_READY;
    sqlite3 *db = NULL;
    int result = 0;

    /* The path would have to be escaped in a URI. */
    if (!strpbrk(path, "%?#") && open_untouched(path, &db) == SQLITE_OK &&
        sl_schema_look(db, &schema) == SQLITE_OK && schema != SL_SCHEMA_READY)
        result = sl_schema_refuse(path, schema, error);
    sqlite3_close(db);
    return result;
}

static int check_resolved(const char *path, struct sl_error *error)
{
    struct stat status;
    int result;

    if (stat(path, &status) < 0)
        return errno == ENOENT ? check_folder(path, error) : fail(path, errno, error);
    if (!S_ISREG(status.st_mode))
        return fail(path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL, error);
    result = check_access(path, path, R_OK | W_OK, error);
    if (result == 0)
        result = check_folder(path, error);
    return result == 0 ? check_content(path, error) : result;
}

int sl_store_check(const char *path, struct sl_error *error)
{
    char *resolved = sl_files_resolve(path, error);
    int result;

    sl_database_init();
    if (!resolved)
        return -ENOENT;
    result = check_resolved(resolved, error);
    free(resolved);
    return result;
}
