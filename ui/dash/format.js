// Numbers, times and names, as people read them.

export function count(n) {
    return n.toLocaleString('en-US');
}

export function rate(n) {
    return `${Number(n.toFixed(n >= 100 ? 0 : n >= 1 ? 1 : 2))}/s`;
}

// Null: there is none
export function duration(s) {
    if (s === null || s === undefined) {
        return '–';
    }
    if (s < .9995) {
        return `${Math.round(Math.max(0, s) * 1000)} ms`;
    }
    return s < 9.95 ? `${s.toFixed(1)} s` : age(s);
}

// In whole seconds, for what grows before one's eyes
export function age(s) {
    const seconds = Math.max(0, Math.round(s));
    const minutes = Math.floor(seconds / 60);
    return seconds < 60 ? `${seconds} s`
        : minutes < 60 ? `${minutes} min ${seconds % 60} s`
            : minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} `
                + 'min' : `${Math.floor(minutes / 1440)} days`;
}

export function ago(then, now) {
    return then ? `${age(now - then)} ago` : '–';
}

export function short(id) {
    return id.slice(0, 8);
}
