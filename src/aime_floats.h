/*
 * Vectors on the way to clients that ask for them as base64: the numbers of a
 * JSON array as little-endian floats of 32 bits.  Floor 0: knows neither
 * nginx nor what the vectors mean.
 */

#ifndef AIME_FLOATS_H_INCLUDED
#define AIME_FLOATS_H_INCLUDED


#include "aime_str.h"


/* How many elements a valid JSON array has if all of them are numbers. */
size_t aime_floats_count(aime_str_t array);

/* Whether a valid JSON array has numbers, and nothing else. */
int aime_floats_only(aime_str_t array);

/* The base64 of that many. */
size_t aime_floats_base64_len(size_t n);

/*
 * Writes the base64 of an array's n numbers, each the float next to the double
 * that it stands for; gives the end.  NULL: it is no array of n numbers, or
 * one is beyond the range of floats; something may have been written then, but
 * never more than aime_floats_base64_len(n) bytes.
 */
unsigned char *aime_floats_base64(unsigned char *dst, aime_str_t array,
    size_t n);


#endif /* AIME_FLOATS_H_INCLUDED */
