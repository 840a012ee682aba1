/*
 * The messages of one connection (aime_media.h), and what is between them.
 * Must not know whence connections come, nor how media are converted.
 */

#ifndef AIME_MEDIAD_SERVE_H_INCLUDED
#define AIME_MEDIAD_SERVE_H_INCLUDED


#include "aime_mediad_options.h"


/*
 * Serves a connection, which does not block; closing it is the caller's.
 * Sets a timer of the process's CPU time, which sends SIGPROF.
 */
void aime_mediad_serve(const aime_mediad_options_t *options, int fd);

/* The handler of that signal: refuses what takes too long, and exits. */
void aime_mediad_serve_overdue(int signo);


#endif /* AIME_MEDIAD_SERVE_H_INCLUDED */
