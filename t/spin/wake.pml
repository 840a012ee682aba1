/*
 * Park, wake and the death of processes (src/ngx_aime_wake.c, the polls of
 * src/ngx_aime_job_take.c, the sweep), for `make spin`: is every job that waits
 * taken in the end?
 *
 * Process 0 has one parked poll, process 1 has two, and a third one submits
 * jobs.  What is done under the zone's lock is one step, what is done without
 * it many: the write of an eventfd, the read, flag and inbox.  An eventfd is
 * watched edge-triggered, as nginx does it: a write is told of, if there is
 * something to read then.  The worker of poll 0 may hang up.
 *
 *   -DTIMER   the timer that looks at least every 500 ms
 *   -DDEATHS  the submitter and process 0 may be killed anywhere, also with
 *             the lock, whose next owner repairs the zone
 *   -DBUG=n   a mistake, so that the model is known to be able to fail:
 *             1  flag and inbox come first, then the eventfd is read
 *             2  the inbox comes first, then the flag is cleared
 *             3  a poll that goes takes the wake-up along
 */

#ifndef JOBS
#define JOBS  2
#endif

#ifndef BUG
#define BUG  0
#endif

#define NONE    0
#define PARKED  1
#define WOKEN   2

#define ROW(p)  ((p) > 0)
#define NWOKEN  ((polls[0] == WOKEN) + (polls[1] == WOKEN) + (polls[2] == WOKEN))

byte  njobs;                /* that wait */
byte  polls[3];
bit   inbox[3];             /* of its row, has the poll */
bit   told[3];              /* the process knows that it was woken */
bit   held[3];              /* a job is handed over, not delivered yet */
bit   signalled[2];         /* flag of the row */
bit   fd[2];                /* the eventfd's count is not 0 */
bit   edge[2];              /* and epoll has not told of it yet */
bit   posted[2];            /* an event of the process's own loop */
bit   pend[6];              /* signals to send: 2 * who + to whom */
bit   gone;                 /* the worker of poll 0 is */
bit   dead;                 /* process 0 is */
bit   buried;               /* and its row was released */
bit   torn;                 /* who had the lock was killed */


/* by whoever takes the lock after a killed process: all are to look */

inline repair()
{
    if
    :: torn ->
        torn = 0;
        if
        :: polls[0] != NONE -> polls[0] = WOKEN; inbox[0] = 1
        :: else
        fi;
        if
        :: polls[1] != NONE -> polls[1] = WOKEN; inbox[1] = 1
        :: else
        fi;
        if
        :: polls[2] != NONE -> polls[2] = WOKEN; inbox[2] = 1
        :: else
        fi;
        signalled[0] = 0;
        signalled[1] = 0
    :: else
    fi
}


inline wake(by, p)
{
    polls[p] = WOKEN;
    inbox[p] = 1;
    if
    :: !signalled[ROW(p)] -> signalled[ROW(p)] = 1; pend[2 * by + ROW(p)] = 1
    :: else
    fi
}


/* ngx_aime_job_rouse_locked(): a job that no poll was woken for, and a poll */

inline rouse(rouser)
{
    if
    :: njobs > NWOKEN && polls[0] == PARKED -> wake(rouser, 0)
    :: njobs > NWOKEN && polls[1] == PARKED -> wake(rouser, 1)
    :: njobs > NWOKEN && polls[2] == PARKED -> wake(rouser, 2)
    :: else
    fi
}


/* ngx_aime_wake_send(), without the lock: one write after the other */

inline send(from)
{
    if
    :: pend[2 * from] ->
        atomic {
            pend[2 * from] = 0;
            if
            :: from == 0 -> posted[0] = 1
            :: else -> fd[0] = 1; edge[0] = 1
            fi
        }
    :: else
    fi;
    if
    :: pend[2 * from + 1] ->
        atomic {
            pend[2 * from + 1] = 0;
            if
            :: from == 1 -> posted[1] = 1
            :: else -> fd[1] = 1; edge[1] = 1
            fi
        }
    :: else
    fi
}


/* ngx_aime_wake_drain(): flag and inbox are one use of the lock */

inline empty_inbox(row)
{
    if
    :: row == 0 -> told[0] = inbox[0]; inbox[0] = 0
    :: else ->
        told[1] = told[1] | inbox[1];
        told[2] = told[2] | inbox[2];
        inbox[1] = 0;
        inbox[2] = 0
    fi
}

