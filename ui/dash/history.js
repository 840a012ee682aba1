// What changes from one state to the next: rates and means of the last five
// minutes, for as long as the page is open.

const SPAN = 300;                   // seconds that are kept
const LEAST = 60;                   // that charts show at least
const RATES = 5;                    // over so many seconds a rate is taken,
const MEANS = 15;                   // and a mean

const FAILURES = ['error', 'expired', 'timeout', 'worker_lost'];

export function total(numbers) {
    return numbers.reduce((sum, n) => sum + n, 0);
}

export function failed({ jobs_finished: of }) {
    return total(FAILURES.map((name) => of[name]));
}

function totals(status) {
    const times = (of, name) => ({
        count: total(of.map((one) => one[name].count)),
        sum: total(of.map((one) => one[name].sum)),
    });
    return {
        time: status.time,
        success: total(status.endpoints.map((e) => e.jobs_finished.success)),
        failed: total(status.endpoints.map(failed)),
        queue: times(status.job_types, 'queue_durations'),
        compute: times(status.job_types, 'compute_durations'),
    };
}

export class History {
    constructor() {
        this.points = [];
        this.states = [];
    }

    add(status) {
        const now = totals(status);
        const last = this.states.at(-1);
        if (last && now.time <= last.time) {
            return;
        }
        // nothing to compare with after the counters were set back
        if (last && (now.success < last.success || now.failed < last.failed
            || now.compute.count < last.compute.count))
        {
            this.states = [];
        }
        this.states.push(now);
        while (this.states[0].time < now.time - MEANS - 1) {
            this.states.shift();
        }
        this.points.push({
            time: now.time,
            success: this.rateOf('success', now),
            failed: this.rateOf('failed', now),
            queue: this.meanOf('queue', now),
            compute: this.meanOf('compute', now),
            queued: total(status.job_types.map((type) => type.jobs_queued)),
            running: total(status.job_types.map((type) => type.jobs_running)),
        });
        while (this.points[0].time < now.time - SPAN) {
            this.points.shift();
        }
    }

    // The first state of the last seconds
    since(now, seconds) {
        return this.states.find(({ time }) => time >= now.time - seconds - .5);
    }

    rateOf(name, now) {
        const then = this.since(now, RATES);
        return then === now ? 0
            : (now[name] - then[name]) / (now.time - then.time);
    }

    // Null where nothing came
    meanOf(name, now) {
        const then = this.since(now, MEANS)[name];
        const count = now[name].count - then.count;
        return count > 0 ? (now[name].sum - then.sum) / count : null;
    }

    latest(name) {
        return this.points.at(-1)?.[name] ?? 0;
    }

    // How many seconds there are to show
    get span() {
        const seconds = this.points.length
            ? this.points.at(-1).time - this.points[0].time : 0;
        return Math.min(SPAN, Math.max(LEAST, Math.ceil(seconds / 60) * 60));
    }
}
