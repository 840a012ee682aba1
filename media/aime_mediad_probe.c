/*
 * The headers of PNG, JPEG, WebP, BMP, TIFF and GIF.  The formats that are made
 * of chunks are followed to their end as well: decoders fill up what is cut
 * off, and do not always say so.
 */

#include <string.h>

#include "aime_mediad_probe.h"


#define AIME_MEDIAD_TIFF_ENTRY        12
#define AIME_MEDIAD_ORIENTATION       0x0112

#define AIME_MEDIAD_TIFF_WIDTH        0x0100
#define AIME_MEDIAD_TIFF_HEIGHT       0x0101
#define AIME_MEDIAD_TIFF_STRIPS       0x0111
#define AIME_MEDIAD_TIFF_STRIP_LENS   0x0117
#define AIME_MEDIAD_TIFF_TILES        0x0144
#define AIME_MEDIAD_TIFF_TILE_LENS    0x0145


/* A reader that gives zeros beyond the end, and remembers that it did. */

typedef struct {
    const unsigned char  *data;
    size_t                len;
    unsigned              big:1;
    unsigned              beyond:1;
} aime_mediad_bytes_t;


static unsigned int aime_mediad_u8(aime_mediad_bytes_t *bytes, size_t at);
static unsigned int aime_mediad_u16(aime_mediad_bytes_t *bytes, size_t at);
static unsigned int aime_mediad_u24(aime_mediad_bytes_t *bytes, size_t at);
static unsigned int aime_mediad_u32(aime_mediad_bytes_t *bytes, size_t at);
static int aime_mediad_is(aime_mediad_bytes_t *bytes, size_t at,
    const char *name);
static void aime_mediad_png(aime_mediad_bytes_t *bytes,
    aime_mediad_probe_t *probe);
static void aime_mediad_jpeg(aime_mediad_bytes_t *bytes,
    aime_mediad_probe_t *probe);
static int aime_mediad_jpeg_scan(aime_mediad_bytes_t *bytes, size_t *at);
static void aime_mediad_jpeg_exif(aime_mediad_bytes_t *bytes, size_t at,
    size_t len, aime_mediad_probe_t *probe);
static void aime_mediad_webp(aime_mediad_bytes_t *bytes,
    aime_mediad_probe_t *probe);
static void aime_mediad_bmp(aime_mediad_bytes_t *bytes,
    aime_mediad_probe_t *probe);
static void aime_mediad_tiff(aime_mediad_bytes_t *bytes,
    aime_mediad_probe_t *probe);
static int aime_mediad_tiff_directory(aime_mediad_bytes_t *bytes);
static int aime_mediad_tiff_strips(aime_mediad_bytes_t *bytes,
    unsigned int offsets, unsigned int lens);
static unsigned int aime_mediad_tiff_tag(aime_mediad_bytes_t *bytes,
    unsigned int tag);
static unsigned int aime_mediad_tiff_value(aime_mediad_bytes_t *bytes,
    size_t at, unsigned int i);
static size_t aime_mediad_tiff_find(aime_mediad_bytes_t *bytes,
    unsigned int tag);
static void aime_mediad_gif(aime_mediad_bytes_t *bytes,
    aime_mediad_probe_t *probe);
static int aime_mediad_gif_blocks(aime_mediad_bytes_t *bytes, size_t *at);


int
aime_mediad_probe(const unsigned char *data, size_t len,
    aime_media_format_e format, aime_mediad_probe_t *probe)
{
    aime_mediad_bytes_t  bytes;

    memset(probe, 0, sizeof(aime_mediad_probe_t));
    memset(&bytes, 0, sizeof(aime_mediad_bytes_t));

    bytes.data = data;
    bytes.len = len;
    probe->orientation = 1;

    switch (format) {

    case AIME_MEDIA_PNG:
        aime_mediad_png(&bytes, probe);
        break;

    case AIME_MEDIA_JPEG:
        aime_mediad_jpeg(&bytes, probe);
        break;

    case AIME_MEDIA_WEBP:
        aime_mediad_webp(&bytes, probe);
        break;

    case AIME_MEDIA_BMP:
        aime_mediad_bmp(&bytes, probe);
        break;

    case AIME_MEDIA_TIFF:
        aime_mediad_tiff(&bytes, probe);
        break;

    case AIME_MEDIA_GIF:
        aime_mediad_gif(&bytes, probe);
        break;

    default:
        return AIME_ERROR;
    }

    return probe->width && probe->height && probe->width <= 0x7fffffff
           && probe->height <= 0x7fffffff ? AIME_OK : AIME_ERROR;
}


