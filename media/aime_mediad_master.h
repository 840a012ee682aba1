/*
 * The process that looks after the workers.  Must not know what they do.
 */

#ifndef AIME_MEDIAD_MASTER_H_INCLUDED
#define AIME_MEDIAD_MASTER_H_INCLUDED


#include "aime_mediad_options.h"


/*
 * Listens, keeps the workers alive, and ends when it is told to: SIGTERM,
 * SIGINT at once, SIGQUIT when no conversion is in flight.  The exit status.
 */
int aime_mediad_master(const aime_mediad_options_t *options);


#endif /* AIME_MEDIAD_MASTER_H_INCLUDED */
