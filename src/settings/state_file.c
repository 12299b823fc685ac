/* Where the log is kept by default: $STATE_DIRECTORY (systemd.exec(5)), else $XDG_STATE_HOME or
 * ~/.local/state (XDG Base Directory Specification). */
#include "socklens/state_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A relative path is to be ignored, the specification says. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value == '/' ? value : NULL;
}

static int find_folder(char folder[PATH_MAX], struct sl_error *error)
{
    const char *systemd = variable("STATE_DIRECTORY"), *state = variable("XDG_STATE_HOME");
    const char *home = variable("HOME");
    int size;

    if (systemd) /* several are separated by colons */
        size = snprintf(folder, PATH_MAX, "%.*s", (int)strcspn(systemd, ":"), systemd);
    else if (state)
        size = snprintf(folder, PATH_MAX, "%s/socklens", state);
    else if (home)
        size = snprintf(folder, PATH_MAX, "%s/.local/state/socklens", home);
    else
        return sl_error_set(error, -ENOENT, "no default log file: HOME is not set");
    return size < PATH_MAX ? 0 : sl_error_set(error, -ENAMETOOLONG, "HOME is too long");
}

/* As mkdir -p; what is made is for its owner alone. */
static int make_folders(char *folder)
{
    for (char *end = folder + 1; *end; end++) {
        if (*end != '/')
            continue;
        *end = '\0';
        if (mkdir(folder, 0700) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return -errno;
        *end = '/';
    }
    return mkdir(folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

char *sl_state_file(const char *name, struct sl_error *error)
{
    char folder[PATH_MAX];
    char *path;
    int result = find_folder(folder, error);

    if (result < 0)
        return NULL;
    result = make_folders(folder);
    if (result < 0) {
        sl_error_set(error, result, "cannot create the directory %s: %s", folder,
                     strerror(-result));
        return NULL;
    }
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        sl_error_set(error, -ENOMEM, "out of memory");
        return NULL;
    }
    return path;
}
