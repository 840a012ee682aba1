/*
 * Data URLs, base64 and sniffing: the offset of every complaint, all lengths
 * around the steps of the vectors, and no byte read or written beyond.
 */

#include "tap.h"
#include "aime_media_data.h"


typedef struct {
    const char           *text;
    const char           *type;         /* NULL: refused */
    const char           *format;
    const char           *body;
} url_t;


typedef struct {
    const char           *text;
    int                   rc;
    size_t                offset;
} check_t;


typedef struct {
    const char           *head;
    size_t                len;
    aime_media_format_e   format;
} sniff_t;


static void test_urls(void);
static void test_checks(void);
static void test_every_byte(void);
static void test_vectors(void);
static void test_round_trip(void);
static void test_sniff(void);


#define LONG  "ABCDEFGHIJKLMNOPabcdefghijklmnop"

static const url_t  urls[] = {
    { "data:image/png;base64,QUJD", "image", "png", "QUJD" },
    { "data:image/png;base64,", "image", "png", "" },
    { "DATA:Image/PNG;BASE64,QQ==", "Image", "PNG", "QQ==" },
    { "data:audio/webm;codecs=opus;base64,QUJD", "audio", "webm", "QUJD" },
    { "data:video/webm;codecs=vp8,opus;base64,QUJD", "video", "webm", "QUJD" },
    { "data:image/svg+xml;base64,QQ", "image", "svg+xml", "QQ" },
    { "data:image/png;base64;base64,QQ", "image", "png", "QQ" },
    { "", NULL, NULL, NULL },
    { "data", NULL, NULL, NULL },
    { "data:", NULL, NULL, NULL },
    { "data:image", NULL, NULL, NULL },
    { "data:image/", NULL, NULL, NULL },
    { "data:image/png", NULL, NULL, NULL },
    { "data:image/png,QQ", NULL, NULL, NULL },
    { "data:image/png;base64", NULL, NULL, NULL },
    { "data:image/png;base64QQ", NULL, NULL, NULL },
    { "data:/png;base64,QQ", NULL, NULL, NULL },
    { "data:image/;base64,QQ", NULL, NULL, NULL },
    { "data:;base64,QQ", NULL, NULL, NULL },
    { "data:image /png;base64,QQ", NULL, NULL, NULL },
    { " data:image/png;base64,QQ", NULL, NULL, NULL },
    { "https://example.org/a.png", NULL, NULL, NULL },
    { "iVBORw0KGgo", NULL, NULL, NULL },
};


static const check_t  checks[] = {
    { "", AIME_OK, 0 },
    { "QQ==", AIME_OK, 4 },
    { "QUI=", AIME_OK, 4 },
    { "QUJD", AIME_OK, 4 },
    { "+/+/", AIME_OK, 4 },
    { LONG, AIME_OK, 32 },
    { LONG "QQ==", AIME_OK, 36 },
    { "Q", AIME_ERROR, 1 },
    { "QQ", AIME_ERROR, 2 },
    { "QUI", AIME_ERROR, 3 },
    { LONG "QQ", AIME_ERROR, 34 },
    { LONG "Q", AIME_ERROR, 33 },
    { "Q=", AIME_ERROR, 1 },
    { "=", AIME_ERROR, 0 },
    { "====", AIME_ERROR, 0 },
    { "QQ=", AIME_ERROR, 3 },
    { "QQ===", AIME_ERROR, 4 },
    { "QQ=Q", AIME_ERROR, 3 },
    { "QUI==", AIME_ERROR, 4 },
    { "QUJD=", AIME_ERROR, 4 },
    { "QQ==QQ==", AIME_ERROR, 4 },
    { "QUJD\n", AIME_ERROR, 4 },
    { "QU JD", AIME_ERROR, 2 },
    { "QU-_", AIME_ERROR, 2 },
    { LONG "QU_JD", AIME_ERROR, 34 },
};


#define HEAD(text)  text, sizeof(text) - 1

