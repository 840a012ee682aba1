/*
 * The families of pixel formats that PROTOCOL section 5 calls colour spaces.
 *
 *   rgb         packed, red first; without alpha (rgb24, rgb48, rgb0, 0rgb);
 *               a lossless WebP that says it has no alpha
 *   bgr         packed, blue first; without alpha (bgr24, bgr0): what most
 *               BMP files are
 *   rgba        red, green, blue and alpha, whatever their order (rgba, bgra,
 *               argb, gbrap)
 *   gbr         planes of green, blue and red: JPEG files that store RGB
 *   yuv, yuva   luma and chroma in any subsampling and range, nv12 too;
 *               without and with alpha
 *   gray        one component of more than one bit (gray, gray16)
 *   alpha       gray with alpha (ya8, ya16)
 *   monochrome  one bit a pixel
 *   palette     indexed; and every GIF, though its decoder makes bgra of it
 *
 * What is converted has eight bits a component.  Where the target has no alpha
 * the picture is put on white: what lies beneath transparent pixels is often
 * black, and drawings on transparent ground are mostly dark.
 */

#ifndef AIME_MEDIAD_COLOR_H_INCLUDED
#define AIME_MEDIAD_COLOR_H_INCLUDED


#include <libavutil/pixfmt.h>

#include "aime_media_name.h"


aime_media_color_e aime_mediad_color(enum AVPixelFormat format);

/*
 * What an image of that format stores that family as, or AV_PIX_FMT_NONE if it
 * cannot.
 */
enum AVPixelFormat aime_mediad_color_stored(aime_media_format_e format,
    aime_media_color_e color);

/* Does the family have alpha, or colours that may be transparent? */
int aime_mediad_color_alpha(aime_media_color_e color);


#endif /* AIME_MEDIAD_COLOR_H_INCLUDED */
