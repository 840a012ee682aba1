/*
 * The log.  A line is written by one write(), so that those of several
 * processes do not mix; nothing here opens a file, for workers cannot.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aime_mediad_log.h"


#define AIME_MEDIAD_LOG_LINE   1024


void
aime_mediad_log(const char *fmt, ...)
{
    char             line[AIME_MEDIAD_LOG_LINE];
    size_t           i;
    ssize_t          n;
    va_list          args;
    struct tm        tm;
    struct timespec  now;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    /* not localtime(): it looks for the file of the time zone */

    (void) gmtime_r(&now.tv_sec, &tm);

    i = strftime(line, sizeof(line), "%Y/%m/%d %H:%M:%SZ ", &tm);
    i += snprintf(line + i, sizeof(line) - i, "%d: ", (int) getpid());

    va_start(args, fmt);
    n = vsnprintf(line + i, sizeof(line) - i - 1, fmt, args);
    va_end(args);

    if (n < 0) {
        return;
    }

    i += n;

    if (i > sizeof(line) - 2) {
        i = sizeof(line) - 2;
    }

    line[i++] = '\n';

    n = write(STDERR_FILENO, line, i);
    (void) n;
}
