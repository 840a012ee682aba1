// Tables that are brought up to date in place: rows keep their elements, so
// that focus, selection and open menus survive the next state.

import { el } from '../dom.js';

// Columns have a head and either text(item), or make(row), an element that is
// made once and brought up to date by update(element, item); key(item) tells
// rows apart
export class Table {
    constructor(caption, columns, key, empty) {
        this.columns = columns;
        this.key = key;
        this.rows = new Map();
        this.body = el('tbody');
        this.table = el('table', {},
            el('caption', { class: 'offscreen' }, caption),
            el('thead', {}, el('tr', {}, columns.map((column) =>
                el('th', { scope: 'col', class: column.number ? 'number' : null },
                    column.head)))),
            this.body);
        this.empty = el('p', { class: 'empty' }, empty);
        this.element = el('div', { class: 'table' }, this.table, this.empty);
    }

    show(list) {
        const seen = new Set();
        let place = this.body.firstElementChild;
        for (const item of list) {
            const key = this.key(item);
            if (seen.has(key)) {
                continue;
            }
            seen.add(key);
            let row = this.rows.get(key);
            if (!row) {
                row = this.create(item);
                this.rows.set(key, row);
            }
            row.item = item;
            this.update(row);
            if (row.element === place) {
                place = place.nextElementSibling;
            } else {
                this.body.insertBefore(row.element, place);
            }
        }
        for (const [key, row] of this.rows) {
            if (!seen.has(key)) {
                row.element.remove();
                this.rows.delete(key);
            }
        }
        this.table.hidden = !list.length;
        this.empty.hidden = list.length > 0;
    }

    // Cells of elements are made once, and get the row, whose item changes
    create(item) {
        const row = { item, shown: [] };
        row.cells = this.columns.map((column, i) => el(
            column.rowHead ? 'th' : 'td',
            { scope: column.rowHead ? 'row' : null, 'data-head': column.head,
                class: column.number ? 'number' : null },
            column.make ? row[`made${i}`] = column.make(row) : ''));
        row.element = el('tr', {}, row.cells);
        return row;
    }

    update(row) {
        this.columns.forEach((column, i) => {
            if (column.make) {
                column.update?.(row[`made${i}`], row.item);
                return;
            }
            const text = column.text(row.item);
            if (row.shown[i] !== text) {
                row.shown[i] = text;
                row.cells[i].textContent = text;
            }
        });
    }
}
