// The jobs that run, that wait, and that failed.

import { el, fill } from '../dom.js';
import { ago, duration, short } from './format.js';
import { Table } from './table.js';

const LISTED = 50;
const LOOKED_AT = 500;              // of those that failed, for the newest

const REASONS = {
    queue_timeout: 'waited too long for a worker',
    inactivity: 'its worker reported nothing',
    worker_lost: 'its worker was lost',
    undelivered: 'could not be handed over',
    no_room: 'no room for its result',
};

const PRIORITIES = ['0 (low)', '1 (normal)', '2 (high)', '3 (urgent)'];

function idCell(row) {
    return el('code', { title: row.item.job_id }, short(row.item.job_id));
}

const JOB = { head: 'Job', make: idCell, rowHead: true };
const ENDPOINT = { head: 'Endpoint', text: (job) => job.endpoint };
const USER = { head: 'User', text: (job) => job.user ?? '–' };

export class Jobs {
    constructor(app, tabs, panel) {
        this.app = app;
        this.panel = panel;
        this.shown = 'running';
        this.views = {
            running: { label: 'Running', state: 'processing',
                table: this.running() },
            queued: { label: 'Waiting', state: 'queued',
                table: this.waiting() },
            failed: { label: 'Failed', table: this.failures() },
        };
        for (const [name, view] of Object.entries(this.views)) {
            view.count = el('span', { class: 'count' });
            view.tab = el('button', {
                type: 'button', role: 'tab', id: `tab-${name}`,
                'aria-controls': panel.id, onclick: () => this.show(name),
                onkeydown: (event) => this.move(event),
            }, view.label, ' ', view.count);
            tabs.append(view.tab);
        }
        this.show('running');
    }

    show(name) {
        this.shown = name;
        for (const [other, { tab }] of Object.entries(this.views)) {
            tab.setAttribute('aria-selected', String(other === name));
            tab.tabIndex = other === name ? 0 : -1;
        }
        this.panel.setAttribute('aria-labelledby', `tab-${name}`);
        fill(this.panel, this.views[name].table.element);
        this.app.refresh();
    }

    move(event) {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) {
            return;
        }
        const names = Object.keys(this.views);
        const next = names.at((names.indexOf(this.shown) + step)
            % names.length);
        this.show(next);
        this.views[next].tab.focus();
    }

    counts(status, failed) {
        const sum = (name) => status.job_types.reduce((n, type) =>
            n + type[name], 0);
        this.views.running.count.textContent = sum('jobs_running');
        this.views.queued.count.textContent = sum('jobs_queued');
        this.views.failed.count.textContent = failed;
    }

    // What the tab that is open shows
    async load() {
        const name = this.shown;
        const { table, state } = this.views[name];
        const { admin } = this.app;
        let jobs;
        if (state) {
            ({ jobs } = await admin.get('jobs', { state, limit: LISTED }));
            jobs.sort(name === 'running'
                ? (a, b) => a.start_time_compute - b.start_time_compute
                : (a, b) => a.queue_position - b.queue_position);
        } else {
            const lists = await Promise.all(['failed', 'lapsed'].map((is) =>
                admin.get('jobs', { state: is, limit: LOOKED_AT })));
            jobs = lists.flatMap((list) => list.jobs);
            jobs.sort((a, b) => b.start_time - a.start_time);
        }
        table.show(jobs.slice(0, LISTED));
    }

    running() {
        return new Table('Jobs that run', [
            JOB, ENDPOINT, USER,
            { head: 'Worker', text: (job) => job.worker ?? '–' },
            { head: 'Progress', make: () => el('div', { class: 'progress' },
                el('progress', { max: 100, value: 0 }), el('span')),
            update: (element, job) => this.progress(element, job) },
            { head: 'Since', number: true, text: (job) => duration(
                Math.max(0, this.app.now() - job.start_time_compute)) },
            { head: 'Actions', make: (row) => el('div', { class: 'actions' },
                this.button(row, 'Requeue', 'jobs/requeue', {
                    text: 'The job is taken from its worker and queued again, '
                        + 'in front. That counts as an attempt.',
                }),
                this.button(row, 'Cancel', 'jobs/cancel', {
                    danger: true, text: 'Its client is told so, and so is the '
                        + 'worker at its next report.',
                })) },
        ], (job) => job.job_id, 'No job runs.');
    }

    waiting() {
        return new Table('Jobs that wait', [
            { head: 'Place', number: true, text: (job) => job.queue_position },
            JOB, ENDPOINT, USER,
            { head: 'Waits', number: true, text: (job) => duration(
                Math.max(0, this.app.now() - job.start_time)) },
            { head: 'Attempts', number: true,
                text: (job) => `${job.attempts} of ${job.max_attempts}` },
            { head: 'Priority', make: (row) => this.priority(row),
                update: (element, job) => {
                    const select = element.querySelector('select');
                    if (document.activeElement !== select) {
                        select.value = job.priority;
                    }
                } },
            { head: 'Actions', make: (row) => el('div', { class: 'actions' },
                this.button(row, 'Cancel', 'jobs/cancel', {
                    danger: true, text: 'Its client is told so.',
                })) },
        ], (job) => job.job_id, 'No job waits.');
    }

    failures() {
        return new Table('Jobs that failed', [
            JOB, ENDPOINT, USER,
            { head: 'Why', text: (job) => job.failed
                ? 'its worker reported an error'
                : REASONS[job.reason] ?? job.reason ?? job.job_state },
            { head: 'Attempts', number: true,
                text: (job) => `${job.attempts} of ${job.max_attempts}` },
            { head: 'Submitted', number: true,
                text: (job) => ago(job.start_time, this.app.now()) },
        ], (job) => job.job_id,
        'No job failed that the server still knows of.');
    }

    progress(element, job) {
        const [bar, text] = element.children;
        bar.value = job.progress ?? 0;
        bar.setAttribute('aria-label', `Progress of ${short(job.job_id)}`);
        text.textContent = job.progress === null ? 'nothing yet'
            : `${Math.round(job.progress)} %`;
    }

    button(row, label, route, { text, danger }) {
        return this.app.button(label, {
            danger, about: `${label} job ${short(row.item.job_id)}`,
            ask: () => ({ title: `${label} this job?`, text, yes: label }),
            act: () => this.app.admin.post(route,
                { job_id: row.item.job_id }),
        });
    }

    priority(row) {
        const select = el('select', {
            'aria-label': `Priority of ${short(row.item.job_id)}`,
            onchange: () => this.app.act('Priority changed', () =>
                this.app.admin.post('jobs/priority', {
                    job_id: row.item.job_id, priority: Number(select.value),
                })),
        }, PRIORITIES.map((label, value) => el('option', { value }, label)));
        return el('div', { class: 'select small' }, select);
    }
}
