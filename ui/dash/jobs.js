// The jobs that run, that wait, and that failed.

import { el, fill } from '../dom.js';
import { ago, age, duration, short } from './format.js';
import { Table } from './table.js';

const LISTED = 200;                 // jobs of a list; of those that wait, the
                                    // ones that wait longest

const OUTCOMES = {
    error: ['Error', 'Its worker reported an error'],
    expired: ['Expired', 'It waited too long for a worker'],
    timeout: ['Timed out', 'Its worker reported nothing for too long'],
    worker_lost: ['Lost', 'Its worker was lost'],
};

const PRIORITIES = ['0 (low)', '1 (normal)', '2 (high)', '3 (urgent)'];

const id = (job) => job.job_id;

const JOB = { head: 'Job', rowHead: true, make: (row) => el('code',
    { title: row.item.job_id }, short(row.item.job_id)) };
const ENDPOINT = { head: 'Endpoint', text: (job) => job.endpoint };
const USER = { head: 'User', text: (job) => job.user ?? '–' };

export class Jobs {
    constructor(app, tabs, panel) {
        this.app = app;
        this.panel = panel;
        this.views = {
            running: { label: 'Running', state: 'processing',
                table: this.running() },
            queued: { label: 'Waiting', state: 'queued', order: 'age',
                table: this.waiting() },
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
        if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') {
            return;
        }
        const next = this.shown === 'running' ? 'queued' : 'running';
        this.show(next);
        this.views[next].tab.focus();
    }

    counts(status) {
        const sum = (name) => status.job_types.reduce((n, type) =>
            n + type[name], 0);
        this.views.running.count.textContent = sum('jobs_running');
        this.views.queued.count.textContent = sum('jobs_queued');
    }

    // What the tab that is open shows
    async load() {
        const { table, state, order } = this.views[this.shown];
        const { jobs, more } = await this.app.admin.get('jobs',
            { state, limit: LISTED, ...order && { order } });
        jobs.sort(state === 'processing'
            ? (a, b) => a.start_time_compute - b.start_time_compute
            : (a, b) => a.queue_position - b.queue_position
                || a.start_time - b.start_time);
        table.show(jobs, more);
    }

    running() {
        return new Table('Jobs that run', [
            JOB, ENDPOINT, USER,
            { head: 'Worker', text: (job) => job.worker ?? '–' },
            { head: 'Progress', wide: true,
                make: () => el('div', { class: 'progress' },
                    el('progress', { max: 100, value: 0 }), el('span')),
                update: (element, job) => this.progress(element, job) },
            { head: 'Running for', number: true, text: (job) =>
                age(this.app.now() - job.start_time_compute) },
            { head: 'Actions', acts: true, make: (row) => el('div',
                { class: 'actions' },
                this.button(row, 'Requeue', 'jobs/requeue', {
                    text: 'The job is taken from its worker and queued again, '
                        + 'in front. That counts as an attempt.',
                }),
                this.button(row, 'Cancel', 'jobs/cancel', {
                    danger: true, text: 'Its client is told so, and so is the '
                        + 'worker at its next report.',
                })) },
        ], { key: id, empty: 'No job is running.' });
    }

    waiting() {
        return new Table('Jobs that wait', [
            JOB,
            { head: 'Place', number: true, text: (job) => job.queue_position },
            ENDPOINT, USER,
            { head: 'Waiting for', number: true, text: (job) =>
                age(this.app.now() - job.start_time) },
            { head: 'Attempts', number: true,
                text: (job) => `${job.attempts} of ${job.max_attempts}` },
            { head: 'Priority', make: (row) => this.priority(row),
                update: (element, job) => {
                    const select = element.querySelector('select');
                    if (document.activeElement !== select) {
                        select.value = job.priority;
                    }
                } },
            { head: 'Actions', acts: true, make: (row) => el('div',
                { class: 'actions' },
                this.button(row, 'Cancel', 'jobs/cancel', {
                    danger: true, text: 'Its client is told so.',
                })) },
        ], { key: id, empty: 'No job is waiting.' });
    }

    progress(element, job) {
        const [bar, text] = element.children;
        bar.value = job.progress ?? 0;
        bar.setAttribute('aria-label', `Progress of ${short(job.job_id)}`);
        text.textContent = job.progress === null ? 'no report yet'
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

// The latest jobs that did not end well, with what is known of why
export function failures(app) {
    return new Table('Recent failures', [
        JOB,
        { head: 'When', text: (job) => ago(job.end_time, app.now()) },
        { head: 'Outcome', make: () => el('span', { class: 'chip' }),
            update: (element, job) => {
                element.dataset.state = 'failed';
                [element.textContent, element.title] = OUTCOMES[job.outcome]
                    ?? [job.outcome, ''];
            } },
        { ...ENDPOINT }, { ...USER },
        { head: 'Worker', text: (job) => job.worker ?? '–' },
        { head: 'Waited', number: true, text: (job) => duration(
            (job.start_time_compute ?? job.end_time) - job.start_time) },
        { head: 'Ran', number: true, text: (job) => job.start_time_compute
            ? duration(job.end_time - job.start_time_compute) : '–' },
        { head: 'Error', wide: true, make: () => el('span',
            { class: 'said' }), update: (element, job) => {
            element.textContent = job.error ?? OUTCOMES[job.outcome]?.[1] ?? '–';
        } },
    ], { key: id, empty: 'No job has failed.' });
}
