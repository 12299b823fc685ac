/* Descriptors 0, 1 and 2 are what their names say, also where a program was started without them.
 */
#ifndef SOCKLENS_DESCRIPTORS_H
#define SOCKLENS_DESCRIPTORS_H

/* Opens /dev/null as each of the standard descriptors that is closed, so that no socket or file
 * gets its number. The mode is the one that nobody uses there: reading 0 and writing 1 and 2 fail
 * with EBADF, as they would where nothing was opened. Call it first in main. */
void sl_descriptors_keep_standard(void);

#endif
