/*
 * Connections, and as much HTTP/1.1 as nginx's answers need.  One request is
 * under way on a connection; what comes whole in one read is never copied.
 * With cf.fresh each request has a connection of its own.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "load.h"


#define READ_SIZE   (1024 * 1024)
#define EVENTS      512

/* nanoseconds to look for events before this program sleeps */
#define SPIN         200000
#define MAX_INLINE  4096                /* padding that a template holds */

enum { CHUNK_SIZE, CHUNK_LINE, CHUNK_DATA, CHUNK_LAST,
       CHUNK_NEXT };

static int                 epfd;
static char               *shared;      /* where answers are read to */
static char               *padding;     /* as long as the longest */
static struct sockaddr_in  addr;


static void conn_open(conn_t *c);
static int net_connect(void);
static int net_process(int fd);
static char *net_ask_on(int fd, const char *method, const char *uri,
    const char *body, int *status);
static void conn_write(conn_t *c);
static void conn_read(conn_t *c);
static size_t parse(conn_t *c, char *buf, size_t len);
static void parse_chunks(conn_t *c, char *buf, size_t len);
static void event_add(conn_t *c, const char *text, size_t len);


uint64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}


void
net_init(void)
{
    size_t  i, longest;

    addr.sin_family = AF_INET;
    addr.sin_port = htons(cf.port);

    if (inet_pton(AF_INET, cf.host, &addr.sin_addr) != 1) {
        die("--host %s is no IPv4 address", cf.host);
    }

    longest = cf.prompt > cf.result ? cf.prompt : cf.result;

    for (i = 0; i < cf.steps; i++) {
        longest = cf.step[i].body > longest ? cf.step[i].body : longest;
    }

    epfd = epoll_create1(EPOLL_CLOEXEC);
    shared = malloc(READ_SIZE + 1);
    padding = malloc(longest + 1);

    if (epfd == -1 || shared == NULL || padding == NULL) {
        die("no memory");
    }

    memset(padding, 'x', longest);
}


/*
 * Makes a request of a body with marks: \1 the token, \2 a job's id, \3 a
 * worker's name, \4 two digits, \5 padding of that length.  They may stand in
 * the URI as well.  Short padding is written into the text.
 */

void
tmpl_make(tmpl_t *t, const char *method, const char *uri, const char *body,
    size_t pad)
{
    static const size_t  width[] = { TOKEN_LEN, ID_LEN, NAME_LEN, 2 };

    char         text[4096], *p;
    size_t       len;
    const char  *s;

    len = 0;

    for (s = body; *s; s++) {
        len += *s > 5 ? 1 : *s == 5 ? pad : width[*s - 1];
    }

    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: bench\r\n%s",
             method, uri, cf.fresh ? "Connection: close\r\n" : "");

    if (strcmp(method, "POST") == 0) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                 len);
    }

    if (strlen(text) + strlen(body) + 3 > sizeof(text)) {
        die("too long: %s", uri);
    }

    strcat(text, "\r\n");
    strcat(text, body);

    memset(t, 0, sizeof(*t));
    t->text = malloc(sizeof(text) + MAX_INLINE + 256);

    if (t->text == NULL) {
        die("no memory");
    }

    p = t->text;

    for (s = text; *s; s++) {

        if (*s > 5) {
            *p++ = *s;
            continue;
        }

        t->at[*s - 1] = p - t->text;

        if (*s - 1 != PUT_PAD) {
            memset(p, '0', width[*s - 1]);
            p += width[*s - 1];

        } else if (pad <= MAX_INLINE) {
            memset(p, 'x', pad);
            p += pad;

        } else {
            t->pad = pad;
        }
    }

    t->len = p - t->text;
}


/* A connection, in a process if one is named; kept for each of its requests */

conn_t *
conn_new(uint32_t number, int pid, void *party)
{
    conn_t  *c;

    c = calloc(1, sizeof(conn_t));

    if (c == NULL) {
        die("no memory");
    }

    c->fd = -1;
    c->number = number;
    c->pid = pid;
    c->party = party;

    if (!cf.fresh) {
        conn_open(c);
    }

    return c;
}


