/*
 * What the header of an image says, read before anything is decoded.  Must not
 * know the libraries that decode; every byte is looked at within bounds.
 */

#ifndef AIME_MEDIAD_PROBE_H_INCLUDED
#define AIME_MEDIAD_PROBE_H_INCLUDED


#include <stddef.h>

#include "aime_media_name.h"


/*
 * width, height: as stored.  orientation: EXIF's, 1 to 8; from 5 on width and
 * height are exchanged when it is shown.
 */

typedef struct {
    unsigned int          width;
    unsigned int          height;
    unsigned int          orientation;

    unsigned              complete:1;   /* the file goes on to its end */
    unsigned              animated:1;   /* more than one picture (WebP) */
    unsigned              opaque:1;     /* has no alpha whatever decodes it */
} aime_mediad_probe_t;


/* AIME_OK, or AIME_ERROR: the file is damaged before it tells its size. */
int aime_mediad_probe(const unsigned char *data, size_t len,
    aime_media_format_e format, aime_mediad_probe_t *probe);


#endif /* AIME_MEDIAD_PROBE_H_INCLUDED */