inline drain(drainer)
{
    atomic {
        repair();
#if BUG != 2
        signalled[drainer] = 0;
#endif
        empty_inbox(drainer)
    }
#if BUG == 2
    ;
    signalled[drainer] = 0
#endif
}


/* ngx_aime_job_take() of a poll that was told, until there is no job for it */

inline take(taker)
{
    if
    :: told[taker] ->
        atomic {
            told[taker] = 0;
            repair();
            if
            :: polls[taker] == NONE
            :: polls[taker] != NONE && njobs > 0 ->
                njobs--;
                held[taker] = 1;
                polls[taker] = NONE;
                inbox[taker] = 0;
                rouse(ROW(taker))
            :: else ->
                if
                :: polls[taker] == WOKEN -> polls[taker] = PARKED
                :: else
                fi;
                inbox[taker] = 0
            fi
        };
        send(ROW(taker));

        /* delivered; the next poll */

        do
        :: held[taker] ->
            atomic {
                repair();
                held[taker] = 0;
                if
                :: njobs > NWOKEN -> njobs--; held[taker] = 1
                :: else -> polls[taker] = PARKED
                fi
            }
        :: else -> break
        od
    :: else
    fi
}


inline look(looker)
{
    drain(looker);
    if
    :: looker == 0 -> take(0)
    :: else -> take(1); take(2)
    fi
}


/* a poll whose worker hangs up, for good */

inline hang_up()
{
    atomic {
        repair();
        polls[0] = NONE;
        inbox[0] = 0;
        gone = 1;
#if BUG != 3
        rouse(0)
#endif
    };
    send(0)
}


/* what a sweep does for the dead process 0, and for polls that hang */

inline sweep(sweeper)
{
    atomic {
        repair();
        if
        :: dead && !buried ->
            buried = 1;
            signalled[0] = 0;
            inbox[0] = 0;
            if
            :: polls[0] != NONE -> polls[0] = NONE; rouse(sweeper)
            :: else
            fi;
            if
            :: held[0] -> held[0] = 0; njobs++; rouse(sweeper)
            :: else
            fi
        :: else
        fi
    };
    send(sweeper);
    atomic {
        repair();
        if
        :: njobs > 0 && polls[0] == PARKED -> wake(sweeper, 0)
        :: njobs > 0 && polls[1] == PARKED -> wake(sweeper, 1)
        :: njobs > 0 && polls[2] == PARKED -> wake(sweeper, 2)
        :: else
        fi
    };
    send(sweeper)
}


proctype Process(byte i)
{
    {
    do
    :: atomic { edge[i] && fd[i] -> edge[i] = 0 };

        /* ngx_aime_wake_read_handler() */

#if BUG == 1
        drain(i);
        fd[i] = 0;
        if
        :: i == 0 -> take(0)
        :: else -> take(1); take(2)
        fi
#else
        fd[i] = 0;
        look(i)
#endif

    :: atomic { edge[i] && !fd[i] -> edge[i] = 0 }

    :: atomic { posted[i] -> posted[i] = 0 };
        look(i)

    :: i == 0 && polls[0] != NONE -> hang_up()

#ifdef TIMER
    :: true -> look(i); sweep(i)
#endif
    od
    }

#ifdef DEATHS
    unless { i == 0 && dead }
#endif
}


proctype Submitter()
{
    byte  n;

    do
    :: n < JOBS ->
        n++;
        atomic { repair(); njobs++; rouse(2) };
        send(2)

#ifdef DEATHS
    /* killed with the lock, the job linked or not */

    :: n < JOBS ->
        atomic {
            repair();
            torn = 1;
            if
            :: njobs++
            :: true
            fi
        };
        break

    /* killed behind the lock, in front of the write */

    :: n < JOBS ->
        atomic { repair(); njobs++; rouse(2); pend[4] = 0; pend[5] = 0 };
        break
#endif

    :: n == JOBS -> break
    od
}


#ifdef DEATHS
proctype Killer()
{
    if
    :: atomic { true -> dead = 1; pend[0] = 0; pend[1] = 0 }
    :: atomic { true -> dead = 1; pend[0] = 0; pend[1] = 0; torn = 1 }
    :: true
    fi
}
#endif


init
{
    atomic {
        polls[0] = PARKED;
        polls[1] = PARKED;
        polls[2] = PARKED;
        run Process(0);
        run Process(1);
        run Submitter();
#ifdef DEATHS
        run Killer()
#endif
    }
}


/* no job waits for ever, or is held by a process that is not there */

#define idle  (njobs == 0 && !(held[0] && dead))

ltl taken { [] <> idle }
