/* What is new in a text, see aime_delta.h. */

#include "aime_delta.h"


static size_t aime_delta_whole(aime_str_t text);
static size_t aime_delta_length(unsigned char c);


size_t
aime_delta(aime_str_t text, size_t sent, int final, aime_str_t *delta)
{
    size_t  end;

    end = final ? text.len : aime_delta_whole(text);

    /* what was sent may have become something else: never begin within */

    while (sent < text.len && (text.data[sent] & 0xc0) == 0x80) {
        sent++;
    }

    delta->data = text.data + (sent < end ? sent : end);
    delta->len = (sent < end) ? end - sent : 0;

    return sent + delta->len;
}


/* The bytes in front of what is not whole at the end. */

static size_t
aime_delta_whole(aime_str_t text)
{
    size_t                n, end;
    const unsigned char  *p;

    end = text.len;

    for (n = 1; n <= 3 && n <= end; n++) {
        p = text.data + end - n;

        if ((*p & 0xc0) == 0x80) {
            continue;
        }

        if (aime_delta_length(*p) > n) {
            end -= n;
        }

        break;
    }

    while (end >= 3) {
        p = text.data + end - 3;

        if (p[0] != 0xef || p[1] != 0xbf || p[2] != 0xbd) {
            break;
        }

        end -= 3;
    }

    return end;
}


/* Of the character that begins with that byte. */

static size_t
aime_delta_length(unsigned char c)
{
    return (c < 0xc0) ? 1 : (c < 0xe0) ? 2 : (c < 0xf0) ? 3 : 4;
}
