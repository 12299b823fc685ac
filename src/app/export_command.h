#ifndef SOCKLENS_APP_EXPORT_COMMAND_H
#define SOCKLENS_APP_EXPORT_COMMAND_H

/* `socklens export`: writes what a log on disk holds in one of the formats of export.h, with or
 * without a server that runs on it. `argv[0]` is "export". The process's exit status: 0, 1 where
 * something could not be read or written, 2 where the command line is wrong; what is wrong stands
 * on the standard error output, in one line. */
int sl_export_command(int argc, char **argv);

#endif
