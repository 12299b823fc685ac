#ifndef SOCKLENS_APP_FATE_COMMAND_H
#define SOCKLENS_APP_FATE_COMMAND_H

/* `socklens fate`: shows which messages a fault rule would hit, without a server and without
 * sending anything. `argv[0]` is "fate". The process's exit status: 0, or 2 where the command line
 * is wrong, with the reason on the standard error output. */
int sl_fate_command(int argc, char **argv);

#endif
