/*
 * Lines of the daemon's log, on stderr.  Must not know what they are about, and
 * must never be given anything that media contain.
 */

#ifndef AIME_MEDIAD_LOG_H_INCLUDED
#define AIME_MEDIAD_LOG_H_INCLUDED


/* One line: time, process, text.  Cut where it is too long. */
void aime_mediad_log(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


#endif /* AIME_MEDIAD_LOG_H_INCLUDED */
