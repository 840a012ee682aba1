/*
 * A worker process: accepts connections, one conversion each.  Must not know
 * how media are converted.
 */

#ifndef AIME_MEDIAD_WORKER_H_INCLUDED
#define AIME_MEDIAD_WORKER_H_INCLUDED


#include <sys/types.h>

#include "aime_mediad_options.h"


/* Enters the sandbox and works until it is told to end.  The exit status. */
int aime_mediad_worker(const aime_mediad_options_t *options, int listen_fd,
    pid_t master);


#endif /* AIME_MEDIAD_WORKER_H_INCLUDED */
