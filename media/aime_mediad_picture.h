/*
 * Decoded pictures: cut, scaled, turned, and brought into another pixel format.
 * Must not know rules, files or codecs.
 */

#ifndef AIME_MEDIAD_PICTURE_H_INCLUDED
#define AIME_MEDIAD_PICTURE_H_INCLUDED


#include <libavutil/frame.h>

#include "aime_mediad_fit.h"


/*
 * cut: of the picture as stored.  size: what the cut becomes, before it is
 * turned as EXIF's orientation says.
 */

typedef struct {
    aime_mediad_cut_t     cut;
    aime_mediad_size_t    size;
    unsigned int          orientation;
    enum AVPixelFormat    pixels;
    int                   blend;        /* put what is transparent on white */
} aime_mediad_change_t;


/*
 * A new frame, or NULL without memory, or for formats that cannot be changed.
 */
AVFrame *aime_mediad_picture(const AVFrame *frame,
    const aime_mediad_change_t *change);

/* The cut and the size of a turned picture, as the stored one counts them. */
void aime_mediad_unturn(aime_mediad_change_t *change,
    const aime_mediad_size_t *stored);


#endif /* AIME_MEDIAD_PICTURE_H_INCLUDED */