static const sniff_t  sniffs[] = {
    { HEAD("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), AIME_MEDIA_PNG },
    { HEAD("\xff\xd8\xff\xe0\0\x10JFIF"), AIME_MEDIA_JPEG },
    { HEAD("RIFF\x10\0\0\0WEBPVP8 "), AIME_MEDIA_WEBP },
    { HEAD("RIFF\x10\0\0\0WAVEfmt "), AIME_MEDIA_WAV },
    { HEAD("RIFF\x10\0\0\0AVI LIST"), AIME_MEDIA_UNKNOWN },
    { HEAD("RIFF\x10\0\0\0WEB"), AIME_MEDIA_UNKNOWN },
    { HEAD("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), AIME_MEDIA_BMP },
    { HEAD("BMW is a maker of cars"), AIME_MEDIA_UNKNOWN },
    { HEAD("II*\0\x08\0\0\0"), AIME_MEDIA_TIFF },
    { HEAD("MM\0*\0\0\0\x08"), AIME_MEDIA_TIFF },
    { HEAD("GIF89a\x01\0"), AIME_MEDIA_GIF },
    { HEAD("GIF87a\x01\0"), AIME_MEDIA_GIF },
    { HEAD("GIF88a\x01\0"), AIME_MEDIA_UNKNOWN },
    { HEAD("OggS\0\x02"), AIME_MEDIA_OGG },
    { HEAD("ID3\x04\0\0"), AIME_MEDIA_MP3 },
    { HEAD("\xff\xfb\x90\x64"), AIME_MEDIA_MP3 },
    { HEAD("\xff\xf3\x40\xc4"), AIME_MEDIA_MP3 },
    { HEAD("\xff\xf1\x50\x80"), AIME_MEDIA_UNKNOWN },       /* ADTS */
    { HEAD("\xff\xfb\xf0\x64"), AIME_MEDIA_UNKNOWN },
    { HEAD("\xff\xfb\x9c\x64"), AIME_MEDIA_UNKNOWN },
    { HEAD("\0\0\0\x20" "ftypisom"), AIME_MEDIA_MP4 },
    { HEAD("\0\0\0\x20" "ftypM4A "), AIME_MEDIA_MP4 },
    { HEAD("\0\0\0\x20" "ftypavif"), AIME_MEDIA_UNKNOWN },
    { HEAD("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"),
      AIME_MEDIA_WEBM },
    { HEAD("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska"),
      AIME_MEDIA_UNKNOWN },
    { HEAD(""), AIME_MEDIA_UNKNOWN },
    { HEAD("\xff\xd8"), AIME_MEDIA_UNKNOWN },
    { HEAD("#EXTM3U\n"), AIME_MEDIA_UNKNOWN },
};


static void
test_urls(void)
{
    int               rc;
    char              head[600];
    size_t            i;
    aime_str_t        text;
    aime_media_url_t  url;

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        text = tap_dup(urls[i].text);
        rc = aime_media_url(text, &url);

        tap_is_int(rc, urls[i].type ? AIME_OK : AIME_ERROR, "URL \"%s\"",
                   urls[i].text);

        if (rc == AIME_OK && urls[i].type) {
            tap_is(url.type, tap_str(urls[i].type), "its type");
            tap_is(url.format, tap_str(urls[i].format), "its format");
            tap_is(url.body, tap_str(urls[i].body), "its body");
        }

        tap_free(text);
    }

    memset(head, 'x', sizeof(head));
    memcpy(head, "data:image/png;", 15);
    memcpy(head + 500, ";base64,QQ==", 12);

    text = tap_copy(head, 512);
    tap_is_int(aime_media_url(text, &url), AIME_ERROR,
               "a head that does not end");
    tap_free(text);
}


static void
test_checks(void)
{
    int         rc;
    size_t      i, offset;
    aime_str_t  text;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        text = tap_dup(checks[i].text);
        offset = 12345;
        rc = aime_media_base64_check(text, &offset);

        tap_is_int(rc, checks[i].rc, "base64 \"%s\"", checks[i].text);

        if (rc == AIME_ERROR) {
            tap_is_int(offset, checks[i].offset, "where");
        }

        tap_free(text);
    }
}


/* Each of the 256 in each place of a vector, by what the standard says. */

static void
test_every_byte(void)
{
    int             c, wrong, letter;
    char           *p;
    size_t          at, offset;
    aime_str_t      text;

    wrong = 0;

    for (c = 0; c < 256; c++) {
        letter = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                             "qrstuvwxyz0123456789+/", c) != NULL;

        for (at = 0; at < 30; at++) {
            text = tap_dup(LONG);
            p = (char *) (uintptr_t) text.data;
            p[at] = c;

            if (aime_media_base64_check(text, &offset)
                != (letter ? AIME_OK : AIME_ERROR)
                || (!letter && offset != at && c != '='))
            {
                wrong++;
            }

            tap_free(text);
        }
    }

    tap_is_int(wrong, 0, "every byte in every place");
}


static void
test_vectors(void)
{
    size_t          i, n;
    unsigned char   buf[64], *end;
    aime_str_t      text;

    static const char  *plain[] = {
        "", "f", "fo", "foo", "foob", "fooba", "foobar"
    };

    static const char  *coded[] = {
        "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"
    };

    for (i = 0; i < 7; i++) {
        end = aime_media_base64_encode(buf, tap_str(plain[i]));
        text.data = buf;
        text.len = end - buf;
        tap_is(text, tap_str(coded[i]), "RFC 4648: %s", plain[i]);

        for (n = strlen(coded[i]); n; n--) {
            text = tap_str(coded[i]);
            text.len = n;

            if (n < strlen(coded[i]) && text.data[n] != '=') {
                break;
            }

            end = aime_media_base64_decode(buf, text);
            text.data = buf;
            text.len = end - buf;
            tap_is(text, tap_str(plain[i]), "and back, %zu letters", n);
        }
    }
}


/* Both ends in blocks of their exact sizes. */

static void
test_round_trip(void)
{
    int             wrong;
    size_t          n, i, offset;
    aime_str_t      data, text, back;
    unsigned char   raw[300];

    wrong = 0;

    for (n = 0; n < sizeof(raw); n++) {

        for (i = 0; i < n; i++) {
            raw[i] = (i * 7 + n * 31) * (n % 3 ? 1 : 37);
        }

        data = tap_copy(raw, n);
        text.len = aime_media_base64_encoded_len(n);
        text.data = malloc(text.len);

        if (aime_media_base64_encode((unsigned char *) (uintptr_t) text.data,
                                     data)
            != text.data + text.len
            || aime_media_base64_check(text, &offset) != AIME_OK
            || aime_media_base64_decoded_len(text) != n)
        {
            wrong++;
        }

        back.len = n;
        back.data = malloc(n);

        if (aime_media_base64_decode((unsigned char *) (uintptr_t) back.data,
                                     text)
            != back.data + n
            || (n && memcmp(back.data, data.data, n) != 0))
        {
            wrong++;
        }

        tap_free(data);
        tap_free(text);
        tap_free(back);
    }

    tap_is_int(wrong, 0, "all lengths there and back");
}


static void
test_sniff(void)
{
    size_t      i, n;
    aime_str_t  head;

    for (i = 0; i < sizeof(sniffs) / sizeof(sniffs[0]); i++) {
        head = tap_copy(sniffs[i].head, sniffs[i].len);

        tap_is_int(aime_media_sniff(head), sniffs[i].format, "head %zu is %s",
                   i, aime_media_format_name(sniffs[i].format));

        tap_free(head);

        for (n = 0; n < sniffs[i].len; n++) {
            head = tap_copy(sniffs[i].head, n);
            (void) aime_media_sniff(head);
            tap_free(head);
        }
    }
}


int
main(void)
{
    test_urls();
    test_checks();
    test_every_byte();
    test_vectors();
    test_round_trip();
    test_sniff();

    return tap_done();
}
