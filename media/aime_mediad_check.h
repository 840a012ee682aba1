/*
 * The proof of the sandbox.  Must not know media.
 */

#ifndef AIME_MEDIAD_CHECK_H_INCLUDED
#define AIME_MEDIAD_CHECK_H_INCLUDED


#include "aime_mediad_options.h"


/*
 * Enters the sandbox as a worker does, once for each of the ways out of it,
 * and prints what became of each: 0 if all were refused, else 1.
 */
int aime_mediad_check(const aime_mediad_options_t *options);


#endif /* AIME_MEDIAD_CHECK_H_INCLUDED */
