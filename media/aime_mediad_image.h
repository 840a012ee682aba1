/*
 * Images: one picture, checked and converted.  Must not know how media travel.
 */

#ifndef AIME_MEDIAD_IMAGE_H_INCLUDED
#define AIME_MEDIAD_IMAGE_H_INCLUDED


#include "aime_mediad_job.h"


/*
 * Checks the image of the job, and converts it where a rule wants that.  All
 * violations are told at once; sizes count the picture as it is shown.  Of a
 * GIF the first frame counts, and is what it is converted to.
 */
void aime_mediad_image(aime_mediad_job_t *job);


#endif /* AIME_MEDIAD_IMAGE_H_INCLUDED */