static void
conn_open(conn_t *c)
{
    struct epoll_event  ev;

    do {
        conn_close(c);
        c->fd = net_connect();
    } while (c->pid && net_process(c->fd) != c->pid);

    ev.events = EPOLLIN;
    ev.data.ptr = c;

    if (epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &ev) == -1) {
        die("epoll_ctl: %s", strerror(errno));
    }
}


static int
net_connect(void)
{
    int  fd, on;

    on = 1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1
        || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
    {
        die("cannot connect to port %d: %s", cf.port, strerror(errno));
    }

    return fd;
}


/* With a reset, so that no port is left in TIME_WAIT */

void
conn_close(conn_t *c)
{
    struct linger  linger = { 1, 0 };

    if (c->fd != -1) {
        (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger,
                          sizeof(linger));
        close(c->fd);
        c->fd = -1;
    }

    free(c->kept);
    c->kept = NULL;
    c->in_len = 0;
    c->writing = 0;
}


/*
 * Asks and waits, on a connection of its own: the body of the answer, valid
 * until the next call.
 */

char *
net_ask(const char *method, const char *uri, const char *body, int *status)
{
    static int  fd = -1;

    if (fd == -1) {
        fd = net_connect();
    }

    return net_ask_on(fd, method, uri, body, status);
}


static char *
net_ask_on(int fd, const char *method, const char *uri, const char *body,
    int *status)
{
    static char  buf[65536];

    char     *end, *p;
    int       n;
    size_t    len;

    n = snprintf(buf, sizeof(buf), "%s %s HTTP/1.1\r\nHost: bench\r\n"
                 "Content-Length: %zu\r\n\r\n%s", method, uri, strlen(body),
                 body);

    if (n >= (int) sizeof(buf) || send(fd, buf, n, MSG_NOSIGNAL) != n) {
        die("%s %s: cannot send", method, uri);
    }

    for (len = 0; len < sizeof(buf) - 1; len += n) {
        n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);

        if (n <= 0) {
            die("%s %s: no answer", method, uri);
        }

        buf[len + n] = '\0';
        end = strstr(buf, "\r\n\r\n");
        p = strcasestr(buf, "\r\nContent-Length:");

        if (end && p && p < end
            && len + n >= (size_t) (end + 4 - buf) + atoi(p + 17))
        {
            *status = atoi(buf + 9);
            return end + 4;
        }
    }

    die("%s %s: too large an answer", method, uri);
}


static int
net_process(int fd)
{
    int  status;

    return atoi(net_ask_on(fd, "GET", cf.pid_uri, "", &status));
}


/* Sends a request of a template with its marks filled in */

void
conn_send(conn_t *c, const tmpl_t *t, const char *token, const char *id,
    const char *name, unsigned progress)
{
    static char  text[8192 + MAX_INLINE];

    size_t  split;

    memcpy(text, t->text, t->len);

    if (t->at[PUT_TOKEN]) {
        memcpy(text + t->at[PUT_TOKEN], token, TOKEN_LEN);
    }

    if (t->at[PUT_ID]) {
        memcpy(text + t->at[PUT_ID], id, ID_LEN);
    }

    if (t->at[PUT_NAME]) {
        memcpy(text + t->at[PUT_NAME], name, NAME_LEN);
    }

    if (t->at[PUT_PROGRESS]) {
        text[t->at[PUT_PROGRESS]] = '1' + progress / 10 % 9;
        text[t->at[PUT_PROGRESS] + 1] = '0' + progress % 10;
    }

    split = t->pad ? t->at[PUT_PAD] : t->len;
    c->pad_left = t->pad;
    c->tail = t->text + split;
    c->tail_len = t->len - split;

    conn_put(c, text, split);
}


/* Sends a request as it is; what does not go at once is copied */

void
conn_put(conn_t *c, const char *text, size_t len)
{
    if (cf.fresh) {
        conn_open(c);
    }

    c->busy = 1;
    c->head_done = 0;
    c->chunked = 0;
    c->out = (char *) text;
    c->out_at = 0;
    c->out_len = len;

    conn_write(c);
}


