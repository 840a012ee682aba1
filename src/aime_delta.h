/*
 * What is new in a text that grows, for who was sent a part of it.  Floor 0:
 * plain C, knows neither jobs nor nginx.
 */

#ifndef AIME_DELTA_H_INCLUDED
#define AIME_DELTA_H_INCLUDED


#include "aime_str.h"


/*
 * The part of a text, UTF-8, behind the first sent bytes of it; gives the bytes
 * that are sent with it.  It begins and ends between characters whatever the
 * text is.  Unless the text is final, characters at its end that are not whole
 * yet stay for the next time: so do U+FFFD there, since that is what a worker
 * writes for a character of which it has only some tokens.  A text that became
 * shorter has nothing new.
 */
size_t aime_delta(aime_str_t text, size_t sent, int final, aime_str_t *delta);


#endif /* AIME_DELTA_H_INCLUDED */
