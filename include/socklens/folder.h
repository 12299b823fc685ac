/* Whether files can be made beside a path. */
#ifndef SOCKLENS_FOLDER_H
#define SOCKLENS_FOLDER_H

/* Whether this process may make files in the folder of `path`, which is what stands up to its last
 * slash, or the working directory. 0 or a negative errno (access(2)). */
int sl_folder_check(const char *path);

#endif
