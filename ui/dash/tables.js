// Queues, workers, endpoints and sessions.

import { el } from '../dom.js';
import { ago, age, count, duration } from './format.js';
import { failed } from './history.js';
import { Table } from './table.js';

const STATES = {
    waiting: 'Waiting', processing: 'Busy', offline: 'Offline',
    disabled: 'Disabled', draining: 'Draining',
};

function chip() {
    return el('span', { class: 'chip' });
}

function state(worker) {
    return worker.draining && worker.state === 'processing' ? 'draining'
        : worker.state;
}

function gpu(worker) {
    return worker.gpu_name ? worker.num_gpus > 1
        ? `${worker.num_gpus} × ${worker.gpu_name}` : worker.gpu_name : '–';
}

function model({ model: said }) {
    return said ? [said.label, said.size, said.quantization]
        .filter(Boolean).join(' ') || '–' : '–';
}

export function queues() {
    return new Table('Queues', [
        { head: 'Job type', rowHead: true, text: (type) => type.name },
        { head: 'Waiting', wide: true, make: () => el('div',
            { class: 'fill' },
            el('meter', { min: 0 }), el('span')),
        update: (element, type) => {
            const [meter, text] = element.children;
            meter.max = Math.max(1, type.max_queue_length);
            meter.low = meter.max * .5;
            meter.high = meter.max * .8;
            meter.optimum = 0;
            meter.value = type.jobs_queued;
            meter.setAttribute('aria-label', `Queue of ${type.name}`);
            text.textContent = `${count(type.jobs_queued)} of `
                + count(type.max_queue_length);
        } },
        { head: 'Oldest', number: true, text: (type) => type.jobs_queued
            ? age(type.oldest_job_age) : '–' },
        { head: 'Running', number: true, text: (type) =>
            count(type.jobs_running) },
        { head: 'Workers online', number: true, text: (type) => {
            const { waiting, processing } = type.worker_states;
            return `${waiting + processing} of ${type.workers.length}`;
        } },
        { head: 'In queue, mean', number: true, text: (type) =>
            duration(type.mean_queue_duration) },
        { head: 'Computing, mean', number: true, text: (type) =>
            duration(type.mean_compute_duration) },
        { head: 'Retries', number: true, text: ({ retries }) => count(
            retries.worker_lost + retries.undelivered + retries.admin) },
    ], { key: (type) => type.name, empty: 'No endpoint is configured.',
        search: 'Find a queue' });
}

export function workers(app) {
    const change = (row, label, route, options) => app.button(label, {
        ...options, about: `${label} worker ${row.item.name}`,
        act: () => app.admin.post(`workers/${route}`,
            { job_type: row.item.job_type, name: row.item.name }),
    });
    return new Table('Workers', [
        { head: 'Worker', rowHead: true, text: (worker) => worker.name },
        { head: 'State', make: chip, text: (worker) => STATES[state(worker)],
            update: (element, worker) => {
                element.dataset.state = state(worker);
                element.textContent = STATES[state(worker)] ?? worker.state;
            } },
        { head: 'Job type', text: (worker) => worker.job_type },
        { head: 'Model and GPU', text: (worker) => `${model(worker)} `
            + gpu(worker), make: () => el('div', { class: 'two' },
            el('span'), el('span', { class: 'hint' })),
        update: (element, worker) => {
            element.children[0].textContent = model(worker);
            element.children[1].textContent = gpu(worker);
        } },
        { head: 'Running', number: true, text: (worker) =>
            count(worker.jobs_running) },
        { head: 'Done', number: true, text: (worker) =>
            count(worker.jobs_finished) },
        { head: 'Failed', number: true, text: (worker) =>
            count(worker.jobs_failed + worker.jobs_lapsed) },
        { head: 'Mean', number: true, text: (worker) =>
            worker.jobs_finished ? duration(worker.mean_compute_duration)
                : '–' },
        { head: 'Last seen', number: true, text: (worker) =>
            ago(worker.last_seen_time, app.now()) },
        { head: 'Last error', wide: true, make: () => el('span', { class: 'said last-error' }),
            update: (element, worker) => {
                element.textContent = worker.last_error ?? '–';
                element.title = worker.last_error ?? '';
            } },
        { head: 'Actions', acts: true, make: (row) => el('div', { class: 'actions' },
            change(row, 'Enable', 'enable'), change(row, 'Drain', 'drain'),
            change(row, 'Disable', 'disable')),
        update: (element, worker) => {
            const off = worker.state === 'disabled' || worker.draining;
            const [enable, drain, disable] = element.children;
            enable.hidden = !off;
            drain.hidden = disable.hidden = off;
        } },
    ], { key: (worker) => `${worker.job_type} ${worker.name}`,
        empty: 'No worker has logged in yet.', search: 'Find a worker' });
}

