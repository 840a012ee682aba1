/*
 * What a worker gives up before it sees the first byte of anybody's media.
 * Must not know media.
 */

#ifndef AIME_MEDIAD_SANDBOX_H_INCLUDED
#define AIME_MEDIAD_SANDBOX_H_INCLUDED


#include "aime_mediad_options.h"


/* the listening socket's descriptor in a worker */
#define AIME_MEDIAD_LISTEN_FD   3


/*
 * Moves the listening socket to AIME_MEDIAD_LISTEN_FD (-1: there is none),
 * closes all else but stderr and, with keep_stdout, stdout, and enters the
 * sandbox for good.  0, or -1 with a line in the log: then the process must
 * not go on.
 */
int aime_mediad_sandbox(const aime_mediad_options_t *options, int listen_fd,
    int keep_stdout);


#endif /* AIME_MEDIAD_SANDBOX_H_INCLUDED */
