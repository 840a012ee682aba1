/*
 * What a container says of its own length, for demuxers hand out what is left
 * of a file that was cut as if it were all.  Must not know the libraries.
 */

#ifndef AIME_MEDIAD_LENGTH_H_INCLUDED
#define AIME_MEDIAD_LENGTH_H_INCLUDED


#include "aime_mediad_job.h"


/*
 * All of it is there, or nothing tells; whoever wrote it could not know, so
 * that it ends where it ends; a part is missing.
 */

typedef enum {
    AIME_MEDIAD_WHOLE = 0,
    AIME_MEDIAD_OPEN_END,
    AIME_MEDIAD_CUT
} aime_mediad_length_e;


/*
 * Looks at the frame of the media alone, never into it: WHOLE does not mean
 * that they can be read.  MP3 has no such frame and may end anywhere.
 */
aime_mediad_length_e aime_mediad_length(const aime_mediad_job_t *job);


#endif /* AIME_MEDIAD_LENGTH_H_INCLUDED */
