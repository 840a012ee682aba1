// One job from submission to its end, told by events of the server or, where
// it has none, by polling.

import { Refused, path, stream } from './api.js';
import { resolved } from './values.js';

const FIRST_PAUSE = 400, LONGEST_PAUSE = 3000;      // ms, between two polls
const FAILURES = 5;                                 // in a row

function pause(ms) {
    return new Promise((wake) => setTimeout(wake, ms));
}

export class Run {
    // The state: submitting, queued, processing, then done, canceled, lapsed,
    // refused or failed.  trouble: what went wrong meanwhile, if anything did.
    // onChange(run) is called with each change.
    constructor(client, details, inputs, onChange) {
        Object.assign(this, {
            client, details, inputs, onChange, endpoint: details.name,
            state: 'submitting', progress: 0, position: null, estimate: -1,
            workers: null, data: {}, result: null, errors: [], trouble: null,
            started: performance.now(), ended: null, jobId: null,
        });
        this.abort = new AbortController();
    }

    get active() {
        return this.ended === null;
    }

    get elapsed() {
        return ((this.ended ?? performance.now()) - this.started) / 1000;
    }

    async start() {
        try {
            await this.submit();
            while (this.active && await this.watch()) {
                // it broke off, as it does when the server is reloaded
                await pause(FIRST_PAUSE);
            }
            if (this.active) {
                await this.poll();
            }
        } catch (error) {
            if (this.active) {
                this.fail(error);
            }
        }
    }

    async submit() {
        const inputs = await resolved(this.inputs);
        const methods = this.details.http_methods ?? ['POST'];
        await this.client.login(this.endpoint);
        if (!this.active) {
            return;
        }
        // to its end, or nobody would know the job that it may have made
        const answer = await this.client.call(this.endpoint,
            path(this.endpoint), { ...inputs, wait_for_result: false },
            { method: methods.includes('POST') ? 'POST' : 'GET' });
        this.jobId = answer.job_id;
        if (this.active) {
            this.state = 'queued';
            this.changed();
        } else {
            await this.askToCancel();
        }
    }

    // Follows the stream until it ends; true when it told something
    async watch() {
        const session = await this.client.login(this.endpoint);
        let heard = false;
        await stream(this.jobId, session, (event) => {
            heard = true;
            return this.take(event);
        }, this.abort.signal);
        return heard;
    }

    async poll() {
        let wait = FIRST_PAUSE, failures = 0;
        while (this.active) {
            try {
                const answer = await this.client.call(this.endpoint,
                    path(this.endpoint, '/progress'), { job_id: this.jobId },
                    { signal: this.abort.signal });
                failures = 0;
                const { job_state, job_result, progress } = answer;
                if (this.take({ ...progress, job_state, job_result })) {
                    return;
                }
            } catch (error) {
                // a job that ended badly is no failure of the polling
                if (error.answer?.job_state) {
                    const { progress, ...rest } = error.answer;
                    this.take({ ...progress, ...rest });
                    return;
                }
                if (error.status !== 0 && error.status < 500
                    || ++failures === FAILURES)
                {
                    throw error;
                }
            }
            await pause(wait);
            wait = Math.min(1.3 * wait, LONGEST_PAUSE);
        }
    }

    // Takes over what an event says; true when it was the last one
    take(event) {
        if (!this.active) {
            return true;
        }
        this.state = event.job_state ?? this.state;
        const progress = Number(event.progress ?? this.progress);
        this.progress = Number.isFinite(progress) ? progress : this.progress;
        this.position = event.queue_position ?? this.position;
        this.estimate = Number(event.estimate ?? this.estimate);
        this.workers = event.num_workers_online ?? this.workers;
        // a report without data takes nothing back
        Object.assign(this.data, event.progress_data);
        if (!['done', 'canceled', 'lapsed'].includes(this.state)) {
            this.changed();
            return false;
        }
        this.finish(event);
        return true;
    }

    finish(event) {
        this.result = event.job_result ?? null;
        if (this.state === 'done') {
            this.progress = 100;
            if (this.result?.error) {
                this.state = 'failed';
                this.errors = [this.result.error].flat().map(String);
            }
        } else if (this.state === 'lapsed') {
            this.errors = [event.error ?? 'The job lapsed'].flat().map(String);
        }
        this.end();
    }

    fail(error) {
        if (error instanceof Refused) {
            this.state = this.jobId ? 'failed' : 'refused';
            this.status = error.status;
            this.unauthorized = error.unauthorized;
            this.retryAfter = error.retryAfter;
            this.errors = error.texts;
        } else {
            this.state = 'failed';
            this.errors = [String(error.message ?? error)];
        }
        this.end();
    }

    // The server has the last word: the job may have ended just before
    async cancel() {
        if (!this.active) {
            return;
        }
        try {
            const { job_state: state } = this.jobId
                ? await this.askToCancel() : { job_state: 'canceled' };
            if (this.active && state === 'canceled') {
                this.state = state;
                this.end();
            }
        } catch (error) {
            if (this.active) {
                this.trouble = `It could not be canceled. ${error.message}`;
                this.changed();
            }
        }
    }

    askToCancel() {
        return this.client.call(this.endpoint, path(this.endpoint, '/cancel'),
            { job_id: this.jobId });
    }

    end() {
        this.ended = performance.now();
        this.trouble = null;
        this.abort.abort();
        this.changed();
    }

    changed() {
        this.onChange(this);
    }
}