static unsigned int
aime_mediad_u8(aime_mediad_bytes_t *bytes, size_t at)
{
    if (at >= bytes->len) {
        bytes->beyond = 1;
        return 0;
    }

    return bytes->data[at];
}


static unsigned int
aime_mediad_u16(aime_mediad_bytes_t *bytes, size_t at)
{
    unsigned int  a, b;

    a = aime_mediad_u8(bytes, at);
    b = aime_mediad_u8(bytes, at + 1);

    return bytes->big ? a << 8 | b : b << 8 | a;
}


static unsigned int
aime_mediad_u24(aime_mediad_bytes_t *bytes, size_t at)
{
    return aime_mediad_u16(bytes, at) | aime_mediad_u8(bytes, at + 2) << 16;
}


static unsigned int
aime_mediad_u32(aime_mediad_bytes_t *bytes, size_t at)
{
    unsigned int  a, b;

    a = aime_mediad_u16(bytes, at);
    b = aime_mediad_u16(bytes, at + 2);

    return bytes->big ? a << 16 | b : b << 16 | a;
}


static int
aime_mediad_is(aime_mediad_bytes_t *bytes, size_t at, const char *name)
{
    return at < bytes->len && bytes->len - at >= 4
           && memcmp(bytes->data + at, name, 4) == 0;
}


static void
aime_mediad_png(aime_mediad_bytes_t *bytes, aime_mediad_probe_t *probe)
{
    size_t  at, len;

    bytes->big = 1;

    if (!aime_mediad_is(bytes, 12, "IHDR")) {
        return;
    }

    probe->width = aime_mediad_u32(bytes, 16);
    probe->height = aime_mediad_u32(bytes, 20);

    /* length, name, data, checksum */

    for (at = 8; at < bytes->len; at += 12 + len) {
        len = aime_mediad_u32(bytes, at);

        if (len > 0x7fffffff || bytes->len - at < 12 + len) {
            return;
        }

        if (aime_mediad_is(bytes, at + 4, "IEND")) {
            probe->complete = 1;
            return;
        }
    }
}


static void
aime_mediad_jpeg(aime_mediad_bytes_t *bytes, aime_mediad_probe_t *probe)
{
    size_t        at, len;
    unsigned int  marker;

    bytes->big = 1;

    for (at = 2; at < bytes->len; at += len) {

        if (aime_mediad_u8(bytes, at) != 0xff) {
            return;
        }

        while (aime_mediad_u8(bytes, at) == 0xff) {
            at++;
        }

        marker = aime_mediad_u8(bytes, at++);

        if (marker == 0xd9) {
            probe->complete = 1;
            return;
        }

        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            len = 0;
            continue;
        }

        len = aime_mediad_u16(bytes, at);

        if (len < 2 || at + len > bytes->len) {
            return;
        }

        /* SOF0 to SOF15, but for DHT, JPG and DAC, which lie among them */

        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4
            && marker != 0xc8 && marker != 0xcc)
        {
            probe->height = aime_mediad_u16(bytes, at + 3);
            probe->width = aime_mediad_u16(bytes, at + 5);
            probe->opaque = 1;

        } else if (marker == 0xe1) {
            aime_mediad_jpeg_exif(bytes, at + 2, len - 2, probe);

        } else if (marker == 0xda) {
            at += len;
            len = 0;

            if (aime_mediad_jpeg_scan(bytes, &at) != AIME_OK) {
                return;
            }
        }
    }
}


/* To the marker that ends the entropy-coded data. */

