// What changes from one state to the next: rates and means of the last five
// minutes, for as long as the page is open.

const SPAN = 300;                   // seconds

const FAILURES = ['error', 'expired', 'timeout', 'worker_lost'];

function add(numbers) {
    return numbers.reduce((sum, n) => sum + n, 0);
}

function totals(status) {
    const times = (of, name) => ({
        count: add(of.map((one) => one[name].count)),
        sum: add(of.map((one) => one[name].sum)),
    });
    return {
        time: status.time,
        success: add(status.endpoints.map((e) => e.jobs_finished.success)),
        failed: add(status.endpoints.map((e) =>
            add(FAILURES.map((name) => e.jobs_finished[name])))),
        queue: times(status.job_types, 'queue_durations'),
        compute: times(status.job_types, 'compute_durations'),
    };
}

export class History {
    constructor() {
        this.points = [];
    }

    add(status) {
        const now = totals(status);
        const { last } = this;
        this.last = now;
        // a first state has nothing to be compared with, nor has one after the
        // counters were set back
        if (!last || now.success < last.success || now.failed < last.failed
            || now.time <= last.time)
        {
            return;
        }
        const seconds = now.time - last.time;
        const mean = (name) => {
            const count = now[name].count - last[name].count;
            return count > 0 ? (now[name].sum - last[name].sum) / count : null;
        };
        this.points.push({
            time: now.time,
            success: (now.success - last.success) / seconds,
            failed: (now.failed - last.failed) / seconds,
            queue: mean('queue'),
            compute: mean('compute'),
            queued: add(status.job_types.map((type) => type.jobs_queued)),
            running: add(status.job_types.map((type) => type.jobs_running)),
        });
        while (this.points[0].time < now.time - SPAN) {
            this.points.shift();
        }
    }

    // The mean of a rate over the last seconds
    rate(name, seconds = 10) {
        const end = this.points.at(-1)?.time ?? 0;
        const last = this.points.filter(({ time }) => time > end - seconds);
        return last.length ? add(last.map((p) => p[name])) / last.length : 0;
    }

    get span() {
        return SPAN;
    }
}
