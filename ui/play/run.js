// One job from submission to its end, told by events of the server or, where
// it has none, by polling.

import { Refused, path, stream } from './api.js';
import { resolved } from './values.js';

const FIRST_PAUSE = 400, LONGEST_PAUSE = 3000;      // ms, between two polls
const PATIENCE = 300000;            // ms, with a server that does not answer

function pause(ms) {
    return new Promise((wake) => setTimeout(wake, ms));
}

// The server may be back later, or have time
function passing({ status }) {
    return status === 0 || status === 429 || status >= 500;
}

export class Run {
    // The state: submitting, queued, processing, then done, canceled, lapsed,
    // refused or failed.  trouble: what went wrong meanwhile, away: why nothing
    // is heard, if so.  onChange(run) is called with each change.
    constructor(client, details, inputs, onChange) {
        Object.assign(this, {
            client, details, inputs, onChange, endpoint: details.name,
            state: 'submitting', progress: 0, position: null, estimate: -1,
            workers: null, data: {}, result: null, errors: [], trouble: null,
            away: null, started: performance.now(), ended: null, jobId: null,
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
            await this.follow();
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

    // By events, which break off when the server is reloaded, and by polling
    // while none come
    async follow() {
        let wait = FIRST_PAUSE, streams = null, since = null;
        while (this.active) {
            try {
                const heard = streams !== false && await this.watch();
                streams ??= heard;
                if (heard) {
                    wait = FIRST_PAUSE;
                } else if (this.active) {
                    await this.poll();
                }
                since = null;
            } catch (error) {
                const now = performance.now();
                since ??= now;
                if (!this.active || !passing(error) || now - since > PATIENCE) {
                    throw error;
                }
                // a stream may have failed by the same
                streams ||= null;
                this.away = `${error.message}. Trying again`;
                this.changed();
                wait = Math.max(wait, Math.min(PATIENCE,
                    1000 * (Number(error.retryAfter) || 0)));
            }
            await pause(wait);
            wait = Math.min(1.3 * wait, LONGEST_PAUSE);
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
        let answer;
        try {
            answer = await this.client.call(this.endpoint,
                path(this.endpoint, '/progress'), { job_id: this.jobId },
                { signal: this.abort.signal });
        } catch (error) {
            // a job that ended badly is no failure of the polling
            if (!error.answer?.job_state) {
                throw error;
            }
            ({ answer } = error);
        }
        const { progress, ...rest } = answer;
        this.take({ ...progress, ...rest });
    }

    // Takes over what an event says; true when it was the last one
    take(event) {
        if (!this.active) {
            return true;
        }
        this.away = null;
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
        this.abort.abort();
        this.changed();
    }

    changed() {
        this.onChange(this);
    }
}