export function endpoints(app) {
    return new Table('Endpoints', [
        { head: 'Endpoint', rowHead: true, text: (endpoint) => endpoint.name },
        { head: 'State', make: chip, update: (element, endpoint) => {
            element.dataset.state = !endpoint.configured ? 'offline'
                : endpoint.enabled ? 'waiting' : 'disabled';
            element.textContent = !endpoint.configured ? 'Removed'
                : endpoint.enabled ? 'Open' : 'Closed';
        } },
        { head: 'Job type', text: (endpoint) => endpoint.job_type ?? '–' },
        { head: 'Submitted', number: true, text: (endpoint) =>
            count(endpoint.jobs_submitted) },
        { head: 'Done', number: true, text: (endpoint) =>
            count(endpoint.jobs_finished.success) },
        { head: 'Failed', number: true, text: (endpoint) =>
            count(failed(endpoint)) },
        { head: 'Canceled', number: true, text: (endpoint) =>
            count(endpoint.jobs_finished.cancelled) },
        { head: 'Refused', number: true, text: (endpoint) => count(
            Object.values(endpoint.jobs_rejected).reduce((a, b) => a + b)) },
        { head: 'Tokens in, out', number: true, text: ({ tokens }) =>
            `${count(tokens.input)}, ${count(tokens.output)}` },
        { head: 'Duration, mean', number: true, text: (endpoint) =>
            duration(endpoint.mean_duration) },
        { head: 'Actions', acts: true, make: (row) => el('div', { class: 'actions' },
            app.button('Open', { about: `Open endpoint ${row.item.name}`,
                act: () => app.admin.post('endpoints/enable',
                    { name: row.item.name }) }),
            app.button('Close', { about: `Close endpoint ${row.item.name}`,
                ask: () => ({ title: `Close ${row.item.name}?`, yes: 'Close',
                    text: 'New jobs are refused with 503 until it is opened '
                        + 'again; those that wait are done.' }),
                act: () => app.admin.post('endpoints/disable',
                    { name: row.item.name }) })),
        update: (element, endpoint) => {
            const [open, close] = element.children;
            open.hidden = !endpoint.configured || endpoint.enabled
                || !endpoint.disabled_by_admin;
            close.hidden = !endpoint.configured || !endpoint.enabled;
        } },
    ], { key: (endpoint) => endpoint.name,
        empty: 'No endpoint is configured.', search: 'Find an endpoint' });
}

export function sessions(app) {
    return new Table('Client sessions', [
        { head: 'Session', rowHead: true, make: (row) => el('code',
            { title: row.item.session }, row.item.session.slice(0, 8)) },
        { head: 'User', text: (session) => session.user ?? '–' },
        { head: 'Idle', number: true, text: (session) =>
            duration(Math.round(session.idle)) },
        { head: 'Actions', acts: true, make: (row) => el('div', { class: 'actions' },
            app.button('Log out', {
                about: `Log out session ${row.item.session.slice(0, 8)}`,
                ask: () => ({ title: 'Log this session out?', yes: 'Log out',
                    text: 'Its client has to log in again; its jobs go on.' }),
                act: () => app.admin.post('sessions/logout',
                    { session: row.item.session }),
            })) },
    ], { key: (session) => session.session, empty: 'Nobody is logged in.' });
}