static int
aime_mediad_jpeg_scan(aime_mediad_bytes_t *bytes, size_t *at)
{
    size_t                n;
    unsigned int          next;
    const unsigned char  *p;

    for (n = *at; n < bytes->len; n = p + 2 - bytes->data) {
        p = memchr(bytes->data + n, 0xff, bytes->len - n);

        if (p == NULL || p + 1 == bytes->data + bytes->len) {
            return AIME_ERROR;
        }

        next = p[1];

        if (next == 0xff) {
            p--;
            continue;
        }

        if (next != 0 && !(next >= 0xd0 && next <= 0xd7)) {
            *at = p - bytes->data;
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


static void
aime_mediad_jpeg_exif(aime_mediad_bytes_t *bytes, size_t at, size_t len,
    aime_mediad_probe_t *probe)
{
    unsigned int         value;
    aime_mediad_bytes_t  tiff;

    if (len < 14 || memcmp(bytes->data + at, "Exif\0\0", 6) != 0) {
        return;
    }

    memset(&tiff, 0, sizeof(aime_mediad_bytes_t));
    tiff.data = bytes->data + at + 6;
    tiff.len = len - 6;

    value = aime_mediad_tiff_tag(&tiff, AIME_MEDIAD_ORIENTATION);

    if (value >= 1 && value <= 8) {
        probe->orientation = value;
    }
}


static void
aime_mediad_webp(aime_mediad_bytes_t *bytes, aime_mediad_probe_t *probe)
{
    size_t        size;
    unsigned int  bits;

    size = (size_t) aime_mediad_u32(bytes, 4) + 8;

    /* an odd last chunk may lack its padding */

    probe->complete = size <= bytes->len + 1;

    if (aime_mediad_is(bytes, 12, "VP8X")) {
        bits = aime_mediad_u8(bytes, 20);
        probe->animated = (bits >> 1) & 1;
        probe->opaque = !(bits >> 4 & 1);
        probe->width = aime_mediad_u24(bytes, 24) + 1;
        probe->height = aime_mediad_u24(bytes, 27) + 1;

    } else if (aime_mediad_is(bytes, 12, "VP8L")) {
        bits = aime_mediad_u32(bytes, 21);
        probe->opaque = !(bits >> 28 & 1);
        probe->width = (bits & 0x3fff) + 1;
        probe->height = (bits >> 14 & 0x3fff) + 1;

    } else if (aime_mediad_is(bytes, 12, "VP8 ")) {
        probe->opaque = 1;
        probe->width = aime_mediad_u16(bytes, 26) & 0x3fff;
        probe->height = aime_mediad_u16(bytes, 28) & 0x3fff;
    }

    if (bytes->beyond) {
        probe->width = 0;
    }
}


static void
aime_mediad_bmp(aime_mediad_bytes_t *bytes, aime_mediad_probe_t *probe)
{
    unsigned int  height, bits, packed;
    uint64_t      row;

    packed = 0;

    /* the oldest header has 16 bits for each; a negative height is a flip */

    if (aime_mediad_u32(bytes, 14) == 12) {
        probe->width = aime_mediad_u16(bytes, 18);
        probe->height = aime_mediad_u16(bytes, 20);
        bits = aime_mediad_u16(bytes, 24);

    } else {
        probe->width = aime_mediad_u32(bytes, 18);
        height = aime_mediad_u32(bytes, 22);
        probe->height = (height >> 31) ? 0u - height : height;
        bits = aime_mediad_u16(bytes, 28);
        packed = aime_mediad_u32(bytes, 30);
    }

    row = ((uint64_t) probe->width * bits + 31) / 32 * 4;

    probe->complete = packed == 1 || packed == 2
                      || aime_mediad_u32(bytes, 10) + row * probe->height
                         <= bytes->len;
    probe->opaque = bits != 32;

    if (bytes->beyond) {
        probe->width = 0;
    }
}


static void
aime_mediad_tiff(aime_mediad_bytes_t *bytes, aime_mediad_probe_t *probe)
{
    unsigned int  value;

    probe->width = aime_mediad_tiff_tag(bytes, AIME_MEDIAD_TIFF_WIDTH);
    probe->height = aime_mediad_tiff_tag(bytes, AIME_MEDIAD_TIFF_HEIGHT);
    value = aime_mediad_tiff_tag(bytes, AIME_MEDIAD_ORIENTATION);

    if (value >= 1 && value <= 8) {
        probe->orientation = value;
    }

    probe->complete = aime_mediad_tiff_directory(bytes)
                      && aime_mediad_tiff_strips(bytes,
                                                 AIME_MEDIAD_TIFF_STRIPS,
                                                 AIME_MEDIAD_TIFF_STRIP_LENS)
                      && aime_mediad_tiff_strips(bytes, AIME_MEDIAD_TIFF_TILES,
                                                 AIME_MEDIAD_TIFF_TILE_LENS);
}


/* Do the values that its entries point to lie within the file? */

static int
aime_mediad_tiff_directory(aime_mediad_bytes_t *bytes)
{
    size_t        at;
    uint64_t      len;
    unsigned int  n, type;

    static const unsigned int  sizes[] = {
        0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8
    };

    at = aime_mediad_u32(bytes, 4);
    n = aime_mediad_u16(bytes, at);

    for (at += 2; n; n--) {

        if (at + AIME_MEDIAD_TIFF_ENTRY > bytes->len) {
            return 0;
        }

        type = aime_mediad_u16(bytes, at + 2);
        len = aime_mediad_u32(bytes, at + 4);
        len *= type < sizeof(sizes) / sizeof(sizes[0]) ? sizes[type] : 0;

        if (len > 4 && aime_mediad_u32(bytes, at + 8) + len > bytes->len) {
            return 0;
        }

        at += AIME_MEDIAD_TIFF_ENTRY;
    }

    return 1;
}


/* Do the strips, or tiles, lie within the file?  Without lengths they do. */

static int
aime_mediad_tiff_strips(aime_mediad_bytes_t *bytes, unsigned int offsets,
    unsigned int lens)
{
    size_t        offset, len;
    unsigned int  i, n;
    uint64_t      end;

    offset = aime_mediad_tiff_find(bytes, offsets);
    len = aime_mediad_tiff_find(bytes, lens);

    if (offset == 0 || len == 0) {
        return len == 0;
    }

    /* lists that are longer than the file are not walked */

    n = aime_mediad_u32(bytes, len + 4);

    if (n != aime_mediad_u32(bytes, offset + 4) || n > bytes->len / 2) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        end = (uint64_t) aime_mediad_tiff_value(bytes, offset, i)
              + aime_mediad_tiff_value(bytes, len, i);

        if (end > bytes->len) {
            return 0;
        }
    }

    return 1;
}


static unsigned int
aime_mediad_tiff_tag(aime_mediad_bytes_t *bytes, unsigned int tag)
{
    return aime_mediad_tiff_value(bytes, aime_mediad_tiff_find(bytes, tag), 0);
}


/* One of the values of an entry, short or long; 0 where there is none. */

static unsigned int
aime_mediad_tiff_value(aime_mediad_bytes_t *bytes, size_t at, unsigned int i)
{
    size_t        size;
    unsigned int  n, type;

    if (at == 0) {
        return 0;
    }

    type = aime_mediad_u16(bytes, at + 2);
    n = aime_mediad_u32(bytes, at + 4);
    size = type == 3 ? 2 : type == 4 ? 4 : 0;

    if (size == 0 || i >= n) {
        return 0;
    }

    /* up to four bytes stand in the entry itself */

    at = n * size <= 4 ? at + 8 : aime_mediad_u32(bytes, at + 8);
    at += i * size;

    return size == 2 ? aime_mediad_u16(bytes, at) : aime_mediad_u32(bytes, at);
}


/* Where the entry of a tag in the first directory is; 0: there is none. */

static size_t
aime_mediad_tiff_find(aime_mediad_bytes_t *bytes, unsigned int tag)
{
    size_t        at;
    unsigned int  n;

    bytes->big = aime_mediad_u8(bytes, 0) == 'M';

    at = aime_mediad_u32(bytes, 4);
    n = aime_mediad_u16(bytes, at);

    for (at += 2; n && at + AIME_MEDIAD_TIFF_ENTRY <= bytes->len; n--) {

        if (aime_mediad_u16(bytes, at) == tag) {
            return at;
        }

        at += AIME_MEDIAD_TIFF_ENTRY;
    }

    return 0;
}


static void
aime_mediad_gif(aime_mediad_bytes_t *bytes, aime_mediad_probe_t *probe)
{
    size_t        at;
    unsigned int  kind, flags;

    probe->width = aime_mediad_u16(bytes, 6);
    probe->height = aime_mediad_u16(bytes, 8);

    flags = aime_mediad_u8(bytes, 10);
    at = 13 + (flags & 0x80 ? (size_t) 3 << ((flags & 7) + 1) : 0);

    while (at < bytes->len) {
        kind = aime_mediad_u8(bytes, at++);

        if (kind == 0x3b) {
            probe->complete = 1;
            return;
        }

        if (kind == 0x21) {
            at++;

        } else if (kind == 0x2c) {
            flags = aime_mediad_u8(bytes, at + 8);
            at += 10 + (flags & 0x80 ? (size_t) 3 << ((flags & 7) + 1) : 0);

        } else {
            return;
        }

        if (aime_mediad_gif_blocks(bytes, &at) != AIME_OK) {
            return;
        }
    }
}


static int
aime_mediad_gif_blocks(aime_mediad_bytes_t *bytes, size_t *at)
{
    unsigned int  len;

    while (*at < bytes->len) {
        len = aime_mediad_u8(bytes, *at);
        *at += 1 + len;

        if (len == 0) {
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}