static void
conn_write(conn_t *c)
{
    char                *rest;
    size_t               part;
    ssize_t              n;
    struct iovec         iov[3];
    struct msghdr        msg;
    struct epoll_event   ev;

    if (c->pad_left + c->tail_len == 0 && !c->writing) {
        /* as nearly always */

        n = send(c->fd, c->out, c->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n == (ssize_t) c->out_len) {
            c->out_len = 0;
            return;
        }

        if (n > 0) {
            c->out_at += n;
            c->out_len -= n;
        }
    }

    for ( ;; ) {
        iov[0].iov_base = c->out + c->out_at;
        iov[0].iov_len = c->out_len;
        iov[1].iov_base = padding;
        iov[1].iov_len = c->pad_left;
        iov[2].iov_base = (void *) c->tail;
        iov[2].iov_len = c->tail_len;

        memset(&msg, 0, sizeof(msg));
        msg.msg_iov = iov;
        msg.msg_iovlen = 3;

        n = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n == -1) {
            if (errno == EAGAIN) {
                break;
            }

            if (errno != EINTR) {
                /* what nginx had to say about it may still be read */
                c->out_len = c->pad_left = c->tail_len = 0;
                break;
            }

            continue;
        }

        part = (size_t) n < c->out_len ? (size_t) n : c->out_len;
        c->out_at += part;
        c->out_len -= part;
        n -= part;
        part = (size_t) n < c->pad_left ? (size_t) n : c->pad_left;
        c->pad_left -= part;
        n -= part;
        c->tail += n;
        c->tail_len -= n;

        if (c->out_len + c->pad_left + c->tail_len == 0) {
            break;
        }
    }

    if (c->out_len + c->pad_left + c->tail_len) {

        if (c->out_len && !c->writing) {
            rest = malloc(c->out_len);

            if (rest == NULL) {
                die("no memory");
            }

            memcpy(rest, c->out + c->out_at, c->out_len);
            c->kept = rest;
            c->out = rest;
            c->out_at = 0;
        }

        if (c->writing) {
            return;
        }

        c->writing = 1;
        ev.events = EPOLLIN | EPOLLOUT;

    } else {

        if (!c->writing) {
            return;
        }

        free(c->kept);
        c->kept = NULL;
        c->writing = 0;
        ev.events = EPOLLIN;
    }

    ev.data.ptr = c;

    if (epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev) == -1) {
        die("epoll_ctl: %s", strerror(errno));
    }
}


/* Handles what happens until then, or the first lot of it */

void
net_wait(uint64_t until)
{
    int                  i, n;
    conn_t              *c;
    uint64_t             t, start;
    struct timespec      ts, *timeout;
    struct epoll_event   list[EVENTS];

    /*
     * If this program slept, the server would have to wake it with each
     * answer, on another processor: the slower the server, the more often.
     */

    start = now();

    do {
        n = epoll_wait(epfd, list, EVENTS, 0);
        t = now();

    } while (n == 0 && t < until && t - start < SPIN);

    timeout = NULL;

    if (until != NEVER) {
        t = until > t ? until - t : 0;
        ts.tv_sec = t / 1000000000;
        ts.tv_nsec = t % 1000000000;
        timeout = &ts;
    }

    if (n == 0) {
        n = epoll_pwait2(epfd, list, EVENTS, timeout, NULL);
    }

    if (n == -1 && errno != EINTR) {
        die("epoll_pwait2: %s", strerror(errno));
    }

    for (i = 0; i < n; i++) {
        c = list[i].data.ptr;

        if (list[i].events & EPOLLOUT) {
            conn_write(c);
        }

        if (list[i].events & ~EPOLLOUT && c->fd != -1) {
            conn_read(c);
        }
    }
}


static void
conn_read(conn_t *c)
{
    char     *buf;
    size_t    used, room;
    ssize_t   n;

    if (c->in_len) {
        buf = c->in;
        used = c->in_len;
        room = c->in_size - used;
        room = room > READ_SIZE ? READ_SIZE : room;

    } else {
        buf = shared;
        used = 0;
        room = READ_SIZE;
    }

    n = recv(c->fd, buf + used, room, MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n <= 0) {
        fail("nginx closed a connection%s", c->busy ? " that waits" : "");
        conn_close(c);
        c->busy = 0;
        return;
    }

    if (c->silent || !c->busy) {
        fail("an answer without a request: %.*s", n > 300 ? 300 : (int) n,
             buf + used);
        conn_close(c);
        return;
    }

    used += n;

    /* parse() takes all of it, or tells how much there will be */

    n = parse(c, buf, used);

    if (n == 0) {
        c->in_len = 0;
        return;
    }

    if (c->in_size < (size_t) n + 1) {
        c->in_size = n + 1;
        c->in = realloc(c->in, c->in_size);

        if (c->in == NULL) {
            die("no memory");
        }
    }

    if (buf == shared) {
        memcpy(c->in, buf, used);
    }

    c->in_len = used;
}


