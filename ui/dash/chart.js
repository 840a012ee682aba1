// Line charts as SVG, as wide as their place, drawn anew with each state.  The
// numbers that a chart ends with stand above it as text, for all to read.

import { el, fill } from '../dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 168;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 8;
const RIGHT = 8;
const GAP = 5;                      // seconds without a point break a line

function svg(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
    }
    if (text !== undefined) {
        element.textContent = text;
    }
    return element;
}

// A round number above the largest one
function ceiling(most, least) {
    const wanted = Math.max(most * 1.05, least);
    const power = 10 ** Math.floor(Math.log10(wanted));
    return [1, 2, 4, 6, 8, 10].map((n) => n * power).find((n) => n >= wanted);
}

// Lines of {name, label, area}; format writes a value; a scale ends at least
// at least
export class Chart {
    constructor(title, lines, format, least) {
        this.lines = lines;
        this.format = format;
        this.least = least;
        this.width = 0;
        this.picture = svg('svg', { class: 'chart', height: HEIGHT,
            'aria-hidden': 'true' });
        this.values = lines.map(() => el('strong', {}, '–'));
        this.element = el('figure', { class: 'card figure' },
            el('figcaption', {}, el('h2', {}, title),
                el('ul', { class: 'legend' }, lines.map((line, i) =>
                    el('li', { class: `line-${line.name}` },
                        el('span', { class: 'swatch', 'aria-hidden': 'true' }),
                        `${line.label} `, this.values[i])))),
            el('div', { class: 'plot' }, this.picture));
        new ResizeObserver(([{ contentRect }]) => {
            this.width = Math.round(contentRect.width);
            this.redraw?.();
        }).observe(this.picture.parentElement);
    }

    draw(points, span) {
        this.lines.forEach(({ name }, i) => {
            const value = points.at(-1)?.[name];
            this.values[i].textContent = value === null || value === undefined
                ? '–' : this.format(value);
        });
        this.redraw = () => this.paint(points, span);
        this.redraw();
    }

    paint(points, span) {
        const { width } = this;
        if (width <= LEFT + RIGHT) {
            return;
        }
        const end = points.at(-1)?.time ?? 0;
        const seen = points.filter(({ time }) => time >= end - span);
        const most = ceiling(Math.max(0, ...seen.flatMap((point) =>
            this.lines.map(({ name }) => point[name] ?? 0))), this.least);
        const x = (time) => width - RIGHT
            - (end - time) / span * (width - LEFT - RIGHT);
        const y = (value) => TOP
            + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
        this.picture.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
        fill(this.picture, this.axes(most, span, (ago) => x(end - ago), y),
            this.lines.flatMap((line) => this.path(line, seen, x, y)));
    }

    axes(most, span, x, y) {
        const grid = [0, .5, 1].flatMap((part) => [
            svg('line', { class: part ? 'grid' : 'grid base', x1: LEFT,
                x2: this.width - RIGHT, y1: Math.round(y(part * most)) + .5,
                y2: Math.round(y(part * most)) + .5 }),
            svg('text', { class: 'tick', x: LEFT - 8, y: y(part * most) + 4,
                'text-anchor': 'end' },
            this.format(part * most).replace('.0 ', ' ')),
        ]);
        const label = (ago) => ago === 0 ? 'now'
            : ago % 60 ? `−${ago} s` : `−${ago / 60} min`;
        const times = [span, span / 2, 0].map((ago) => svg('text', {
            class: 'tick', x: x(ago), y: HEIGHT - 5,
            'text-anchor': ago === span ? 'start' : ago ? 'middle' : 'end',
        }, label(ago)));
        return [...grid, ...times];
    }

    // Broken where there is no value, or where the page was not told of any
    path({ name, area }, points, x, y) {
        const parts = [];
        let last = -Infinity;
        for (const point of points) {
            const value = point[name];
            if (value === null || value === undefined) {
                last = -Infinity;
                continue;
            }
            if (point.time - last > GAP) {
                parts.push([]);
            }
            last = point.time;
            parts.at(-1).push(`${x(point.time).toFixed(1)} `
                + y(value).toFixed(1));
        }
        return parts.flatMap((dots) => {
            const d = dots.length > 1 ? `M${dots.join('L')}`
                : `M${dots[0]}h.1`;
            const [first] = dots[0].split(' ');
            const [end] = dots.at(-1).split(' ');
            return [
                area && svg('path', { class: `area area-${name}`,
                    d: `${d}L${end} ${y(0)}L${first} ${y(0)}Z` }),
                svg('path', { class: `stroke stroke-${name}`, d }),
            ].filter(Boolean);
        });
    }
}