/*
 * Handles an answer if it is whole.  0, or the room that it needs: then what
 * was read has to be kept.
 */

static size_t
parse(conn_t *c, char *buf, size_t len)
{
    char  *end, *p;

    if (!c->head_done) {
        end = memmem(buf, len, "\r\n\r\n", 4);

        if (end == NULL) {
            return len + 4096;
        }

        c->status = atoi(buf + 9);
        c->body_at = end + 4 - buf;
        c->head_done = 1;

        p = memmem(buf, c->body_at, "\r\nContent-Length: ", 18);

        if (p) {
            c->need = c->body_at + strtoull(p + 18, NULL, 10);

        } else if (memmem(buf, c->body_at, "\r\nTransfer-Encoding: chunked",
                          28))
        {
            c->chunked = 1;
            c->chunk_state = CHUNK_SIZE;
            c->chunk_left = 0;
            c->event_len = 0;
            buf += c->body_at;
            len -= c->body_at;

        } else {
            fail("an answer of unknown length: %.*s", (int) c->body_at, buf);
            conn_close(c);
            return 0;
        }
    }

    if (c->chunked) {
        parse_chunks(c, buf, len);
        return 0;
    }

    if (len < c->need) {
        return c->need;
    }

    if (len > c->need) {
        fail("more than one answer");
    }

    c->busy = 0;
    c->in_len = 0;

    if (cf.fresh) {
        conn_close(c);
    }

    c->on_answer(c, buf + c->body_at, c->need - c->body_at);

    return 0;
}


/* Takes a stream apart; what of a chunk's size came is in the connection */

static void
parse_chunks(conn_t *c, char *buf, size_t len)
{
    char    *end, ch;
    size_t   n;

    end = buf + len;

    while (buf < end && c->busy) {

        switch (c->chunk_state) {

        case CHUNK_SIZE:
            ch = *buf++ | 0x20;

            if (ch >= '0' && ch <= '9') {
                c->chunk_left = c->chunk_left * 16 + ch - '0';

            } else if (ch >= 'a' && ch <= 'f') {
                c->chunk_left = c->chunk_left * 16 + ch - 'a' + 10;

            } else {
                c->chunk_state = CHUNK_LINE;
            }

            break;

        case CHUNK_LINE:
            if (*buf++ == '\n') {
                c->chunk_state = c->chunk_left ? CHUNK_DATA : CHUNK_LAST;
            }

            break;

        case CHUNK_DATA:
            n = end - buf;
            n = n < c->chunk_left ? n : c->chunk_left;
            event_add(c, buf, n);
            buf += n;
            c->chunk_left -= n;

            if (c->chunk_left == 0) {
                c->chunk_state = CHUNK_NEXT;
            }

            break;

        case CHUNK_LAST:
            /* the empty line after the last chunk */

            if (*buf++ == '\n') {
                c->busy = 0;

                if (cf.fresh) {
                    conn_close(c);
                }

                c->on_event(c, NULL, 0);
                return;
            }

            break;

        case CHUNK_NEXT:
            if (*buf++ == '\n') {
                c->chunk_state = CHUNK_SIZE;
            }
        }
    }
}


/* Events end with an empty line */

static void
event_add(conn_t *c, const char *text, size_t len)
{
    char    *end, *start;
    size_t   left;

    if (c->event_size < c->event_len + len) {
        c->event_size = (c->event_len + len) * 2;
        c->event = realloc(c->event, c->event_size);

        if (c->event == NULL) {
            die("no memory");
        }
    }

    memcpy(c->event + c->event_len, text, len);
    c->event_len += len;
    start = c->event;
    left = c->event_len;

    while ((end = memmem(start, left, "\n\n", 2)) != NULL) {
        c->on_event(c, start, end - start);
        left -= end + 2 - start;
        start = end + 2;
    }

    memmove(c->event, start, left);
    c->event_len = left;
}
